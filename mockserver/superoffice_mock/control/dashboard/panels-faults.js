// The faults of a tenant: what is armed and how often it fired, and the usual ones in two clicks.

import { actionButton, count, enable, make, paced, secondsText, write } from "./dom.js";

/** @typedef {import("./context.js").Context} Context */
/**
 * @typedef {object} Fault
 * @property {number} id
 * @property {string | null} operation
 * @property {number | null} times
 * @property {number} [every]
 * @property {number} [probability]
 * @property {number} [status]
 * @property {string | null} [message]
 * @property {Record<string, string>} [headers]
 * @property {boolean} [expired_credential]
 * @property {number} [delay]
 * @property {string} [connection]
 * @property {number} fired
 * @property {boolean} armed
 */

/** @type {[string, object][]} */
const USUAL = [
  ["Status 500", { status: 500 }],
  ["Status 503", { status: 503 }],
  ["Status 429, Retry-After 2", { status: 429, retry_after: 2 }],
  ["Delay 2 s", { delay: 2 }],
  ["Connection reset", { connection: "reset-by-peer" }],
  ["Expired credential", { expired_credential: true }],
];

/** @type {[string, object][]} */
const SCOPES = [
  ["the next call", {}],
  ["every call", { every: 1 }],
];

/**
 * @param {HTMLElement} element
 * @param {Context} context
 */
export function mountFaults(element, context) {
  const { api, at, onChange, say } = context;
  let scope = 0;
  const scopes = SCOPES.map(([label], place) =>
    make("label", {}, make("input", { type: "radio", name: "fault-scope", checked: place === 0, change: () => (scope = place) }), ` ${label}`),
  );
  const usual = USUAL.map(([label, effect]) =>
    actionButton(label, async () => {
      const [whom, rule] = SCOPES[scope];
      show(await api.send("POST", at("faults"), { ...effect, ...rule }));
      say(`${label}: armed for ${whom}`);
    }),
  );
  const list = make("ul", { class: "faults", "aria-label": "Faults" });
  const none = make("p", { class: "soft" });
  const clear = actionButton("Disarm all", async () => {
    show(await api.send("DELETE", at("faults")));
    say("No fault is armed");
  });
  element.append(
    make("fieldset", {}, make("legend", {}, "Arm for"), ...scopes),
    make("div", { class: "row" }, ...usual), none, list, clear,
  );

  /** @param {{faults: Fault[]}} answer */
  function show({ faults }) {
    const old = new Map([...list.children].map((row) => [/** @type {HTMLElement} */ (row).dataset.id, row]));
    const rows = faults.map((fault) => {
      const row = /** @type {HTMLElement} */ (old.get(`${fault.id}`)) ?? drawRow(fault);
      write(row.children[0], faultText(fault));
      write(row.children[1], firedText(fault));
      row.dataset.armed = `${fault.armed}`;
      return row;
    });
    for (const row of old.values()) if (!rows.includes(/** @type {any} */ (row))) row.remove();
    rows.forEach((row, place) => {
      if (list.children[place] !== row) list.insertBefore(row, list.children[place] ?? null);
    });
    write(none, faults.length ? "" : "No fault is armed: calls are answered as usual.");
    enable(faults.length > 0, clear);
  }

  /** @param {Fault} fault */
  function drawRow(fault) {
    const label = `Disarm fault ${fault.id}`;
    const disarm = actionButton("Disarm", async () => {
      show(await api.send("DELETE", at(`faults/${fault.id}`)));
      say(`Fault ${fault.id} is disarmed`);
      clear.focus();
    }, { "aria-label": label, class: "quiet" });
    return make("li", { "data-id": fault.id }, make("span"), make("span", { class: "soft" }), disarm);
  }

  const refresh = paced(async () => show(await api.get(at("faults"))), context);
  onChange(refresh);
  refresh();
}

/** @param {Fault} fault */
function faultText(fault) {
  const headers = Object.entries(fault.headers ?? {}).map(([name, value]) => `${name}: ${value}`);
  const effect = fault.status ? [`status ${fault.status}`, ...headers, ...(fault.message ? [`“${fault.message}”`] : [])].join(", ")
    : fault.delay ? `delay ${secondsText(fault.delay)}`
    : fault.connection ? `connection ${fault.connection}` : "expired credential";
  const calls = fault.every ? (fault.every === 1 ? "every call" : `every ${fault.every}th call`)
    : fault.probability ? `${fault.probability * 100} % of calls`
    : fault.times === 1 ? "the next call" : `the next ${fault.times} calls`;
  return `${fault.id}: ${effect}, ${calls}${fault.operation ? ` of ${fault.operation}` : ""}`;
}

/** @param {Fault} fault */
function firedText(fault) {
  const fired = fault.fired ? `fired ${count(fault.fired, "time")}` : "has not fired";
  const limit = fault.times !== null && fault.times > 1 ? ` of ${fault.times}` : "";
  return `${fired}${limit}${fault.armed ? "" : ", used up"}`;
}
