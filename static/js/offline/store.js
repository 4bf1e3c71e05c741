// What a cut-off station keeps: its last work pack, what last stood at it, and the ordered log of its scans.
// IndexedDB, because a scan that is on the disk before it is judged survives the browser's death.

const NAME = "station-offline";

export async function openStore(station) {
  const db = await new Promise((done, fail) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("facts");
      asked.result.createObjectStore("log", { keyPath: ["station", "counter"] });
    };
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => fail(asked.error);
  });
  const key = (name) => `${station} ${name}`;
  const all = IDBKeyRange.bound([station, 0], [station, Infinity]);

  /** Runs one transaction; it is on the disk when this resolves. */
  function run(names, mode, act) {
    return new Promise((done, fail) => {
      const work = db.transaction(names, mode, { durability: "strict" });
      let result;
      work.oncomplete = () => done(result);
      work.onabort = work.onerror = () => fail(work.error);
      act(work, (value) => (result = value));
    });
  }

  return {
    read: (name) => run(["facts"], "readonly", (work, give) => {
      work.objectStore("facts").get(key(name)).onsuccess = (event) => give(event.target.result ?? null);
    }),
    write: (name, value) => run(["facts"], "readwrite", (work) => void work.objectStore("facts").put(value, key(name))),
    log: () => run(["log"], "readonly", (work, give) => {
      work.objectStore("log").getAll(all).onsuccess = (event) => give(event.target.result);
    }),
    /** The scan gets the next counter of this browser; the counter never goes back, whatever is sent or removed. */
    append: (scan) => run(["facts", "log"], "readwrite", (work, give) => {
      const facts = work.objectStore("facts");
      facts.get(key("counter")).onsuccess = (event) => {
        const counter = (event.target.result ?? 0) + 1;
        facts.put(counter, key("counter"));
        work.objectStore("log").put({ ...scan, station, counter });
        give(counter);
      };
    }),
    /** The outage is over: its log goes and its spell with it, in one step. */
    clear: () => run(["facts", "log"], "readwrite", (work) => {
      work.objectStore("log").delete(all);
      work.objectStore("facts").delete(key("spell"));
    }),
  };
}
