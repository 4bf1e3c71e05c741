// Keeps the live regions of a page fresh.
//
// <div data-live="/lines/3/live/" data-topics="line:3,edi"> ... <section data-part="racks">
//
// One EventSource a tab carries only "something happened on this topic"; the region is fetched again, at most once
// in 400 ms, and only the parts that differ are replaced. Without a stream it polls every 5 s. A region older than
// 15 s turns grey and says its age. Other scripts hear `plant` events on the document.

import { goBack, placeOf, typeBack, typedIn } from "./place.js";

const GATHER_MS = 400;
const POLL_MS = 5_000;
const TICK_MS = 10_000; // minutes run down without any event
const STALE_MS = 15_000;
const PRESS_MS = 2_000;
const SILENT_MS = 25_000; // the server beats every 10 s

const light = document.getElementById("stream-light");
const regions = [...document.querySelectorAll("[data-live]")].map(liveRegion);

function liveRegion(element) {
  let busy = false;
  let again = false;
  let timer = 0;
  let fetchedAt = Date.now();
  let askedAt = 0;
  const seen = new Map();
  const topics = (element.dataset.topics || "").split(",").filter(Boolean);

  for (const part of element.querySelectorAll("[data-part]")) seen.set(part.dataset.part, part.outerHTML);

  const refresh = async () => {
    clearTimeout(timer);
    timer = 0;
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    askedAt = Date.now();
    try {
      const answer = await fetch(element.dataset.live, { headers: { "HX-Request": "true" }, cache: "no-store" });
      if (answer.status === 401) return location.reload();
      if (answer.ok) {
        swap(await answer.text());
        fetchedAt = Date.now();
      }
    } catch {
      // The server is away: the age below tells it.
    } finally {
      busy = false;
      show();
    }
    if (again) {
      again = false;
      soon();
    }
  };

  // A press that began on a part ends on it: what is replaced under the finger never hears the click. A press whose
  // end the browser swallows (a menu opened, a window lost) holds the news back for a moment and not for good.
  let pressedAt = -PRESS_MS;
  let held = false;
  element.addEventListener("pointerdown", () => (pressedAt = performance.now()));
  const released = () => {
    pressedAt = -PRESS_MS;
    if (held) soon();
    held = false;
  };
  for (const end of ["pointerup", "pointercancel"]) window.addEventListener(end, () => setTimeout(released));

  const swap = (html) => {
    const left = pressedAt + PRESS_MS - performance.now();
    if (left > 0) {
      if (!held) setTimeout(released, left);
      held = true;
      return;
    }
    const fresh = new DOMParser().parseFromString(html, "text/html");
    for (const part of fresh.querySelectorAll("[data-part]")) {
      const name = part.dataset.part;
      const text = part.outerHTML;
      const old = element.querySelector(`[data-part="${CSS.escape(name)}"]`);
      if (!old || seen.get(name) === text) continue;
      const focused = old.contains(document.activeElement);
      const place = focused && placeOf(document.activeElement, old);
      const typed = typedIn(old);
      seen.set(name, text);
      old.replaceWith(document.adoptNode(part));
      window.htmx?.process(part);
      typeBack(typed, part);
      if (focused) goBack(place, part);
    }
    element.dispatchEvent(new CustomEvent("live:swapped", { bubbles: true }));
  };

  const soon = () => {
    if (!timer) timer = setTimeout(refresh, Math.max(0, askedAt + GATHER_MS - Date.now()));
  };

  const age = () => Date.now() - fetchedAt;
  const show = () => {
    const stale = age() > STALE_MS;
    element.classList.toggle("stale", stale);
    if (stale) element.dataset.age = `data are ${Math.round(age() / 1000)} s old`;
    else delete element.dataset.age;
  };

  return { topics, refresh, soon, age, show };
}

// The stream.

let source = null;
let heardAt = 0;

function topicsOfPage() {
  const own = (document.body.dataset.topics || "").split(",").filter(Boolean);
  return [...new Set([...own, ...regions.flatMap((region) => region.topics)])];
}

function listen() {
  const topics = topicsOfPage();
  if (!topics.length) return;
  source?.close();
  source = new EventSource(`/events/?topics=${encodeURIComponent(topics.join(","))}`);
  const heard = () => {
    heardAt = Date.now();
    show();
  };
  source.addEventListener("hello", () => {
    heard();
    regions.forEach((region) => region.soon()); // whatever happened between the page and the stream
    document.dispatchEvent(new CustomEvent("plant:hello"));
  });
  source.addEventListener("beat", heard);
  source.addEventListener("plant", (event) => {
    heard();
    const news = JSON.parse(event.data);
    for (const region of regions) if (region.topics.includes(news.topic)) region.soon();
    document.dispatchEvent(new CustomEvent("plant", { detail: news }));
  });
  source.addEventListener("error", () => {
    heardAt = 0;
    show();
    // After an HTTP error the browser gives up; after a cut line it comes back by itself.
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, POLL_MS);
  });
}

const streaming = () => source?.readyState === EventSource.OPEN && Date.now() - heardAt < SILENT_MS;

function show() {
  regions.forEach((region) => region.show());
  if (!light || (!regions.length && !source)) return;
  const oldest = Math.max(0, ...regions.map((region) => region.age()));
  const state = streaming() ? "live" : oldest > STALE_MS || !navigator.onLine ? "offline" : "polling";
  light.dataset.state = state;
  const seconds = Math.round(oldest / 1000);
  light.lastElementChild.textContent = state === "live" ? "live" : `${state} · ${seconds} s`;
}

let ticks = 0;
setInterval(() => {
  ticks += 1;
  if (source && source.readyState !== EventSource.CLOSED && heardAt && !streaming()) listen();
  if (!document.hidden) {
    const every = streaming() ? TICK_MS : POLL_MS;
    for (const region of regions) if (region.age() >= every - 500) region.refresh();
  }
  show();
  tellTime();
}, 1000);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) regions.forEach((region) => region.soon());
});
window.addEventListener("pagehide", () => source?.close());
window.addEventListener("pageshow", (event) => event.persisted && listen());

// Clocks, theme, the one dialog.

function tellTime() {
  for (const clock of document.querySelectorAll("[data-clock]")) {
    clock.textContent = new Intl.DateTimeFormat("en-GB", {
      hour: "2-digit",
      minute: "2-digit",
      ...(clock.dataset.seconds === undefined ? {} : { second: "2-digit" }),
      timeZone: clock.dataset.clock,
    }).format(new Date());
  }
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-theme-switch]")) {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.theme);
  }
  if (event.target.closest("[data-close]")) act?.close();
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    navigator.clipboard?.writeText(document.getElementById(copy.dataset.copy).textContent);
    copy.textContent = "Copied";
  }
});
// The dialog gives the focus back to what opened it, also when that was replaced by a refresh in the meantime.
const act = document.getElementById("act");
let opener = null;
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target !== act || act.open) return;
  opener = placeOf(document.activeElement, document.getElementById("main"));
  act.showModal();
});
act?.addEventListener("close", () => {
  const here = document.activeElement;
  if (here === document.body || act.contains(here)) goBack(opener, document.getElementById("main"));
});
// A verb was done: the server answers 204 with HX-Trigger "acted".
document.addEventListener("acted", () => {
  act?.close();
  regions.forEach((region) => region.refresh());
});

listen();
show();
tellTime();
