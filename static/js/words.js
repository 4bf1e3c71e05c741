// What scripts say, in the language of the page: `<html lang>` is that of the badge, also while the station is alone.
//
// The words come from locale/*/LC_MESSAGES/djangojs.po; `make messages` writes catalogue.js, so no request is needed.

import { CATALOGUE } from "./catalogue.js";

const language = () => document.documentElement.lang;
const filled = (text, facts) => text.replace(/%\((\w+)\)s/g, (mark, name) => String(facts[name] ?? mark));
const found = (text) => CATALOGUE[language()]?.[text];

/** From now on the page speaks this language; an unknown or empty one changes nothing. */
export function speak(code) {
  if (code && document.documentElement.lang !== code) document.documentElement.lang = code;
}

/** A whole sentence with named places: `gettext("Rack %(rack)s", { rack })`. */
export const gettext = (text, facts = {}) => filled(found(text) ?? text, facts);

/** The sentence for one or for many; `%(count)s` is the number. */
export function ngettext(one, many, count, facts = {}) {
  const forms = found(one) ?? [one, many];
  const single = new Intl.PluralRules(language() || "en").select(count) === "one";
  return filled(forms[single ? 0 : 1], { count, ...facts });
}

/** Marks a sentence that is said later. */
export const gettext_noop = (text) => text;
