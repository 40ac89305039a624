// The accounts of a tenant: when each was synced last, and what came of it.

import { count, dateOf, inFrame, make, paced, write } from "./dom.js";

/** @typedef {import("./context.js").Context} Context */
/**
 * @typedef {object} Account
 * @property {number} AccountId
 * @property {boolean} exists
 * @property {string | null} address
 * @property {string | null} associate
 * @property {string | null} last_fetch
 * @property {boolean} due
 * @property {string | null} status
 * @property {number} error_count
 * @property {string} error_reason
 * @property {number | null} synced_by
 * @property {number | null} syncing_by
 */

const MAX_ROWS = 100;
const WHILE_SYNCING = 1000;
const COLUMNS = ["Account", "LastFetch (UTC)", "Status", "Error", "Address", "Associate"];

/**
 * @param {HTMLElement} element
 * @param {Context} context
 */
export function mountAccounts(element, context) {
  const { api, at, onChange } = context;
  /** @type {Account[]} */
  let accounts = [];
  const filter = make("input", { type: "search", "aria-label": "Filter accounts by id, address, associate, status or error", placeholder: "Filter", autocomplete: "off" });
  const head = make("tr", {}, ...COLUMNS.map((name) => make("th", { scope: "col" }, name)));
  const body = make("tbody");
  const note = make("p", { class: "soft note", role: "status" });
  const table = make("table", { "aria-labelledby": "accounts-title" }, make("thead", {}, head), body);
  element.append(filter, make("div", { class: "scroll", tabindex: 0, role: "group", "aria-labelledby": "accounts-title" }, table), note);

  const draw = inFrame(() => {
    const words = filter.value.trim().toLowerCase();
    const matching = accounts.filter((account) => !words || cellsOf(account).join(" ").toLowerCase().includes(words));
    const shown = matching.slice(0, MAX_ROWS);
    while (body.rows.length > shown.length) body.deleteRow(-1);
    shown.forEach((account, place) => {
      const row = body.rows[place] ?? body.insertRow();
      cellsOf(account).forEach((text, column) => write(row.cells[column] ?? row.insertCell(), text));
      row.dataset.status = account.syncing_by !== null ? "syncing" : (account.status ?? "gone").toLowerCase();
    });
    const hidden = matching.length - shown.length;
    write(note, hidden ? `${count(hidden, "more account")}: filter to find one` : matching.length ? "" : accounts.length ? "No account matches." : "The tenant has no accounts, and no run has synced one.");
    filter.hidden = accounts.length < 8;
  });
  filter.addEventListener("input", draw);

  const refresh = paced(async () => {
    ({ accounts } = await api.get(at("accounts")));
    draw();
    if (accounts.some((account) => account.syncing_by !== null)) setTimeout(refresh, WHILE_SYNCING);
  }, context);
  onChange(refresh);
  refresh();
}

/** @param {Account} account */
function cellsOf(account) {
  const status = account.syncing_by !== null ? `syncing (run ${account.syncing_by})` : account.exists ? account.status ?? "" : "no such account";
  const due = account.due && account.syncing_by === null ? ", due" : "";
  const errors = account.error_count ? `${account.error_reason} (${account.error_count} in a row)` : "";
  return [
    `${account.AccountId}`,
    account.last_fetch === null ? "never" : dateOf(account.last_fetch),
    `${status}${due}`,
    errors,
    account.address ?? "",
    account.associate ?? "",
  ];
}
