"""A page by Tab alone: what is reached, in which order, and whether one sees where one is."""

from __future__ import annotations

from typing import Any

# Everything a person may act on: shown, not switched off, outside of a closed menu. Of a group of radio buttons Tab
# stops at one; frames and scrolling regions are the browser's own stops.
LISTEN = """() => {
  const acting = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]';
  const shown = (one) => !one.disabled && one.checkVisibility({ visibilityProperty: true });
  const wanted = [...document.querySelectorAll(acting)].filter(shown).filter((one) => one.tabIndex >= 0);
  const groups = new Set();
  const stops = wanted.filter((one) => {
    if (one.type !== 'radio') return true;
    const first = !groups.has(one.name);
    groups.add(one.name);
    return first;
  });
  const same = (a, b) => a === b || (a.type === 'radio' && b.type === 'radio' && a.name === b.name);
  const says = (one) => one.outerHTML.slice(0, 140);
  const walk = { stops, met: [], wrong: [] };
  walk.look = () => {
    const one = document.activeElement;
    if (!one || one === document.body || walk.met.includes(one)) return;
    walk.met.push(one);
    const style = getComputedStyle(one);
    if (!one.matches(':focus-visible') || style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2)
      walk.wrong.push('focus is not seen: ' + says(one));
    const box = one.getBoundingClientRect();
    const x = Math.min(Math.max(box.left + Math.min(box.width / 2, 40), 0), innerWidth - 1);
    const y = Math.min(Math.max(box.top + Math.min(box.height / 2, 20), 0), innerHeight - 1);
    const over = document.elementFromPoint(x, y);
    if (!over || !(one.contains(over) || over.contains(one) || [...(one.labels ?? [])].some((it) => it.contains(over))))
      walk.wrong.push('focus is covered by ' + (over ? says(over) : 'the edge') + ': ' + says(one));
  };
  walk.told = () => {
    const lost = stops.filter((stop) => !walk.met.some((one) => same(one, stop)));
    const order = walk.met.map((one) => stops.findIndex((stop) => same(stop, one))).filter((at) => at >= 0);
    // A page that puts the cursor into its box begins there and comes round once.
    const turn = order.indexOf(0) > 0 ? order.indexOf(0) : -1;
    const back = order.findIndex((at, n) => n > 0 && n !== turn && at < order[n - 1]);
    return [
      ...walk.wrong,
      ...lost.map((one) => 'Tab does not reach ' + says(one)),
      ...(back > 0 ? ['the order goes back to ' + says(stops[order[back]])] : []),
    ];
  };
  document.addEventListener('keydown', walk.look, { capture: true });
  window.walk = walk;
  // A date has a stop for each of its numbers.
  return stops.length + 8 * stops.filter((one) => /date|time|month/.test(one.type)).length;
}"""


def faults_by_tab(page: Any) -> list[str]:
    """What is wrong when the page is walked by Tab from its top once round."""
    stops = page.evaluate(LISTEN)
    for _ in range(stops + 4):
        page.keyboard.press("Tab")
    page.evaluate("() => window.walk.look()")
    return [str(fault) for fault in page.evaluate("() => window.walk.told()")]
