// The journal of a tenant: its calls, newest first, filtered, and as files.

import { actionButton, count, inFrame, isExpected, make, secondsText, timeOf, write } from "./dom.js";

/** @typedef {import("./context.js").Context} Context */
/** @typedef {import("./context.js").TimelineCall} TimelineCall */
/**
 * What `GET requests/{id}` tells of a call beyond its line in the list.
 * @typedef {{id: number, outcome: string, method: string, path: string, reason: string | null,
 *   violations: string[], headers: {name: string, value: string}[], body: string}} WholeCall
 */

const ROWS = 100;
const MAX_BODY = 20_000;
const COLUMNS = ["Call", "Time (UTC)", "What happened", "Accounts", "Answer", "Caller", "Request"];
/** @type {[string, string][]} */
const OUTCOMES = [
  ["", "All outcomes"],
  ["started", "Started"],
  ["turned_away", "Turned away"],
  ["served", "Served"],
  ["rejected", "Rejected"],
  ["faulted", "Ended by a fault"],
  ["replayed", "Replayed"],
  ["crashed", "Crashed"],
  ["pending", "Not answered yet"],
];

/**
 * @param {HTMLElement} element
 * @param {Context} context
 */
export function mountJournal(element, context) {
  const { api, at, calls, onChange, onSelect, say, timeline } = context;
  let limit = ROWS;
  let selected = "";
  /** The call whose details are shown, and its outcome then. */
  let detailed = "";
  const outcome = make("select", { "aria-label": "Outcome" }, ...OUTCOMES.map(([value, name]) => make("option", { value }, name)));
  const operation = make("select", { "aria-label": "Operation" }, make("option", { value: "" }, "All operations"));
  const account = make("input", { type: "number", min: 0, step: 1, placeholder: "Account", "aria-label": "Account", title: "Of the first 100 accounts of each call" });
  const text = make("input", { type: "search", placeholder: "Path, reason or caller", "aria-label": "Text in path, reason or caller", autocomplete: "off" });
  const number = make("p", { class: "soft", role: "status" });
  const head = make("tr", {}, ...COLUMNS.map((name) => make("th", { scope: "col" }, name)));
  const body = make("tbody");
  const table = make("table", { "aria-labelledby": "journal-title" }, make("thead", {}, head), body);
  const more = actionButton("Show more", () => {
    limit += ROWS;
    draw();
  });
  const clear = actionButton("Clear the journal", async () => {
    await api.send("DELETE", at("requests"));
    say("The journal is empty; runs and accounts are as before");
  });
  const links = [
    ["Journal as HAR", "recordings/journal", "har"],
    ["Picture as HTML", "timeline?format=html", "html"],
    ["Picture as SVG", "timeline?format=svg", "svg"],
  ].map(([name, path, type]) => make("a", { href: at(path), download: `${context.tenant}.${type}` }, name));
  const details = make("section", { class: "call", "aria-label": "The chosen call", hidden: true });
  element.append(
    make("div", { class: "row filters" }, outcome, operation, account, text), number,
    make("div", { class: "scroll", tabindex: 0, role: "group", "aria-labelledby": "journal-title" }, table),
    make("div", { class: "row" }, more, clear, ...links), details,
  );

  /** @param {TimelineCall} call */
  function matches(call) {
    const words = text.value.trim().toLowerCase();
    return (!outcome.value || call.outcome === outcome.value)
      && (!operation.value || call.operation === operation.value)
      && (!account.value || (call.accounts ?? []).includes(account.valueAsNumber))
      && (!words || `${call.path} ${call.reason ?? ""} ${call.caller}`.toLowerCase().includes(words));
  }

  const draw = inFrame(() => {
    const all = [...calls.values()];
    const isFiltered = Boolean(outcome.value || operation.value || account.value || text.value.trim());
    const matching = isFiltered ? all.filter(matches) : all;
    const shown = matching.slice(-limit).reverse();
    write(number, isFiltered ? `${matching.length.toLocaleString("en")} of ${count(all.length, "call")}` : count(all.length, "call"));
    const focused = document.activeElement?.closest("tr")?.dataset.id;
    while (body.rows.length > shown.length) body.deleteRow(-1);
    shown.forEach((call, place) => {
      const row = body.rows[place] ?? makeRow();
      const [first, ...cells] = textsOf(call);
      const button = /** @type {HTMLButtonElement} */ (row.cells[0].firstChild);
      write(button, first);
      button.ariaLabel = `Call ${first}`;
      button.ariaPressed = `${call.id === selected}`;
      cells.forEach((cell, column) => write(row.cells[column + 1], cell));
      row.dataset.id = call.id;
      row.dataset.outcome = call.became ?? call.outcome;
      row.dataset.chosen = `${call.id === selected}`;
    });
    if (focused !== undefined) rowOf(focused)?.querySelector("button")?.focus({ preventScroll: true });
    more.hidden = matching.length <= limit;
    listOperations(all);
    showDetails(calls.get(selected));
  });

  /** @param {string} id */
  const rowOf = (id) => [...body.rows].find((row) => row.dataset.id === id);

  /** @param {TimelineCall | undefined} call */
  async function showDetails(call) {
    const wanted = call === undefined ? "" : `${call.id} ${call.outcome}`;
    if (wanted === detailed) return;
    detailed = wanted;
    if (call === undefined) {
      details.hidden = true;
      return;
    }
    try {
      const whole = await api.get(at(`requests/${call.id}`));
      if (detailed !== wanted) return;
      details.replaceChildren(...describe(whole));
      details.hidden = false;
    } catch (error) {
      if (!isExpected(error)) throw error;
    }
  }

  function makeRow() {
    const row = body.insertRow();
    const button = make("button", { type: "button", class: "quiet" });
    row.insertCell().append(button);
    for (let column = 1; column < COLUMNS.length; column++) row.insertCell();
    row.addEventListener("click", () => {
      selected = row.dataset.id === selected ? "" : row.dataset.id ?? "";
      timeline.select(selected || null);
      draw();
    });
    row.addEventListener("keydown", (event) => {
      const next = { ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling }[event.key];
      if (next === undefined) return;
      event.preventDefault();
      next?.querySelector("button")?.focus();
    });
    return row;
  }

  /** @param {TimelineCall[]} all */
  function listOperations(all) {
    const known = new Set([...operation.options].map((option) => option.value));
    for (const call of all.slice(-1000)) {
      if (!call.operation || known.has(call.operation)) continue;
      known.add(call.operation);
      operation.append(make("option", { value: call.operation }, call.operation));
    }
  }

  for (const field of [outcome, operation, account, text])
    field.addEventListener("input", () => {
      limit = ROWS;
      draw();
    });
  onChange(draw);
  onSelect((id) => {
    selected = id ?? "";
    const row = rowOf(selected);
    const box = table.parentElement;
    if (row && box) box.scrollTop = row.offsetTop - box.clientHeight / 2;
    draw();
  });
  draw();
}

