// @ts-check
/**
 * Draws timelines: calls in the lanes of their callers, the lease behind them, and its tasks.
 *
 * `new TimelineView(element).show(timeline)`; a timeline is what `GET /_mock/timeline?format=json`
 * answers, see model.py. In a file, each `<script type="application/json" data-timeline>` is drawn
 * in place of the element behind it. Text of a timeline never becomes markup.
 */

/**
 * @typedef {{headers?: [string, string][], body?: string}} Message
 * @typedef {{
 *   id: string, at: number, caller: string, method: string, path: string, outcome: string,
 *   answered_at?: number, operation?: string, accounts?: number[], account_count?: number,
 *   became?: string, confidence?: string, status?: number, hung_up?: boolean, run?: number,
 *   holder?: string, retry_at?: number, lost?: number[], reason?: string, violations?: string[],
 *   request?: Message, response?: Message,
 * }} Call
 * @typedef {{account: number, started_at: number, ends_at: number, state: string}} Step
 * @typedef {{
 *   id: number, call: string, started_at: number, ends_at: number, state?: string,
 *   tasks?: Step[][], omitted?: number, confidence?: string, latest_end?: number,
 *   holds_lease?: boolean,
 * }} Run
 * @typedef {{since: number, until?: number}} Hold
 * @typedef {{id: number, last_fetch?: number, status?: string, is_lost?: boolean}} Account
 * @typedef {{
 *   title: string, headline: string, calls?: Call[], runs?: Run[], holds?: Hold[],
 *   accounts?: Account[], advice?: string[], tenant?: string, clock?: string, now?: number,
 *   forgotten?: number, omitted?: number,
 * }} Timeline
 * @typedef {{request?: Message, response?: Message}} Details
 * @typedef {{
 *   onselect?: (call: Call | null) => void, details?: (call: Call) => Promise<Details>,
 * }} Options
 * @typedef {{calls: Call[], kind: string, start: number, end: number, row: number}} Bar
 * @typedef {{bar: Bar, x: number, y: number, width: number, model: Model}} PlacedBar
 */

const SVG = "http://www.w3.org/2000/svg";
const MAX_CALLS = 10000;
const MAX_LANES = 30;
const MAX_ROWS = 10;
/** Bars that are drawn at once; more are grouped. */
const MAX_BARS = 400;
/** How many times longer than the gap between two calls a group of them may be. */
const MAX_GROUP = 20;
/** How many pixels of its row a bar takes at least, with what stands behind its end. */
const SHORTEST = 16;
const MAX_BANDS = 150;
const MAX_STEPS = 600;
const MAX_TABLE_ROWS = 500;
const MAX_ADVICE = 4;
/** Runs whose tasks are open at first. */
const FEW_RUNS = 3;
const ROW = 24;
const BAR = 14;
const TASK = 7;
const NARROW = 640;
const OTHERS = "other callers";

/** What the kinds of calls mean, in the words of the legend. @type {Record<string, string>} */
const KINDS = {
  started: "started a run",
  served: "answered",
  turned_away: "turned away: 204, and nothing was done",
  rejected: "refused",
  faulted: "ended by a fault",
  pending: "not answered yet",
  unknown: "outcome unknown",
  crashed: "the mock crashed",
};
const STEPS = [
  0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21600, 86400,
];
let lastView = 0;

/** @param {Call} call */
const kindOf = (call) => {
  const kind = call.became ?? call.outcome;
  return kind in KINDS ? kind : "unknown";
};
/** @param {Call} call */
const endOf = (call) => call.answered_at ?? null;
/** @param {number} number @param {string} noun */
const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
/** @param {number} moment */
const timeOfDay = (moment) => new Date(moment * 1000).toISOString().slice(11, 23);

/** @param {number} seconds */
function formatSeconds(seconds) {
  const rounded = Math.round(seconds * 100) / 100;
  if (Math.abs(rounded) < 120) return `+${rounded} s`;
  if (Math.abs(rounded) < 7200) return `+${Math.round(rounded / 6) / 10} min`;
  return `+${Math.round(rounded / 360) / 10} h`;
}

/** @param {number[]} ids @param {number} [all] */
function listAccounts(ids, all = ids.length) {
  const spans = [];
  for (let first = 0; first < ids.length; ) {
    let last = first;
    while (ids[last + 1] === ids[last] + 1) last++;
    spans.push(last - first > 1 ? `${ids[first]}-${ids[last]}` : ids.slice(first, last + 1).join(", "));
    first = last + 1;
  }
  const shown = spans.slice(0, 12).join(", ");
  return all > ids.length || spans.length > 12 ? `${shown}, … (${all} in all)` : shown;
}

/** @param {Call} call */
function describe(call) {
  const number = /^\d+$/.test(call.id) ? `#${call.id}` : call.id;
  const accounts = listAccounts(call.accounts ?? [], call.account_count);
  const what = `${number} ${call.method} ${call.operation ?? call.path} ${accounts}`.trim();
  const end = endOf(call);
  const took = end === null ? "" : ` after ${(end - call.at).toFixed(1)} s`;
  const status = call.status === undefined ? "" : ` ${call.status}`;
  const sure = call.confidence ? ` (${call.confidence} confidence)` : "";
  const replayed = call.outcome === "replayed" ? "replayed; " : "";
  const answer = status || took ? `:${status}${took}` : "";
  return `${what}${answer}, ${replayed}${KINDS[kindOf(call)]}${sure}`;
}

/**
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name @param {string} [className] @param {string} [text]
 */
function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

/**
 * @param {string} name @param {Record<string, string | number>} attributes
 * @param {(Node | string)[]} children
 */
function svg(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
}

/** @param {number} x @param {number} y @param {string} text @param {string} className @param {string} [anchor] */
const label = (x, y, text, className, anchor = "start") =>
  svg("text", { x, y, class: className, "text-anchor": anchor }, text);

