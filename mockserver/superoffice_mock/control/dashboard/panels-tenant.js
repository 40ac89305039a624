// The state of a tenant, the readings that it follows, and the way back to how it was at first.

import { actionButton, make, paced, write } from "./dom.js";

/** @typedef {import("./context.js").Context} Context */

const STATES = [
  ...["running", "suspended", "online-maintenance", "offline-maintenance", "migration-pending", "provisioning"],
  ...["provisioning-failed", "deleting", "deleted", "delete-failed", "unknown"],
];

/**
 * @param {HTMLElement} element
 * @param {Context} context
 */
export function mountState(element, context) {
  const { api, at, onChange, say } = context;
  const now = make("p", { class: "big" });
  const meaning = make("p", { class: "soft" });
  const select = make("select", { "aria-label": "New state" }, ...STATES.map((name) => make("option", {}, name)));
  const set = actionButton("Set the state", async () => {
    const answer = await api.send("PUT", at("state"), { state: select.value });
    show(answer);
    say(`The tenant is ${answer.state}`);
  });
  element.append(now, meaning, make("div", { class: "row" }, select, set));

  /** @param {{state: string, name: string, number: number, running: boolean}} answer */
  function show(answer) {
    if (now.textContent === "") select.value = answer.state;
    write(now, answer.state);
    write(meaning, answer.running ? "The API answers calls." : `The API answers 503; GET /api/state says ${answer.name}.`);
    element.dataset.running = `${answer.running}`;
  }

  const refresh = paced(async () => show(await api.get(at("state"))), context);
  onChange(({ what, reset }) => {
    if (what !== null || reset) refresh();
  });
  refresh();
}

/**
 * @param {HTMLElement} element
 * @param {Context} context
 */
export async function mountReadings(element, { api, at }) {
  /** @type {{readings: {name: string, value: string, values: string[], why: string}[]}} */
  const { readings } = await api.get(at("readings"));
  const items = readings.map(({ name, value, values, why }) => {
    const others = values.filter((other) => other !== value).join(", ");
    const summary = make("summary", {}, make("code", {}, name), " ", make("b", {}, value));
    return make("details", {}, summary, make("p", { class: "soft" }, `Or ${others}: ${why}.`));
  });
  element.append(
    make("p", { class: "soft" }, "What the vendor's page leaves open, and how this tenant reads it:"),
    make("div", { class: "readings" }, ...items),
    make("p", { class: "soft" }, "A tenant keeps its readings. For others, start the mock with ",
      make("code", {}, "--reading run=blocking"), ", or make a temporary tenant: ",
      make("code", {}, 'POST /_mock/tenants {"readings": {"run": "blocking"}}'), "."),
  );
}

/**
 * @param {HTMLElement} element
 * @param {Context} context
 * @param {() => void} onReset is called when tenants may be gone
 */
export function mountReset(element, { api, at, tenant, say }, onReset) {
  const one = actionButton(`Reset ${tenant}`, async () => {
    await api.send("POST", at("reset"));
    say(`${tenant} is as it was at first`);
  });
  const confirm = make("dialog", { "aria-labelledby": "reset-all-title" });
  const all = actionButton("Reset all tenants …", () => confirm.showModal());
  const really = actionButton("Reset all tenants", async () => {
    confirm.close();
    const { reset, removed = [] } = await api.send("POST", "reset?all=true");
    say(`Reset: ${reset.length}; removed: ${removed.length}`);
    onReset();
  }, { class: "danger" });
  confirm.append(
    make("h2", { id: "reset-all-title" }, "Reset all tenants?"),
    make("p", {}, "Every configured tenant is as it was at first, and every temporary tenant is removed with its journal. Tests that run against them will notice."),
    make("div", { class: "row" }, really, actionButton("Cancel", () => confirm.close())),
  );
  element.append(
    make("p", { class: "soft" }, "Answers all waiting calls, then restores clock, lease, faults, credentials, accounts and state. The journal is emptied; ids of requests go on, numbers of runs start at 1."),
    make("div", { class: "row" }, one, all), confirm,
  );
}