/** @param {WholeCall} whole */
function describe({ id, method, path, reason, violations, headers, body }) {
  /** @type {[string, string][]} */
  const parts = [
    ["What happened", reason ?? ""],
    ["What is wrong with it", violations.join("\n")],
    ["Headers that the journal keeps", headers.map(({ name, value }) => `${name}: ${value}`).join("\n")],
    ["Body", body.length > MAX_BODY ? `${body.slice(0, MAX_BODY)}\n… ${count(body.length - MAX_BODY, "more character")}` : body],
  ];
  return [
    make("h3", {}, `Call ${id}: ${method} ${path}`),
    ...parts.filter(([, text]) => text).flatMap(([name, text]) => [
      make("p", { class: "soft" }, name), make("pre", { tabindex: 0, role: "region", "aria-label": name }, text),
    ]),
  ];
}

/** @param {TimelineCall} call */
function textsOf(call) {
  const accounts = call.accounts ?? [];
  const omitted = (call.account_count ?? accounts.length) - Math.min(accounts.length, 6);
  const ids = accounts.slice(0, 6).join(", ");
  const took = call.answered_at == null ? "" : ` after ${secondsText(call.answered_at - call.at)}`;
  const sure = call.confidence ? ` (${call.confidence} confidence)` : "";
  const what = (call.became ?? call.outcome).replace("_", " ");
  const answer = call.hung_up ? "the caller hung up" : call.answered_at == null ? "no answer yet" : "no answer";
  return [
    call.id,
    timeOf(call.at),
    `${what}${sure}${call.reason ? `: ${call.reason}` : ""}`,
    omitted > 0 ? `${ids} and ${omitted} more` : ids,
    call.status == null ? answer : `${call.status}${took}`,
    call.caller,
    `${call.method} ${call.operation ?? call.path}`,
  ];
}
