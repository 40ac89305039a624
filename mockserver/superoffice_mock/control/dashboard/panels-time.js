// The clock of a tenant and its lease, with the buttons that change them.

import { actionButton, count, dateOf, enable, make, paced, secondsText, timeOf, write } from "./dom.js";

/** @typedef {import("./context.js").Context} Context */
/** @typedef {{clock: string, now: string, stands_still: boolean, in_flight: number, waiting: number}} Clock */
/** @typedef {{held: boolean, holder: import("./context.js").Holder, waiting: number}} Lease */

const TICK = 100;

/** @type {[string, string, string][]} the name of a clock, its button, and what it says then */
const CLOCKS = [
  ["real", "Run in real time", "The clock runs in real time"],
  ["freeze", "Freeze", "The clock is frozen"],
  ["jump", "Let it jump", "The clock jumps to the next moment that a call waits for"],
];

/**
 * @param {HTMLElement} element
 * @param {Context} context
 */
export function mountClock(element, context) {
  const { api, at, onChange, say, signal } = context;
  /** @type {Clock | null} */
  let clock = null;
  let readAt = 0;
  const time = make("output", { class: "time", "aria-label": "Time of the tenant, in UTC", "aria-live": "off" });
  const day = make("span", { class: "soft" });
  const kind = make("p", { class: "soft" });
  const buttons = CLOCKS.map(([name, label, done]) =>
    actionButton(label, async () => {
      show(await api.send("POST", at(`clock/${name}`)));
      say(done);
    }, { "aria-pressed": "false", "data-clock": name }),
  );
  const seconds = make("input", { type: "number", min: 0, max: 1_000_000_000, step: "any", value: 5, required: true, "aria-label": "Seconds to advance" });
  const advance = actionButton("Advance by 5 s", async () => {
    if (seconds.reportValidity()) await move({ seconds: seconds.valueAsNumber });
  });
  seconds.addEventListener("input", () => {
    if (seconds.validity.valid) write(advance, `Advance by ${seconds.valueAsNumber} s`);
  });
  const idle = actionButton("Advance until idle", () => move({ until: "idle" }));
  const hint = make("p", { class: "soft" });
  const events = make("ol", { class: "events", "aria-label": "What happened while the clock advanced" });
  element.append(
    make("p", { class: "big" }, time, " ", day), kind,
    make("div", { class: "segments", role: "group", "aria-label": "How the clock runs" }, ...buttons),
    make("div", { class: "row" }, seconds, advance, idle), hint, events,
  );
  seconds.addEventListener("keydown", (event) => {
    if (event.key === "Enter") advance.click();
  });

  /** @param {object} body */
  async function move(body) {
    const answer = await api.send("POST", at("clock/advance"), body);
    show(answer);
    const shown = answer.events.slice(0, 20);
    const lines = shown.map((/** @type {any} */ event) => make("li", {}, `${timeOf(event.at)} ${eventText(event)}`));
    if (answer.events.length > shown.length) lines.push(make("li", {}, `and ${answer.events.length - shown.length} more`));
    events.replaceChildren(...lines);
    say(`It is ${timeOf(answer.now)}; ${answer.events.length ? count(answer.events.length, "event") : "nothing"} happened on the way`);
  }

  /** @param {Clock} answer */
  function show(answer) {
    clock = answer;
    readAt = performance.now();
    for (const button of buttons) button.setAttribute("aria-pressed", `${button.dataset.clock === answer.clock}`);
    write(kind, `${answer.in_flight} in flight · ${answer.waiting} waiting`);
    write(hint, answer.stands_still ? "" : "Freeze the clock or let it jump, to advance it.");
    enable(answer.stands_still, advance, idle);
    tick();
  }

  function tick() {
    if (clock === null) return;
    const passed = clock.stands_still ? 0 : performance.now() - readAt;
    const now = new Date(Date.parse(clock.now) + passed).toISOString();
    write(time, clock.stands_still ? timeOf(now) : timeOf(now).slice(0, 10));
    write(day, `${dateOf(now).slice(0, 10)} UTC`);
  }

  const refresh = paced(async () => show(await api.get(at("clock"))), context);
  onChange(refresh);
  repeat(tick, TICK, signal);
  refresh();
}

/** @param {any} event */
function eventText(event) {
  const { event: name, at: _at, ...rest } = event;
  const details = Object.entries(rest).map(([member, value]) => `${member} ${value}`);
  return `${name.replace("-", " ")}: ${details.join(", ")}`;
}

/**
 * @param {HTMLElement} element
 * @param {Context} context
 */
export function mountLease(element, context) {
  const { api, at, onChange, say, signal } = context;
  /** @type {Lease | null} */
  let lease = null;
  let standsStill = false;
  /** The moment of the page at which the run ends, if the clock runs. */
  let endsAt = 0;
  const holder = make("p", { class: "big" });
  const details = make("p", { class: "soft" });
  const waiting = make("p", { class: "soft" });
  const hold = actionButton("Hold the lease", async () => {
    show(await api.send("POST", at("lease/hold")));
    say("The lease is held by hand: every call that syncs is turned away until you release it");
  });
  const release = actionButton("Release the lease", async () => {
    const answer = await api.send("POST", at("lease/release"));
    show(answer);
    const was = answer.released;
    say(was === null ? "Nobody held the lease" : was.by === "hand" ? "The hold is released" : `Run ${was.run} is ended`);
  });
  element.append(holder, details, waiting, make("div", { class: "row" }, hold, release));

  /** @param {Lease} answer */
  function show(answer) {
    lease = answer;
    const by = answer.holder;
    endsAt = by?.seconds_left === undefined ? 0 : performance.now() + 1000 * by.seconds_left;
    element.dataset.held = by?.by ?? "";
    write(details, by === null ? "The next call that syncs starts a run." : by.by === "hand" ? `since ${timeOf(by.since)}` :
      `${count(by.accounts ?? 0, "account")}, started by call ${by.request} at ${timeOf(by.since)}, until ${timeOf(by.ends_at ?? by.since)}`);
    write(waiting, answer.waiting ? `${count(answer.waiting, "call")} waiting` : "");
    write(release, by?.by === "run" ? `Release: end run ${by.run}` : "Release the lease");
    enable(by === null, hold);
    enable(by !== null, release);
    tick();
  }

  function tick() {
    if (lease === null) return;
    const by = lease.holder;
    if (by?.by !== "run") {
      write(holder, by === null ? "Free" : "Held by hand");
      return;
    }
    const left = standsStill ? (by.seconds_left ?? 0) : Math.max(0, (endsAt - performance.now()) / 1000);
    write(holder, `Held by run ${by.run}, ${secondsText(left)} left`);
    if (left === 0 && !standsStill) refresh();
  }

  const refresh = paced(async () => {
    const [answer, clock] = await Promise.all([api.get(at("lease")), api.get(at("clock"))]);
    standsStill = clock.stands_still;
    show(answer);
  }, context);
  onChange(refresh);
  repeat(tick, TICK, signal);
  refresh();
}

/**
 * Do some work every so many milliseconds while the page is seen, until the signal is aborted.
 * @param {() => void} work
 * @param {number} every
 * @param {AbortSignal} signal
 */
function repeat(work, every, signal) {
  const timer = setInterval(() => {
    if (!document.hidden) work();
  }, every);
  signal.addEventListener("abort", () => clearInterval(timer));
}
