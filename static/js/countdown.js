// Minutes and seconds until a truck must leave, on pages of the office. The dock has its own (dock.js).

function tick() {
  for (const clock of document.querySelectorAll("[data-leaves]")) {
    const seconds = Math.round((Date.parse(clock.dataset.leaves) - Date.now()) / 1000);
    const rest = Math.abs(seconds);
    const minutes = Math.floor(rest / 60);
    clock.querySelector("b").textContent = minutes < 100 ? `${minutes}:${String(rest % 60).padStart(2, "0")}` : String(minutes);
    clock.querySelector("span").textContent = seconds < 0 ? "min late" : "min";
    clock.dataset.look = seconds < 0 ? "late" : minutes < 15 ? "soon" : "";
  }
}

setInterval(tick, 1_000);
document.addEventListener("live:swapped", tick);
tick();