/** The calls and runs of one timeline, in the order of time. */
class Model {
  /** @param {Timeline} timeline */
  constructor(timeline) {
    this.title = timeline.title;
    this.headline = timeline.headline;
    this.advice = timeline.advice ?? [];
    this.holds = timeline.holds ?? [];
    this.clock = timeline.clock;
    this.now = timeline.now;
    this.nowReadAt = performance.now();
    this.forgotten = timeline.forgotten ?? 0;
    this.omitted = timeline.omitted ?? 0;
    /** @type {Map<string, Call>} */
    this.byId = new Map();
    /** @type {Call[]} */
    this.calls = [];
    /** @type {Map<number, Run>} */
    this.runs = new Map();
    /** @type {Map<string, Call[]>} */
    this.lanes = new Map();
    this.longest = 0;
    this.merge(timeline.calls ?? [], timeline.runs ?? []);
  }

  /** @param {Call[]} calls @param {Run[]} runs */
  merge(calls, runs) {
    for (const call of calls) {
      const known = this.byId.get(call.id);
      if (known) {
        const lane = known.caller;
        for (const key of Object.keys(known)) if (!(key in call)) delete (/** @type {any} */ (known)[key]);
        Object.assign(known, call);
        if (lane !== call.caller) this.#sortLanes();
      } else {
        this.byId.set(call.id, call);
        this.#insert(this.calls, call);
        this.#insert(this.#laneOf(call), call);
      }
      this.longest = Math.max(this.longest, (endOf(call) ?? call.at) - call.at);
    }
    for (const run of runs) this.runs.set(run.id, run);
    if (this.calls.length > MAX_CALLS * 1.05) this.#forget(this.calls.length - MAX_CALLS);
  }

  /** @param {Call[]} list @param {Call} call */
  #insert(list, call) {
    let place = list.length;
    while (place > 0 && list[place - 1].at > call.at) place--;
    list.splice(place, 0, call);
  }

  /** @param {Call} call */
  #laneOf(call) {
    const isOwn = this.lanes.has(call.caller) || this.lanes.size < MAX_LANES;
    const name = isOwn ? call.caller : OTHERS;
    const lane = this.lanes.get(name) ?? [];
    this.lanes.set(name, lane);
    return lane;
  }

  #sortLanes() {
    this.lanes.clear();
    for (const call of this.calls) this.#laneOf(call).push(call);
  }

  /** @param {number} number */
  #forget(number) {
    for (const call of this.calls.splice(0, number)) {
      this.byId.delete(call.id);
      if (call.run !== undefined) this.runs.delete(call.run);
    }
    this.omitted += number;
    this.#sortLanes();
  }

  get start() {
    let start = this.calls.length ? this.calls[0].at : Infinity;
    for (const hold of this.holds) start = Math.min(start, hold.since);
    return Number.isFinite(start) ? start : (this.now ?? 0);
  }

  /** The clock of the tenant as it is now, if it runs; else as it was told. */
  get currentTime() {
    if (this.now === undefined) return undefined;
    return this.clock === "real" ? this.now + (performance.now() - this.nowReadAt) / 1000 : this.now;
  }

  get isOpen() {
    const now = this.currentTime ?? 0;
    const last = [...this.runs.values()].at(-1);
    return (last && last.ends_at > now) || this.holds.length > 0 || this.calls.at(-1)?.outcome === "pending";
  }

  get end() {
    let end = this.start + 0.1;
    const newest = this.calls.slice(-200);
    for (const call of newest) end = Math.max(end, endOf(call) ?? call.at);
    for (const run of [...this.runs.values()].slice(-200)) end = Math.max(end, run.latest_end ?? run.ends_at);
    return this.isOpen ? Math.max(end, this.currentTime ?? 0) : Math.max(end, this.start + this.longest);
  }
}

/**
 * Groups calls of one kind that begin closer than *apart* seconds, and gives each bar, which takes
 * at least *least* seconds, a row.
 * @param {Call[]} calls @param {number} end @param {number} apart @param {number} least
 * @returns {Bar[]}
 */
function arrange(calls, end, apart, least) {
  /** @type {Bar[]} */
  const bars = [];
  /** @type {Map<string, Bar>} */
  const latest = new Map();
  for (const call of calls) {
    const kind = kindOf(call);
    const key = `${kind} ${call.outcome === "replayed"} ${Boolean(call.confidence)}`;
    const callEnd = endOf(call) ?? (call.outcome === "pending" ? end : call.at);
    const bar = latest.get(key);
    const isClose = bar && call.at - bar.calls[bar.calls.length - 1].at < apart;
    if (bar && isClose && call.at - bar.start < MAX_GROUP * apart) {
      bar.calls.push(call);
      bar.end = Math.max(bar.end, callEnd);
    } else {
      const made = { calls: [call], kind, start: call.at, end: callEnd, row: 0 };
      latest.set(key, made);
      bars.push(made);
    }
  }
  /** @type {number[]} */
  const freeAt = [];
  for (const bar of bars) {
    let row = freeAt.findIndex((moment) => moment <= bar.start);
    if (row < 0) row = Math.min(freeAt.length, MAX_ROWS - 1);
    bar.row = row;
    freeAt[row] = Math.max(freeAt[row] ?? 0, bar.end, bar.start + least);
  }
  return bars;
}

/**
 * The part of *calls*, sorted by time, that may be seen between two moments.
 * @param {Call[]} calls @param {number} from @param {number} to
 */
