// Questions to the server. A refusal comes back as an error that carries the server's own words.

import { gettext } from "../js/words.js";

export class Refusal extends Error {
  constructor(words, { code = "", status = 0 } = {}) {
    super(words);
    Object.assign(this, { code, status });
  }

  /** The plan is no longer the one on the screen. */
  get stale() {
    return this.code === "stale";
  }
}

const token = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];

export async function ask(address, body, { signal, html = false } = {}) {
  const answer = await fetch(address, {
    method: body === undefined ? "GET" : "POST",
    headers: {
      Accept: html ? "text/html" : "application/json",
      ...(html ? { "HX-Request": "true" } : {}),
      ...(body === undefined ? {} : { "Content-Type": "application/json", "X-CSRFToken": token() }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: "no-store",
    signal,
  }).catch((error) => {
    if (error.name === "AbortError") throw error;
    throw new Refusal(gettext("The server does not answer. Nothing was changed."));
  });
  if (answer.status === 401) location.reload();
  if (answer.ok) return html ? answer.text() : answer.json();
  throw await refusal(answer);
}

async function refusal(answer) {
  const text = await answer.text();
  try {
    const { message, detail, code } = JSON.parse(text);
    return new Refusal(message ?? detail, { code, status: answer.status });
  } catch {
    return new Refusal(gettext("The server could not do that. Nothing was changed."), { status: answer.status });
  }
}
