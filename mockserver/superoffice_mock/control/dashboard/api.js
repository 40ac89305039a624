// The calls of /_mock/ that the page makes, and the line that tells what came of them.

import { find } from "./dom.js";

const FADE_AFTER = 8000;

/** A control call that failed; the message says what to do instead, and stands in the page. */
export class ControlError extends Error {
  /**
   * @param {number} status 0 if the mock did not answer
   * @param {string} detail
   */
  constructor(status, detail) {
    super(detail);
    this.name = "ControlError";
    this.status = status;
  }
}

/**
 * @typedef {object} Api
 * @property {(path: string) => Promise<any>} get
 *   the JSON at a path below /_mock/, such as `clock?tenant=onsite`
 * @property {(method: string, path: string, body?: unknown) => Promise<any>} send
 *   makes a call that changes something; the JSON of its answer, null if it has none
 * @property {(input: string, init?: RequestInit) => Promise<Response>} fetch
 *   the same with the whole response; for a problem it throws a ControlError, too
 */

/**
 * Return the calls for one tenant; they end when the signal is aborted.
 * @param {AbortSignal} signal
 * @param {() => Promise<void>} signIn asks for the control token; resolves when it was right
 * @returns {Api}
 */
export function makeApi(signal, signIn) {
  /** @type {Api["fetch"]} */
  async function call(path, init = {}) {
    const headers = new Headers(init.headers);
    headers.set("X-Superoffice-Mock", "dashboard");
    let response;
    try {
      response = await fetch(path, { ...init, headers, signal });
    } catch (error) {
      if (signal.aborted) throw error;
      throw new ControlError(0, "the mock does not answer");
    }
    if (response.ok) return response;
    if (response.status === 401) {
      await signIn();
      return call(path, init);
    }
    const detail = await response.json().then((body) => body.detail, () => response.statusText);
    throw new ControlError(response.status, `${detail}`);
  }

  /** @type {Api["fetch"]} */
  async function callAndTell(path, init) {
    try {
      return await call(path, init);
    } catch (error) {
      if (error instanceof ControlError && (error.status !== 0 || init?.method))
        say(error.message, "problem");
      throw error;
    }
  }

  return {
    fetch: callAndTell,
    get: async (path) => (await callAndTell(path)).json(),
    send: async (method, path, body) => {
      const content = body === undefined ? {} : { body: JSON.stringify(body) };
      const response = await callAndTell(path, { method, ...content });
      return response.status === 204 ? null : response.json();
    },
  };
}

let fade = 0;

/**
 * Tell in the status line what was done, or what is wrong. A problem stays until it is closed.
 * @param {string} text
 * @param {"done" | "problem"} [kind]
 */
export function say(text, kind = "done") {
  const message = find("message");
  const close = find("message-close");
  const end = /[.?!]$/.test(text) ? "" : ".";
  clearTimeout(fade);
  message.textContent = text && `${text[0].toUpperCase()}${text.slice(1)}${end}`;
  message.dataset.kind = kind;
  close.hidden = text === "";
  close.onclick = () => say("");
  if (kind === "done" && text) fade = setTimeout(say, FADE_AFTER, "");
}
