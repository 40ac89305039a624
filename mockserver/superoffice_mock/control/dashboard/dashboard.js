// The dashboard: the tenants on the left, and what happens at the chosen one, live.

import { makeApi, say } from "./api.js";
import { mountCredentials } from "./credentials.js";
import { find, make, paced, write } from "./dom.js";
import { mountJournal } from "./journal.js";
import { follow } from "./live.js";
import { mountAccounts } from "./panels-accounts.js";
import { mountFaults } from "./panels-faults.js";
import { mountReadings, mountReset, mountState } from "./panels-tenant.js";
import { mountTenants } from "./panels-tenants.js";
import { mountClock, mountLease } from "./panels-time.js";
import { mountSend } from "./send.js";
import { mountSignOut, showSignIn } from "./sign-in.js";
import { TimelineView } from "./timeline.js";

/** @typedef {import("./context.js").Context} Context */
/** @typedef {import("./context.js").Change} Change */
/** @typedef {import("./context.js").TenantLine} TenantLine */

const TENANTS_EVERY = 2000;
const DEFAULT_TENANT = "onsite";
const LINK_WORDS = { live: "Live", "catching up": "Catching up …", disconnected: "Disconnected: trying again …" };

/** @type {[string, (element: HTMLElement, context: Context) => unknown][]} */
const PANELS = [
  ["send", mountSend],
  ["journal", mountJournal],
  ["credentials", mountCredentials],
  ["clock", mountClock],
  ["lease", mountLease],
  ["faults", mountFaults],
  ["accounts", mountAccounts],
  ["state", mountState],
  ["readings", mountReadings],
  ["reset", (element, context) => mountReset(element, context, () => refreshTenants())],
];

const always = { signal: new AbortController().signal, isDown: false };
const api = makeApi(always.signal, signIn);
const list = mountTenants(find("tenants"), (id) => choose(id, "pushState"));
const signOut = /** @type {HTMLButtonElement} */ (find("sign-out"));
/** @type {TenantLine[]} */
let tenants = [];
let current = "";
let leave = new AbortController();

/** @type {Context} */
let context;
/** @type {((id: string | null) => void)[]} */
let selectCallbacks = [];

const view = new TimelineView(find("timeline"), {
  onselect: (call) => selectCallbacks.forEach((callback) => callback(call?.id ?? null)),
  details: async ({ id }) => {
    const { headers, body } = await context.api.get(context.at(`requests/${id}`));
    const pairs = headers.map((/** @type {{name: string, value: string}} */ { name, value }) => [name, value]);
    return { request: { headers: pairs, body } };
  },
});

const refreshTenants = paced(async () => {
  ({ tenants } = await api.get("tenants"));
  list.show(tenants, current);
  if (current && !tenants.some((tenant) => tenant.id === current)) {
    say(`Tenant ${current} was removed`, "problem");
    choose("", "replaceState");
  }
}, always);

/**
 * Show a tenant; without an id the default one.
 * @param {string} id
 * @param {"pushState" | "replaceState" | null} change what becomes of the address of the page
 */
function choose(id, change) {
  const line = tenants.find((tenant) => tenant.id === id)
    ?? tenants.find((tenant) => tenant.id === DEFAULT_TENANT) ?? tenants[0];
  if (id && line.id !== id) say(`There is no tenant ${id}; this is ${line.id}`, "problem");
  if (change) history[change](null, "", `?tenant=${encodeURIComponent(line.id)}`);
  current = line.id;
  document.title = `${line.id} – superoffice-mock`;
  write(find("tenant-name"), line.id);
  const kind = line.installation === "online" ? `Online${line.granted ? "" : ", without the grant of the EMail agent"}` : "Onsite";
  find("tenant-facts").replaceChildren(`${kind}${line.made ? ", temporary" : ""} · `, make("code", {}, line.url));
  list.show(tenants, current);
  mount(line);
}

/** @param {TenantLine} line */
function mount(line) {
  leave.abort();
  leave = new AbortController();
  const { signal } = leave;
  /** @type {((change: Change) => void)[]} */
  const callbacks = [];
  /** @type {Context} */
  const entered = {
    api: makeApi(signal, signIn),
    tenant: line.id,
    line,
    signal,
    isDown: false,
    at: (path) => `${path}${path.includes("?") ? "&" : "?"}tenant=${encodeURIComponent(line.id)}`,
    calls: new Map(),
    timeline: view,
    onChange: (callback) => callbacks.push(callback),
    onSelect: (callback) => selectCallbacks.push(callback),
    say,
  };
  context = entered;
  selectCallbacks = [];
  for (const [id, mountPanel] of PANELS) {
    const element = find(id);
    element.replaceChildren();
    mountPanel(element, entered);
  }
  view.clear();
  const hint = find("first-minute");
  hint.hidden = true;
  const wait = line.clock === "freeze" ? " The clock is frozen: the second call waits until you advance it." : "";
  write(hint, `No call has arrived at ${line.id} yet. Press “Send the sample”, then “Send as a second caller” before its run ends, and watch the timeline: both are answered 204, but the second one did nothing.${wait}`);
  follow(entered, view, (change) => {
    hint.hidden = entered.calls.size > 0;
    for (const callback of callbacks) callback(change);
    refreshTenants();
  }, (state) => {
    entered.isDown = state === "disconnected";
    find("live").dataset.state = state;
    write(find("live"), LINK_WORDS[state]);
    if (state === "disconnected") refreshTenants();
  });
}

/** @type {Promise<void> | null} */
let signingIn = null;

/** Ask for the control token, once for all calls that need it. */
function signIn() {
  const dialog = /** @type {HTMLDialogElement} */ (find("sign-in"));
  signingIn ??= new Promise((resolve) => {
    showSignIn(dialog, () => {
      signingIn = null;
      dialog.close();
      resolve(mountSignOut(signOut));
    });
    dialog.onclose = () => {
      if (signingIn) dialog.showModal();
    };
    dialog.showModal();
  });
  return signingIn;
}

async function start() {
  const { needed, signed_in: isSignedIn } = await api.get("session");
  await (needed && !isSignedIn ? signIn() : mountSignOut(signOut));
  const [health] = await Promise.all([
    api.get("health"),
    api.get("tenants").then((answer) => ({ tenants } = answer)),
  ]);
  write(find("version"), health.version);
  const chosen = () => new URLSearchParams(location.search).get("tenant") ?? "";
  choose(chosen(), null);
  addEventListener("popstate", () => choose(chosen(), null));
  setInterval(() => {
    if (!document.hidden) refreshTenants();
  }, TENANTS_EVERY);
}

start();
