// The hand on the canvas: choose, pull a bar, pull the ground, turn the wheel.

const SLACK = 4;

export function pointer(gantt, selection, moving) {
  const { over: surface, scale } = gantt;
  let held = null;

  const down = (event) => {
    if (event.button !== 0 || moving.busy) return;
    surface.focus({ preventScroll: true });
    const at = gantt.hit(event);
    held = { ...at, id: event.pointerId, lifted: false, from: scale.from };
    surface.setPointerCapture(event.pointerId);
    if (at.bar) choose(at.bar, event);
  };

  const choose = (bar, event) => {
    if (event.shiftKey) selection.reach(bar);
    else if (event.ctrlKey || event.metaKey) selection.toggle(bar);
    else if (!selection.chosen.has(bar.operation) || selection.chosen.size > 1) selection.only(bar);
    else selection.stand(bar);
  };

  const move = (event) => {
    const at = gantt.hit(event);
    if (!held) return hover(at.bar);
    if (!held.lifted && Math.hypot(at.x - held.x, at.y - held.y) < SLACK) return;
    if (held.bar) return pull(at, event);
    scale.show(held.from - ((at.x - held.x) / scale.width) * scale.span);
    held.lifted = true;
  };

  const pull = (at, event) => {
    if (event.ctrlKey || event.shiftKey) return;
    if (!held.lifted && !moving.lift(held.bar)) return release(event);
    held.lifted = true;
    const left = gantt.boxOf(held.bar).x + at.x - held.x;
    moving.over(at.row, scale.time(at.x), left);
  };

  const up = (event) => {
    const was = held;
    release(event);
    if (!was) return;
    if (moving.busy) moving.drop();
    else if (!was.bar && !was.lifted) selection.only(null);
  };

  const release = (event) => {
    if (held && surface.hasPointerCapture(held.id)) surface.releasePointerCapture(event.pointerId);
    held = null;
  };

  const hover = (bar) => {
    if (gantt.hand.hovered === bar) return;
    gantt.hand.hovered = bar;
    surface.style.cursor = bar ? "pointer" : "default";
    gantt.redrawOver();
  };

  surface.addEventListener("pointerdown", down);
  surface.addEventListener("pointermove", move);
  surface.addEventListener("pointerup", up);
  surface.addEventListener("pointercancel", (event) => {
    release(event);
    if (moving.busy) moving.cancel();
  });
  surface.addEventListener("pointerleave", () => hover(null));
  wheel(gantt);
}

/** Ctrl and wheel zoom where the pointer is, Shift and wheel go along time; the wheel alone scrolls the resources. */
export function wheel(gantt) {
  gantt.over.addEventListener(
    "wheel",
    (event) => {
      const along = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
      if (!event.ctrlKey && !along) return;
      event.preventDefault();
      if (event.ctrlKey) gantt.scale.zoom(event.deltaY > 0 ? 1.25 : 0.8, gantt.hit(event).x);
      else gantt.scale.pan(along);
    },
    { passive: false },
  );
}
