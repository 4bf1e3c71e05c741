// The keyboard on the drawing. Arrows walk over the bars; a lifted bar goes where they go.

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function keys(gantt, selection, moving, acts) {
  const { rows, scale } = gantt;

  const walk = ([along, across], extend) => {
    const here = selection.focused;
    const next = here ? beside(here, along, across) : first();
    if (!next) return;
    if (extend && !across) selection.reach(next);
    else selection.only(next);
    gantt.reveal(next);
  };

  const beside = (bar, along, across) => {
    if (along) return rows.beside(bar, along);
    for (let n = rows.row(bar) + across; n >= 0 && n < rows.list.length; n += across) {
      const found = rows.nearest(n, bar.start);
      if (found) return found;
    }
    return null;
  };

  const first = () => {
    for (let n = 0; n < rows.list.length; n++) {
      const bar = rows.shown(n, scale.from, scale.to).next().value;
      if (bar) return bar;
    }
    return null;
  };

  const lifted = (event) => {
    const arrow = ARROWS[event.key];
    if (arrow) moving.step(...arrow);
    else if (event.key === "Enter" || event.key === " ") moving.drop();
    else if (event.key === "Escape") moving.cancel();
    else return false;
    return true;
  };

  const single = {
    Enter: () => selection.focused && moving.lift(selection.focused),
    " ": () => selection.focused && moving.lift(selection.focused),
    Escape: () => selection.only(null),
    Home: () => scale.show(scale.first),
    End: () => scale.show(scale.last - scale.span),
    PageUp: () => scale.pan(-scale.width * 0.9),
    PageDown: () => scale.pan(scale.width * 0.9),
    "+": () => scale.zoom(0.7),
    "=": () => scale.zoom(0.7),
    "-": () => scale.zoom(1.4),
    m: acts.moveTo,
    l: acts.lock,
    n: acts.now,
    "?": acts.help,
  };

  const free = (event) => {
    const arrow = ARROWS[event.key];
    if (arrow && event.ctrlKey) acts.nudge(arrow);
    else if (arrow) walk(arrow, event.shiftKey);
    else if (event.ctrlKey || event.metaKey || event.altKey) return false;
    else if (single[event.key] || single[event.key.toLowerCase()]) (single[event.key] ?? single[event.key.toLowerCase()])();
    else return false;
    return true;
  };

  gantt.over.addEventListener("keydown", (event) => {
    if (moving.busy ? lifted(event) : free(event)) event.preventDefault();
  });
  // Taking back works wherever one is on the page but in a field, where it is the field's own.
  document.addEventListener("keydown", (event) => {
    const undo = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !event.shiftKey;
    if (!undo || event.target.matches("input, textarea, select")) return;
    event.preventDefault();
    acts.undo();
  });
}
