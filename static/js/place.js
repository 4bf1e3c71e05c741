// Where somebody has got to with the keyboard and what is typed so far, told so that both are found again after the
// rows were replaced.

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

/** What somebody typed, ticked or chose inside `root` and has not sent yet. */
export function typedIn(root) {
  const changed = [...root.querySelectorAll("input, textarea, select")].filter(isChanged);
  return changed.map((field) => ({ place: placeOf(field, root), value: field.value, checked: field.checked, from: field.selectionStart, to: field.selectionEnd }));
}

/** Puts it into the same fields of what replaced `root`; a field that is no longer there keeps nothing. */
export function typeBack(typed, root) {
  for (const { place, value, checked, from, to } of typed) {
    const field = root.querySelectorAll(place.selector)[place.nth];
    if (!field) continue;
    Object.assign(field, { value, checked });
    if (from !== null && from !== undefined) field.setSelectionRange(from, to);
  }
}

function isChanged(field) {
  if (field.type === "hidden" || field.type === "file") return false;
  if (field.options) return [...field.options].some((one) => one.selected !== one.defaultSelected);
  return field.value !== field.defaultValue || field.checked !== field.defaultChecked;
}