function between(calls, from, to) {
  /** @param {number} moment */
  const find = (moment) => {
    let low = 0;
    let high = calls.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (calls[middle].at < moment) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return calls.slice(find(from), find(to));
}

export class TimelineView {
  /** @type {Model[]} */
  #models = [];
  /** The seconds behind the start that are shown; null: all. @type {[number, number] | null} */
  #window = null;
  /** @type {PlacedBar[]} */
  #placed = [];
  /** @type {{id: string, model: Model} | null} */
  #cursor = null;
  /** @type {{id: string, model: Model} | null} */
  #pinned = null;
  /** @type {boolean | null} */
  #tasksOpen = null;
  #width = 0;
  #frame = 0;
  #lastDraw = 0;
  #drawTime = 0;
  #timer = 0;
  #tableTimer = 0;
  #name = `timeline-${++lastView}`;

  /** @param {HTMLElement} container @param {Options} [options] */
  constructor(container, options = {}) {
    this.container = container;
    this.options = options;
    this.root = element("section", "timeline");
    this.root.setAttribute("aria-label", "Timeline");
    this.words = element("div", "timeline-words");
    this.bar = element("div", "timeline-toolbar");
    this.bar.setAttribute("role", "toolbar");
    this.bar.setAttribute("aria-label", "View");
    this.stage = element("div", "timeline-stage");
    this.stage.tabIndex = 0;
    this.stage.setAttribute("role", "application");
    this.stage.setAttribute("aria-label", "Calls over time");
    this.stage.setAttribute("aria-describedby", `${this.#name}-keys`);
    this.tooltip = element("div", "timeline-tooltip");
    this.tooltip.hidden = true;
    this.announcer = element("div", "timeline-hidden");
    this.announcer.setAttribute("aria-live", "polite");
    this.legend = element("ul", "timeline-legend");
    this.legend.setAttribute("aria-label", "Legend");
    const keys = element("p", "timeline-keys",
      "Arrow keys: other calls. Enter: show one. + and −: zoom. Home: everything. Escape: close.");
    keys.id = `${this.#name}-keys`;
    this.panel = element("div", "timeline-details");
    this.panel.hidden = true;
    this.table = element("details", "timeline-table");
    this.table.append(element("summary", "", "Table of the calls in view"));
    this.table.addEventListener("toggle", () => this.#drawTable());
    this.#makeToolbar();
    this.root.append(this.words, this.bar, this.stage, this.legend, keys, this.panel, this.table,
      this.tooltip, this.announcer);
    container.append(this.root);
    this.#listen();
    this.resizes = new ResizeObserver(() => {
      const width = this.stage.clientWidth;
      if (width !== this.#width) {
        this.#width = width;
        this.#schedule();
      }
    });
    this.resizes.observe(this.stage);
  }

  /** Shows other timelines: one, or several one below the other, aligned at their starts.
   * @param {Timeline | Timeline[]} timeline */
  show(timeline) {
    const timelines = Array.isArray(timeline) ? timeline : [timeline];
    const old = this.#pinned;
    this.#models = timelines.map((each) => new Model(each));
    this.#cursor = this.#pinned = null;
    if (this.#tasksOpen === null) {
      const runs = this.#models.reduce((sum, model) => sum + model.runs.size, 0);
      this.#tasksOpen = runs > 0 && runs <= FEW_RUNS ? true : null;
    }
    if (old && this.#models[0]?.byId.has(old.id)) this.select(old.id);
    else this.#showDetails(null);
    this.#schedule();
  }

  /** Merges calls and runs into the first timeline; what is missing stays.
   * @param {Partial<Timeline>} change */
  update(change) {
    const [model] = this.#models;
    if (!model) {
      this.show({ title: "", headline: "", ...change });
      return;
    }
    model.merge(change.calls ?? [], change.runs ?? []);
    model.headline = change.headline ?? model.headline;
    model.advice = change.advice ?? model.advice;
    model.holds = change.holds ?? model.holds;
    model.clock = change.clock ?? model.clock;
    model.forgotten = change.forgotten ?? model.forgotten;
    if (change.now !== undefined) {
      model.now = change.now;
      model.nowReadAt = performance.now();
    }
    const pinned = this.#pinned && change.calls?.find((call) => call.id === this.#pinned?.id);
    if (pinned) this.#showDetails(model.byId.get(pinned.id) ?? null);
    this.#schedule();
  }

  /** Pins the call *id* of the first timeline that has it, or none. @param {string | null} id */
  select(id) {
    const model = id === null ? undefined : this.#models.find((each) => each.byId.has(id));
    this.#pinned = id !== null && model ? { id, model } : null;
    if (this.#pinned) this.#cursor = this.#pinned;
    const call = this.#pinned?.model.byId.get(this.#pinned.id) ?? null;
    if (call && model) this.#reveal(call, model);
    this.#showDetails(call);
    this.#schedule();
  }

  clear() {
    this.show([]);
  }

  destroy() {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    clearTimeout(this.#tableTimer);
    this.resizes.disconnect();
    this.root.remove();
  }

  // ---- controls ----

  #makeToolbar() {
    /** @type {[string, string, () => void][]} */
    const buttons = [
      ["−", "Zoom out", () => this.#zoom(2)],
      ["+", "Zoom in", () => this.#zoom(0.5)],
      ["All", "All: show everything", () => this.#setWindow(null)],
    ];
    for (const [text, name, act] of buttons) {
      const button = element("button", "", text);
      button.type = "button";
      button.title = name;
      button.setAttribute("aria-label", name);
      button.addEventListener("click", act);
      this.bar.append(button);
    }
    this.tasksButton = element("button", "", "Tasks");
    this.tasksButton.type = "button";
    this.tasksButton.title = "Show the tasks of the runs";
    this.tasksButton.addEventListener("click", () => this.#toggleTasks());
    this.bar.append(this.tasksButton);
  }

  #listen() {
    const { stage } = this;
    stage.addEventListener("keydown", (event) => this.#onKey(event));
    stage.addEventListener("blur", () => this.#hideTooltip());
    stage.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const at = event.clientX - stage.getBoundingClientRect().left;
      this.#zoom(event.deltaY > 0 ? 1.25 : 0.8, this.#secondsAt(at));
    }, { passive: false });
    /** @type {{x: number, window: [number, number]} | null} */
    let drag = null;
    let moved = false;
    stage.addEventListener("pointerdown", (event) => {
      if (event.button === 0) drag = { x: event.clientX, window: this.#shownWindow() };
      moved = false;
    });
    stage.addEventListener("pointermove", (event) => {
      if (drag && event.buttons & 1) {
        const pixels = event.clientX - drag.x;
        if (Math.abs(pixels) > 4 && !moved) {
          moved = true;
          stage.setPointerCapture(event.pointerId);
        }
        if (moved) {
          const seconds = (pixels * (drag.window[1] - drag.window[0])) / this.#plotWidth();
          this.#setWindow([drag.window[0] - seconds, drag.window[1] - seconds]);
          return;
        }
      }
      const placed = this.#placedUnder(event.target);
      if (placed) this.#showTooltip(placed);
      else this.#hideTooltip();
    });
    stage.addEventListener("pointerleave", () => this.#hideTooltip());
    stage.addEventListener("click", (event) => {
      drag = null;
      if (moved) return;
      const target = /** @type {Element} */ (event.target);
      const placed = this.#placedUnder(target);
      if (placed) this.#open(placed);
      else if (target.closest("[data-lease]")) this.#toggleTasks();
      else this.select(null);
    });
  }

  /** @param {EventTarget | null} target */
  #placedUnder(target) {
    const node = target instanceof Element ? target.closest("[data-bar]") : null;
    return node ? this.#placed[Number(node.getAttribute("data-bar"))] : undefined;
  }

  /** @param {PlacedBar} placed */
  #open(placed) {
    const { bar, model } = placed;
    if (bar.calls.length === 1) {
      this.#pinned = this.#cursor = { id: bar.calls[0].id, model };
      this.#showDetails(bar.calls[0]);
      this.options.onselect?.(bar.calls[0]);
      this.#schedule();
      return;
    }
    const first = bar.calls[0].at - model.start;
    const last = bar.calls[bar.calls.length - 1].at - model.start;
    const margin = Math.max((last - first) * 0.2, 0.05);
    this.#cursor = { id: bar.calls[0].id, model };
    this.#setWindow([first - margin, last + margin]);
  }

  #toggleTasks() {
    this.#tasksOpen = !this.#tasksOpen;
    this.#schedule();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    /** @type {Record<string, () => void>} */
    const actions = {
      ArrowRight: () => this.#move(1),
      ArrowLeft: () => this.#move(-1),
      ArrowDown: () => this.#moveLane(1),
      ArrowUp: () => this.#moveLane(-1),
      "+": () => this.#zoom(0.5, this.#cursorSeconds()),
      "=": () => this.#zoom(0.5, this.#cursorSeconds()),
      "-": () => this.#zoom(2, this.#cursorSeconds()),
      Home: () => this.#setWindow(null),
      Enter: () => this.#openCursor(),
      " ": () => this.#openCursor(),
      Escape: () => this.select(null),
      t: () => this.#toggleTasks(),
    };
    const act = actions[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  #cursorCall() {
    return this.#cursor ? this.#cursor.model.byId.get(this.#cursor.id) : undefined;
  }

  #cursorSeconds() {
    const call = this.#cursorCall();
    return call && this.#cursor ? call.at - this.#cursor.model.start : undefined;
  }

  #openCursor() {
    const call = this.#cursorCall();
    if (!call || !this.#cursor) return;
    this.#pinned = this.#cursor;
    this.#showDetails(call);
    this.options.onselect?.(call);
    this.#schedule();
  }

  /** Moves the cursor among all calls in the order of time. @param {number} by */
  #move(by) {
    const model = this.#cursor?.model ?? this.#models[0];
    if (!model?.calls.length) return;
    const call = this.#cursorCall();
    const place = call ? model.calls.indexOf(call) + by : by > 0 ? 0 : model.calls.length - 1;
    this.#setCursor(model, model.calls[Math.min(Math.max(place, 0), model.calls.length - 1)]);
  }

  /** Moves the cursor to the nearest call of the next lane, also of the next timeline.
   * @param {number} by */
  #moveLane(by) {
    const lanes = this.#models.flatMap((model) =>
      [...model.lanes.entries()].map(([name, calls]) => ({ model, name, calls })));
    if (!lanes.length) return;
    const call = this.#cursorCall();
    const current = lanes.findIndex(({ model, calls }) =>
      model === this.#cursor?.model && call !== undefined && calls.includes(call));
    const next = lanes[Math.min(Math.max(current + by, 0), lanes.length - 1)];
    const seconds = this.#cursorSeconds() ?? 0;
    let nearest = next.calls[0];
    for (const each of next.calls) {
      const distance = Math.abs(each.at - next.model.start - seconds);
      if (distance < Math.abs(nearest.at - next.model.start - seconds)) nearest = each;
    }
    this.#setCursor(next.model, nearest);
  }

  /** @param {Model} model @param {Call} call */
  #setCursor(model, call) {
    this.#cursor = { id: call.id, model };
    this.#reveal(call, model);
    this.announcer.textContent = describe(call);
    this.#draw();
    const placed = this.#placed.find(({ bar }) => bar.calls.includes(call));
    if (placed) this.#showTooltip(placed, call);
  }

  /** @param {Call} call @param {Model} model */
  #reveal(call, model) {
    if (!this.#window) return;
    const [from, to] = this.#window;
    const seconds = call.at - model.start;
    if (seconds >= from && seconds <= to) return;
    const half = (to - from) / 2;
    this.#setWindow([seconds - half, seconds + half]);
  }

  // ---- what is in view ----

  #totalSeconds() {
    return Math.max(0.1, ...this.#models.map((model) => model.end - model.start)) * 1.03;
  }

  /** @returns {[number, number]} */
  #shownWindow() {
    return this.#window ?? [0, this.#totalSeconds()];
  }

  /** @param {[number, number] | null} window */
  #setWindow(window) {
    if (window) {
      const all = this.#totalSeconds();
      const length = Math.min(Math.max(window[1] - window[0], 0.02), all);
      const from = Math.min(Math.max(window[0], -length * 0.1), all - length * 0.9);
      window = length >= all * 0.999 ? null : [from, from + length];
    }
    this.#window = window;
    this.#schedule();
  }

  /** @param {number} factor @param {number} [around] */
  #zoom(factor, around) {
    const [from, to] = this.#shownWindow();
    const center = around ?? (from + to) / 2;
    this.#setWindow([center - (center - from) * factor, center + (to - center) * factor]);
  }

  #left() {
    return this.#width < NARROW ? 8 : 190;
  }

  #plotWidth() {
    return Math.max(this.#width - this.#left() - 24, 50);
  }

  /** @param {number} x */
  #secondsAt(x) {
    const [from, to] = this.#shownWindow();
    return from + ((x - this.#left()) / this.#plotWidth()) * (to - from);
  }

  // ---- drawing ----

  #schedule() {
    if (this.#frame) return;
    // A drawing may take at most a third of the time.
    const wait = Math.max(0, this.#lastDraw + 3 * this.#drawTime - performance.now());
    this.#frame = wait > 16
      ? (clearTimeout(this.#timer), this.#timer = window.setTimeout(() => this.#nextFrame(), wait), -1)
      : requestAnimationFrame(() => this.#draw());
  }

  #nextFrame() {
    this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#frame = 0;
    clearTimeout(this.#timer);
    const began = performance.now();
    this.#width = this.stage.clientWidth;
    if (this.#width > 0) {
      this.#drawWords();
      this.#drawStage();
      this.#drawLegend();
      if (this.table.open && !this.#tableTimer) {
        this.#tableTimer = window.setTimeout(() => {
          this.#tableTimer = 0;
          this.#drawTable();
        }, 500);
      }
    }
    this.#lastDraw = performance.now();
    this.#drawTime = this.#lastDraw - began;
    if (this.#models.some((model) => model.clock === "real" && model.isOpen)) {
      this.#timer = window.setTimeout(() => this.#schedule(), 250);
    }
  }

  #drawWords() {
    const nodes = this.#models.flatMap((model) => {
      const headline = element("p", "timeline-headline", model.headline);
      const left = model.forgotten + model.omitted;
      const title = left ? `${model.title}; ${count(left, "older call")} not shown` : model.title;
      const list = element("ul", "timeline-advice");
      for (const sentence of model.advice.slice(0, MAX_ADVICE)) {
        list.append(element("li", "", sentence));
      }
      const more = model.advice.length - MAX_ADVICE;
      if (more > 0) list.append(element("li", "timeline-quiet", `and ${more} more, see the calls`));
      return [headline, element("p", "timeline-quiet", title), ...(model.advice.length ? [list] : [])];
    });
    const key = nodes.map((node) => node.textContent).join("\n");
    if (key !== this.words.dataset.key) {
      this.words.dataset.key = key;
      this.words.replaceChildren(...nodes);
    }
    this.tasksButton?.setAttribute("aria-pressed", String(Boolean(this.#tasksOpen)));
  }

  #drawStage() {
    this.#placed = [];
    if (!this.#models.some((model) => model.calls.length || model.holds.length)) {
      const words = this.#models.map((model) => `${model.title}: ${model.headline}`).join(". ");
      this.stage.replaceChildren(element("p", "timeline-empty", words || "Nothing has been read yet."));
      return;
    }
    const [from, to] = this.#shownWindow();
    const scale = this.#plotWidth() / (to - from);
    const left = this.#left();
    /** @param {number} seconds */
    const x = (seconds) => Math.round((left + (seconds - from) * scale) * 10) / 10;
    const nodes = [];
    let arranged = this.#arrange(from, to, 0, SHORTEST / scale);
    for (let apart = 2 / scale; arranged.total > MAX_BARS; apart *= 2) {
      arranged = this.#arrange(from, to, apart, 2 * apart);
    }
    let y = 38;
    const top = y;
    for (const { model, lanes } of arranged.models) {
      const laneTop = y;
      const bars = [];
      for (const lane of lanes) {
        const isNarrow = left < 100;
        if (isNarrow) y += 16;
        bars.push(isNarrow
          ? label(left, y - 3, lane.name, "timeline-lane")
          : label(left - 12, y + 16, lane.name.length > 26 ? `${lane.name.slice(0, 25)}…` : lane.name,
            "timeline-lane", "end"));
        for (const bar of lane.bars) bars.push(this.#drawBar(bar, model, x, y));
        y += lane.rows * ROW + 6;
      }
      if (!lanes.length) y += ROW;
      const bands = this.#drawLeases(model, x, laneTop - 4, y, from, to);
      const tasks = this.#tasksOpen ? this.#drawTasks(model, x, y + 4, from, to) : { nodes: [], y };
      y = tasks.y;
      nodes.push(...bands, ...bars, ...tasks.nodes, ...this.#drawNow(model, x, laneTop - 8, y));
      y += 22;
    }
    const height = Math.max(y - 10, 80);
    const axis = this.#drawAxis(x, from, to, top - 12, height);
    const picture = svg("svg", {
      width: this.#width, height, viewBox: `0 0 ${this.#width} ${height}`, role: "img",
      "aria-label": this.#models.map((model) => `${model.title}: ${model.headline}`).join(". "),
    }, svg("defs", {}, this.#hatch()), ...axis, ...nodes);
    this.stage.replaceChildren(picture);
  }

  #hatch() {
    const line = svg("path", { d: "M0 0V6", class: "timeline-hatch" });
    return svg("pattern", {
      id: `${this.#name}-guess`, width: 6, height: 6, patternUnits: "userSpaceOnUse",
      patternTransform: "rotate(45)",
    }, line);
  }

  /** @param {number} from @param {number} to @param {number} apart @param {number} least */
  #arrange(from, to, apart, least) {
    let total = 0;
    const models = this.#models.map((model) => {
      const start = model.start;
      const lanes = [...model.lanes.entries()].map(([name, calls]) => {
        const visible = between(calls, start + from - model.longest - apart, start + to);
        const bars = arrange(visible, start + to, apart, least).filter((bar) => bar.end >= start + from);
        total += bars.length;
        return { name, bars, rows: Math.max(1, ...bars.map((bar) => bar.row + 1)) };
      });
      return { model, lanes };
    });
    return { models, total };
  }

  /** @param {Bar} bar @param {Model} model @param {(seconds: number) => number} x @param {number} top */
  #drawBar(bar, model, x, top) {
    const [first] = bar.calls;
    const begin = x(bar.start - model.start);
    const width = Math.max(x(bar.end - model.start) - begin, bar.calls.length > 1 ? 4 : 6);
    const y = top + bar.row * ROW + (ROW - BAR) / 2;
    const index = this.#placed.push({ bar, x: begin, y, width, model }) - 1;
    const group = svg("g", { class: `timeline-bar timeline-${bar.kind}`, "data-bar": index },
      ...this.#shape(bar.kind, begin, y, width));
    if (first.confidence) {
      group.append(svg("rect", {
        x: begin, y, width, height: BAR, class: "timeline-guess", fill: `url(#${this.#name}-guess)`,
      }));
    }
    if (first.outcome === "replayed") {
      group.append(svg("rect", {
        x: begin - 3, y: y - 3, width: width + 6, height: BAR + 6, rx: 5, class: "timeline-replayed",
      }));
    }
    if (bar.calls.length > 1 && width > 8 * `${bar.calls.length}`.length + 4) {
      group.append(label(begin + width / 2, y + BAR - 3, `${bar.calls.length}`, "timeline-number", "middle"));
    }
    /** @param {{id: string, model: Model} | null} mark */
    const holds = (mark) => mark?.model === model && bar.calls.some((call) => call.id === mark.id);
    if (holds(this.#pinned) || holds(this.#cursor)) {
      group.append(svg("rect", {
        x: begin - 5, y: y - 5, width: width + 10, height: BAR + 10, rx: 6,
        class: holds(this.#pinned) ? "timeline-pinned" : "timeline-cursor",
      }));
    }
    return group;
  }

  /** @param {string} kind @param {number} x @param {number} y @param {number} width */
  #shape(kind, x, y, width) {
    const end = x + width;
    const bottom = y + BAR;
    if (kind === "pending") return [svg("path", { d: `M${end} ${y}H${x}V${bottom}H${end}` })];
    if (kind === "faulted" || kind === "crashed") {
      const quarter = BAR / 4;
      const zigzag = `l4 ${quarter}l-6 ${quarter}l6 ${quarter}l-4 ${quarter}`;
      return [svg("path", { d: `M${x} ${y}H${end}${zigzag}H${x}Z` })];
    }
    const shapes = [svg("rect", { x, y, width, height: BAR, rx: kind === "rejected" ? 0 : 3 })];
    if (kind === "turned_away") {
      shapes.push(svg("path", { d: `M${end + 4} ${y + BAR / 2 - 4}l8 8m0 -8l-8 8` }));
    }
    if (kind === "rejected") {
      shapes.push(svg("path", { d: `M${end} ${y - 4}V${bottom + 4}`, class: "timeline-cap" }));
    }
    return shapes;
  }

  /**
   * @param {Model} model @param {(seconds: number) => number} x @param {number} top
   * @param {number} bottom @param {number} from @param {number} to
   */
  #drawLeases(model, x, top, bottom, from, to) {
    const start = model.start;
    const height = bottom - top;
    /** @type {Run[][]} */
    let groups = [];
    const runs = this.#runsBetween(model, start + from, start + to);
    for (let apart = (2 * (to - from)) / this.#plotWidth(); ; apart *= 2) {
      groups = [];
      for (const run of runs) {
        const group = groups.at(-1);
        const last = group?.at(-1);
        if (group && last && run.started_at - last.ends_at < apart) group.push(run);
        else groups.push([run]);
      }
      if (groups.length <= MAX_BANDS) break;
    }
    const bands = groups.map((group) => {
      const [first] = group;
      const last = group[group.length - 1];
      const begin = x(first.started_at - start);
      const title = group.length > 1
        ? `${group.length} runs hold the lease, from run ${first.id} to run ${last.id}`
        : `run ${first.id} holds the lease for ${(first.ends_at - first.started_at).toFixed(1)} s`;
      return svg("rect", {
        x: begin, y: top, width: Math.max(x(last.ends_at - start) - begin, 1), height,
        class: "timeline-lease", "data-lease": "",
      }, svg("title", {}, title));
    });
    for (const run of runs.slice(-MAX_BANDS)) {
      if (run.latest_end === undefined || run.latest_end <= run.ends_at) continue;
      const begin = x(run.ends_at - start);
      const title = `run ${run.id} ended in this time (${run.confidence ?? "unknown"} confidence)`;
      bands.push(svg("rect", {
        x: begin, y: top, width: Math.max(x(run.latest_end - start) - begin, 1), height,
        class: "timeline-guess", fill: `url(#${this.#name}-guess)`,
      }, svg("title", {}, title)));
    }
    for (const hold of model.holds) {
      const begin = x(hold.since - start);
      const until = hold.until ?? Math.max(model.currentTime ?? start + to, model.end);
      bands.push(svg("rect", {
        x: begin, y: top, width: Math.max(x(until - start) - begin, 2), height, class: "timeline-hold",
      }, svg("title", {}, "the lease is held by hand")));
    }
    return bands;
  }

  /** @param {Model} model @param {number} from @param {number} to */
  #runsBetween(model, from, to) {
    return [...model.runs.values()].filter((run) =>
      run.holds_lease !== false && run.started_at <= to && (run.latest_end ?? run.ends_at) >= from);
  }

  /**
   * @param {Model} model @param {(seconds: number) => number} x @param {number} top
   * @param {number} from @param {number} to
   */
  #drawTasks(model, x, top, from, to) {
    const start = model.start;
    const runs = this.#runsBetween(model, start + from, start + to).filter((run) => run.tasks?.length);
    const rows = Math.max(0, ...runs.map((run) => run.tasks?.length ?? 0));
    const nodes = [];
    if (rows && this.#left() > 100) {
      const middle = top + (rows * TASK) / 2 + 4;
      nodes.push(label(this.#left() - 12, middle, count(rows, "task"), "timeline-quiet", "end"));
    }
    for (const run of runs) {
      for (const [row, task] of (run.tasks ?? []).entries()) {
        for (const step of task) {
          if (nodes.length > MAX_STEPS) return { nodes, y: top + rows * TASK };
          const begin = x(step.started_at - start);
          const kind = step.state.replace(" ", "-");
          const seconds = (step.ends_at - step.started_at).toFixed(1);
          nodes.push(svg("rect", {
            x: begin, y: top + row * TASK, width: Math.max(x(step.ends_at - start) - begin - 1, 0.5),
            height: TASK - 1.5, class: `timeline-step timeline-step-${kind}`,
          }, svg("title", {}, `account ${step.account}: ${step.state}, ${seconds} s`)));
        }
      }
    }
    return { nodes, y: top + rows * TASK };
  }

  /** @param {Model} model @param {(seconds: number) => number} x @param {number} top @param {number} bottom */
  #drawNow(model, x, top, bottom) {
    const nodes = [];
    const right = this.#left() + this.#plotWidth();
    const now = model.currentTime;
    if (now !== undefined && model.isOpen) {
      const at = x(now - model.start);
      if (at >= this.#left() && at <= right) {
        nodes.push(svg("path", { d: `M${at} ${top}V${bottom}`, class: "timeline-now" }));
      }
    }
    const call = this.#cursor?.model === model ? this.#cursorCall() : undefined;
    if (call?.retry_at !== undefined) {
      const at = x(call.retry_at - model.start);
      if (at >= this.#left() && at <= right) {
        nodes.push(svg("path", { d: `M${at} ${top}V${bottom}`, class: "timeline-retry" }));
        const isRight = at > this.#width - 120;
        nodes.push(label(at + (isRight ? -5 : 5), bottom - 3, "ask again here", "timeline-retry-label",
          isRight ? "end" : "start"));
      }
    }
    return nodes;
  }

  /**
   * @param {(seconds: number) => number} x @param {number} from @param {number} to
   * @param {number} y @param {number} bottom
   */
  #drawAxis(x, from, to, y, bottom) {
    const most = Math.max(2, Math.floor(this.#plotWidth() / 90));
    const step = STEPS.find((each) => (to - from) / each <= most) ?? (to - from) / most;
    const start = this.#models[0]?.start ?? 0;
    const nodes = [];
    for (let seconds = Math.ceil(Math.max(from, 0) / step) * step; seconds <= to; seconds += step) {
      const at = x(seconds);
      nodes.push(svg("path", { d: `M${at} ${y + 4}V${bottom}`, class: "timeline-grid" }));
      const anchor = at < 40 ? "start" : at > this.#width - 40 ? "end" : "middle";
      nodes.push(label(at, y - 12, formatSeconds(seconds), "timeline-quiet", anchor));
      if (this.#models.length === 1 && this.#width >= NARROW) {
        const text = timeOfDay(start + seconds);
        nodes.push(label(at, y, step < 1 ? text : text.slice(0, 8), "timeline-quiet timeline-small", anchor));
      }
    }
    return nodes;
  }

  #drawLegend() {
    /** @type {Set<string>} */
    const kinds = new Set();
    for (const { bar } of this.#placed) kinds.add(bar.kind);
    const hasGuess = this.#placed.some(({ bar }) => bar.calls[0].confidence);
    const hasReplay = this.#placed.some(({ bar }) => bar.calls[0].outcome === "replayed");
    const key = `${[...kinds].sort().join()} ${hasGuess} ${hasReplay}`;
    if (key === this.legend.dataset.key) return;
    this.legend.dataset.key = key;
    /** @param {Element[]} shapes @param {string} kind @param {string} text */
    const item = (shapes, kind, text) => {
      const line = element("li", "");
      line.append(svg("svg", { width: 44, height: 24, "aria-hidden": "true" },
        svg("g", { class: `timeline-bar timeline-${kind}` }, ...shapes)), text);
      return line;
    };
    const items = Object.keys(KINDS).filter((kind) => kinds.has(kind))
      .map((kind) => item(this.#shape(kind, 4, 5, 22), kind, KINDS[kind]));
    if (kinds.size) {
      const band = svg("rect", { x: 4, y: 2, width: 30, height: 20, class: "timeline-lease" });
      items.push(item([band], "band", "a run holds the lease"));
    }
    if (hasReplay) {
      const outline = svg("rect", { x: 2, y: 3, width: 28, height: 19, rx: 5, class: "timeline-replayed" });
      items.push(item([...this.#shape("served", 5, 6, 22), outline], "served", "replayed"));
    }
    if (hasGuess) {
      const hatch = svg("rect", {
        x: 4, y: 5, width: 22, height: BAR, class: "timeline-guess", fill: `url(#${this.#name}-guess)`,
      });
      items.push(item([hatch], "band", "a guess"));
    }
    this.legend.replaceChildren(...items);
  }

  // ---- words about calls ----

  /** @param {PlacedBar} placed @param {Call} [call] */
  #showTooltip(placed, call = placed.bar.calls[0]) {
    const { bar, model } = placed;
    const lines = [];
    if (bar.calls.length > 1) {
      lines.push(`${bar.calls.length} calls: ${KINDS[bar.kind]}`);
      lines.push(`${bar.calls[0].id} to ${bar.calls[bar.calls.length - 1].id}; click to zoom in`);
    } else {
      lines.push(describe(call));
      if (call.reason) lines.push(call.reason);
      if (call.lost?.length) lines.push(`never synced: ${listAccounts(call.lost)}`);
      if (call.retry_at !== undefined) {
        const seconds = formatSeconds(call.retry_at - model.start);
        lines.push(`asking again from ${timeOfDay(call.retry_at)} (${seconds}) on would have worked`);
      }
      for (const violation of call.violations ?? []) lines.push(violation);
    }
    this.tooltip.replaceChildren(...lines.map((line, index) =>
      element("p", index ? "" : "timeline-tooltip-head", line.length > 300 ? `${line.slice(0, 299)}…` : line)));
    this.tooltip.hidden = false;
    const stage = this.stage.getBoundingClientRect();
    const root = this.root.getBoundingClientRect();
    const width = this.tooltip.offsetWidth;
    const x = Math.min(Math.max(placed.x, 0), Math.max(root.width - width - 8, 0));
    this.tooltip.style.left = `${x}px`;
    this.tooltip.style.top = `${stage.top - root.top + placed.y + BAR + 14}px`;
  }

  #hideTooltip() {
    this.tooltip.hidden = true;
  }

  /** @param {Call | null} call */
  #showDetails(call) {
    this.panel.hidden = call === null;
    if (call === null) {
      this.panel.replaceChildren();
      return;
    }
    const close = element("button", "timeline-close", "Close");
    close.type = "button";
    close.addEventListener("click", () => {
      this.select(null);
      this.options.onselect?.(null);
      this.stage.focus();
    });
    const facts = element("dl");
    /** @param {string} name @param {string | number | undefined | null} value */
    const add = (name, value) => {
      if (value === undefined || value === null || value === "") return;
      facts.append(element("dt", "", name), element("dd", "", String(value)));
    };
    const end = endOf(call);
    add("request", `${call.method} ${call.path}`);
    add("caller", call.caller);
    add("arrived", timeOfDay(call.at));
    add("answered", end === null ? "not yet" : `${timeOfDay(end)}, after ${(end - call.at).toFixed(3)} s`);
    add("status", call.status);
    add("what happened", `${KINDS[kindOf(call)]}${call.reason ? `: ${call.reason}` : ""}`);
    add("confidence", call.confidence);
    add("accounts", listAccounts(call.accounts ?? [], call.account_count));
    add("never synced", listAccounts(call.lost ?? []));
    add("ask again", call.retry_at === undefined ? undefined : `from ${timeOfDay(call.retry_at)} on`);
    add("client", call.hung_up ? "disconnected before the answer" : undefined);
    add("odd", call.violations?.join("\n"));
    const messages = element("div", "timeline-messages");
    this.panel.replaceChildren(close, element("h3", "", `Call ${call.id}`), facts, messages);
    if (call.request || call.response || !this.options.details) {
      this.#showMessages(messages, call);
      return;
    }
    this.options.details(call).then(
      (details) => this.#showMessages(messages, details),
      (error) => messages.replaceChildren(element("p", "", `not available: ${error.message}`)),
    );
  }

  /** @param {HTMLElement} place @param {Details} details */
  #showMessages(place, details) {
    place.replaceChildren();
    for (const [name, message] of /** @type {const} */ ([["Request", details.request], ["Response", details.response]])) {
      if (!message) continue;
      place.append(element("h4", "", name));
      const lines = (message.headers ?? []).map(([header, value]) => `${header}: ${value}`);
      place.append(element("pre", "", [...lines, "", message.body ?? ""].join("\n").trim() || "(empty)"));
    }
  }

  #drawTable() {
    const summary = this.table.firstElementChild;
    if (!this.table.open || !summary) {
      this.table.replaceChildren(...(summary ? [summary] : []));
      return;
    }
    const [from, to] = this.#shownWindow();
    const table = element("table");
    const head = element("tr");
    for (const name of ["call", "at", "caller", "request", "accounts", "status", "seconds", "what happened"]) {
      const cell = element("th", "", name);
      cell.scope = "col";
      head.append(cell);
    }
    const thead = element("thead");
    thead.append(head);
    const body = element("tbody");
    let omitted = 0;
    for (const model of this.#models) {
      const calls = between(model.calls, model.start + from, model.start + to);
      omitted += Math.max(calls.length - MAX_TABLE_ROWS, 0);
      for (const call of calls.slice(-MAX_TABLE_ROWS)) {
        const end = endOf(call);
        const cells = [
          this.#models.length > 1 ? `${model.title}: ${call.id}` : call.id, timeOfDay(call.at), call.caller,
          `${call.method} ${call.operation ?? call.path}`,
          listAccounts(call.accounts ?? [], call.account_count), String(call.status ?? ""),
          end === null ? "" : (end - call.at).toFixed(1),
          `${KINDS[kindOf(call)]}${call.confidence ? ` (${call.confidence} confidence)` : ""}`,
        ];
        const row = element("tr");
        row.append(...cells.map((text) => element("td", "", text)));
        body.append(row);
      }
    }
    table.append(thead, body);
    const scroller = element("div", "timeline-scroller");
    scroller.tabIndex = 0;
    scroller.setAttribute("role", "region");
    scroller.setAttribute("aria-label", "Table of the calls");
    scroller.append(table);
    const note = omitted ? [element("p", "timeline-quiet", `${omitted} older calls are not in the table`)] : [];
    this.table.replaceChildren(summary, ...note, scroller);
  }
}

for (const data of document.querySelectorAll('script[type="application/json"][data-timeline]')) {
  const still = data.nextElementSibling;
  const place = element("div");
  data.after(place);
  if (still?.classList.contains("timeline-static")) still.remove();
  new TimelineView(place).show(JSON.parse(data.textContent ?? "[]"));
}
