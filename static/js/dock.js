// The dock's countdown: minutes and seconds until the truck must leave, by the server's clock.

import { serverTime } from "./station.js";
import { gettext } from "./words.js";

function tick() {
  const now = serverTime();
  for (const clock of document.querySelectorAll("[data-leaves]")) {
    const seconds = Math.round((Date.parse(clock.dataset.leaves) - now) / 1000);
    const late = seconds < 0;
    const rest = Math.abs(seconds);
    const minutes = Math.floor(rest / 60);
    clock.querySelector("b").textContent = minutes < 100 ? `${minutes}:${String(rest % 60).padStart(2, "0")}` : String(minutes);
    clock.querySelector("span").textContent = late ? gettext("min late") : gettext("min");
    clock.dataset.look = late ? "late" : minutes < 15 ? "soon" : "";
  }
}

setInterval(tick, 1_000);
document.addEventListener("floor:swapped", tick);
tick();
