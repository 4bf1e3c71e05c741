// The line board: the EDI pulse is fetched from the gate, which the core does not know.

const source = document.getElementById("pulse-source")?.dataset.pulse;
let timer = 0;

async function pulse() {
  clearTimeout(timer);
  timer = setTimeout(pulse, 10_000);
  if (!source || document.hidden) return;
  try {
    const answer = await fetch(source, { headers: { "HX-Request": "true" }, cache: "no-store" });
    if (answer.ok) document.getElementById("pulse-rows").innerHTML = await answer.text();
  } catch {
    // The region's age tells that the server is away.
  }
}

let waiting = 0;
document.addEventListener("plant", (event) => {
  if (event.detail.topic !== "edi" || waiting) return;
  waiting = setTimeout(() => {
    waiting = 0;
    pulse();
  }, 400);
});
pulse();
