// Draws a rack type while it is typed: the form's fields go to the preview address, its answer takes the old one's place.
document.addEventListener("DOMContentLoaded", () => {
  const form = document.getElementById("racktype_form");
  if (!form || !document.querySelector("[data-rack-preview]")) return;
  const fields = ["rows", "columns", "drawing", "path", "first_place", "build_order", "seen", "unload_face"];
  const address = `${location.pathname.replace(/\/(add|[^/]+\/change)\/$/, "")}/preview/`;
  let asked = 0;
  let timer = 0;

  const draw = async () => {
    const turn = ++asked;
    const query = new URLSearchParams(fields.map((name) => [name, form.elements[name]?.value ?? ""]));
    const answer = await fetch(`${address}?${query}`);
    if (!answer.ok || turn !== asked) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-rack-preview]");
    document.querySelector("[data-rack-preview]").replaceWith(document.adoptNode(fresh));
  };
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(draw, 200);
  });
});
