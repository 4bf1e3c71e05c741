// Where somebody has got to with the keyboard, told so that it is found again after the rows were replaced.

const NAMES = ["id", "href", "hx-get", "hx-post", "formaction", "name", "value", "aria-label"];

/** What an element is, and which of several alike inside `root`; null when it is not in there. */
export function placeOf(element, root = document) {
  if (!element || element === document.body || !root.contains(element)) return null;
  const named = NAMES.filter((name) => element.hasAttribute(name));
  const selector =
    element.localName + named.map((name) => `[${name}="${CSS.escape(element.getAttribute(name))}"]`).join("");
  return { selector, nth: [...root.querySelectorAll(selector)].indexOf(element) };
}

/** Gives the focus back to the place, else to `root` itself: Tab goes on from there and not from the top of the page. */
export function goBack(place, root) {
  const found = place && root.querySelectorAll(place.selector);
  const element = found && (found[place.nth] || found[0]);
  if (element) return element.focus({ preventScroll: true });
  if (!root.hasAttribute("tabindex")) root.tabIndex = -1;
  root.focus({ preventScroll: true });
}
