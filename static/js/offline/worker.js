// Keeps the page of one station and its files, so that it opens while the server cannot be reached.
// The network always comes first: what is kept is only shown when there is no answer.

const SHELF = "station-shell-1";
const PATIENCE_MS = 4_000;
const scope = new URL(self.registration.scope);

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", (event) => {
  if (event.data?.keep) event.waitUntil(keepAll(event.data.keep));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== scope.origin) return;
  const page = request.mode === "navigate" && url.pathname === scope.pathname;
  if (page || url.pathname.startsWith("/static/") || url.pathname.startsWith("/parts/")) event.respondWith(answer(request, page));
});

async function answer(request, page) {
  const shelf = await caches.open(SHELF);
  try {
    const fresh = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
    // A log-in page in place of the station is not the station.
    if (fresh.ok && !fresh.redirected) await shelf.put(request, fresh.clone());
    if (page && fresh.status >= 500) return (await shelf.match(request)) ?? fresh;
    return fresh;
  } catch (lost) {
    const kept = await shelf.match(request, { ignoreSearch: page, ignoreVary: true });
    if (kept) return kept;
    throw lost;
  }
}

async function keepAll(addresses) {
  const shelf = await caches.open(SHELF);
  await Promise.all(
    addresses.map(async (address) => {
      const fresh = await fetch(address, { cache: "no-cache" });
      if (fresh.ok && !fresh.redirected) await shelf.put(address, fresh);
    }),
  );
}
