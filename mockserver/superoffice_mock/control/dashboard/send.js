// Calls that the page makes itself, so that the silent drop is seen in the first minute.

import { actionButton, isExpected, make, write } from "./dom.js";
import { PATH } from "./credentials.js";

/** @typedef {import("./context.js").Context} Context */
/** @typedef {import("./credentials.js").SignIn} SignIn */

const SHOWN = 4;
const SLOW = 1500;

/**
 * @param {HTMLElement} element
 * @param {Context} context
 */
export function mountSend(element, context) {
  const { api, at, say } = context;
  const results = make("ol", { class: "sent", "aria-label": "What the page has sent", "aria-live": "polite" });
  const first = field("Accounts of the sample", "507");
  const second = field("Accounts of the second caller", "511");
  element.append(
    make("div", { class: "row" },
      actionButton("Send the sample", () => send(0, first), { class: "primary" }), first,
      actionButton("Send as a second caller", () => send(1, second)), second),
    results,
  );

  /**
   * @param {number} caller
   * @param {HTMLInputElement} accounts
   */
  async function send(caller, accounts) {
    const ids = accounts.value.split(/[\s,;]+/).filter(Boolean).map(Number);
    if (!ids.length || ids.some((id) => !Number.isSafeInteger(id))) {
      say(`${accounts.ariaLabel}: write ids, such as 501, 502`, "problem");
      accounts.focus();
      return;
    }
    const answer = await api.get(at("credentials"));
    // A page can't send a Cookie of its own.
    const usable = answer.sign_ins.filter((/** @type {SignIn} */ { headers }) => !("Cookie" in headers));
    const signIn = usable[Math.min(caller, usable.length - 1)];
    if (!signIn) {
      say("the tenant has no credentials that a page can send; add a user or a ticket to it", "problem");
      return;
    }
    show(signIn, ids, caller > 0 && usable.length === 1);
  }

  /**
   * @param {SignIn} signIn
   * @param {number[]} ids
   * @param {boolean} isSame the tenant knows no second caller
   */
  async function show(signIn, ids, isSame) {
    const seen = make("span", {}, "waiting for the answer …");
    const truth = make("span", { class: "truth" });
    const who = `${signIn.name}${isSame ? ", the only caller that the tenant knows," : ""}`;
    const line = make("li", {}, make("b", {}, who), ` asked for ${ids.join(", ")}. The app sees: `, seen, " ", truth);
    results.prepend(line);
    while (results.children.length > SHOWN) results.lastElementChild?.remove();
    let isOver = false;
    const slow = setTimeout(async () => {
      const clock = await api.get(at("clock")).catch(expected);
      if (clock?.clock === "freeze" && !isOver) write(seen, "no answer yet, as the clock is frozen: advance the clock.");
    }, SLOW);
    try {
      const { requests: before } = await api.get(at("requests?limit=1"));
      const since = before.at(-1)?.id ?? 0;
      const began = performance.now();
      const response = await fetch(`../${encodeURIComponent(context.tenant)}${PATH}`, {
        method: "POST",
        headers: { ...signIn.headers, "Content-Type": "application/json" },
        body: JSON.stringify({ SyncUserAccounts: ids.map((id) => ({ AccountId: id })) }),
        credentials: "omit",
      });
      const took = (performance.now() - began) / 1000;
      isOver = true;
      write(seen, `${response.status} after ${took.toFixed(1)} s.`);
      const { requests } = await api.get(at(`requests?since=${since}`));
      const own = requests.find((/** @type {any} */ { accounts, outcome }) =>
        outcome !== "pending" && (accounts?.map((/** @type {any} */ { AccountId }) => AccountId) ?? ids).join() === ids.slice(0, 100).join());
      if (!own) return;
      truth.dataset.outcome = own.outcome;
      write(truth, `What really happened: ${truthOf(own)}.`);
    } catch (error) {
      isOver = true;
      write(seen, `no answer: ${error instanceof Error ? error.message : error}.`);
    } finally {
      clearTimeout(slow);
    }
  }
}

/** @param {unknown} error */
function expected(error) {
  if (!isExpected(error)) throw error;
}

/** @param {{outcome: string, run: number | null, reason: string | null}} call */
function truthOf({ outcome, run, reason }) {
  if (outcome === "started") return `started run ${run}`;
  if (outcome === "turned_away") return `turned away: nothing was started${reason ? ` (${reason})` : ""}`;
  return `${outcome === "rejected" ? "refused" : outcome}${reason ? `: ${reason}` : ""}`;
}

/**
 * @param {string} name
 * @param {string} value
 */
function field(name, value) {
  return make("input", { type: "text", "aria-label": name, value, size: 12, autocomplete: "off" });
}
