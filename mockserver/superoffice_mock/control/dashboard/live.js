// The events of one tenant: the calls as they come and go, and what the page says about its link.

import { mergeCalls } from "./context.js";
import { isExpected, paced } from "./dom.js";

/** @typedef {import("./context.js").Context} Context */
/** @typedef {import("./context.js").Change} Change */
/** @typedef {import("./context.js").TimelineCall} TimelineCall */
/** @typedef {"live" | "catching up" | "disconnected"} LinkState */

/** @typedef {import("./timeline.js").Timeline} Timeline */
/** @typedef {import("./timeline.js").TimelineView} TimelineView */

const RETRY_AFTER = 2000;
const REFRESH_EVERY = 250;
const WHILE_RUNNING = 1000;
const CATCH_UP_EVERY = 1000;
const ALL_CALLS = 10_000;
/** The calls that are read again with the headline: runs go on, and accounts are found to be lost. */
const NEWEST = 100;

/**
 * Follow the tenant of a context until its signal is aborted. All calls are shown at first and after
 * a reset, then only what comes is merged into what is there.
 * @param {Context} context
 * @param {TimelineView} view
 * @param {(change: Change) => void} tell
 * @param {(state: LinkState) => void} tellLink
 */
export function follow(context, view, tell, tellLink) {
  const { api, calls, signal } = context;
  /** @type {EventSource | null} */
  let source = null;
  let isLoading = false;
  let isLoaded = false;
  let isStale = false;
  let skipped = 0;
  /** @type {Partial<Timeline>[]} */
  let early = [];

  /** @param {number} limit @returns {Promise<Timeline>} */
  const read = (limit) => api.get(context.at(`timeline?format=json&limit=${limit}`));

  async function load() {
    if (isLoading) return;
    isLoading = true;
    tellLink("catching up");
    try {
      let timeline;
      do {
        isStale = false;
        timeline = await read(ALL_CALLS);
        await pause(signal);
      } while (isStale);
      calls.clear();
      mergeCalls(calls, timeline.calls ?? []);
      view.show(timeline);
      for (const part of early) merge(part);
      isLoaded = true;
      await pause(signal);
      tell({ calls: [], what: null, reset: true });
      tellLink("live");
      watchRuns(timeline);
    } catch (error) {
      if (!isExpected(error)) throw error;
      again();
    } finally {
      early = [];
      isLoading = false;
    }
  }

  /** @param {Partial<Timeline>} part */
  function merge(part) {
    mergeCalls(calls, part.calls ?? []);
    view.update(part);
  }

  const refresh = paced(async () => {
    if (!isLoaded) return;
    const timeline = await read(NEWEST);
    merge({ advice: [], holds: [], ...timeline });
    watchRuns(timeline);
  }, context, REFRESH_EVERY);

  let timer = 0;

  /**
   * Nothing tells that an account was synced, or that a run has ended: read it anew.
   * @param {Timeline} timeline
   */
  function watchRuns({ clock, now = 0, runs = [] }) {
    const ends = runs.map((run) => run.ends_at).filter((end) => end > now);
    clearTimeout(timer);
    if (clock !== "real" || ends.length === 0) return;
    timer = setTimeout(refresh, Math.min(WHILE_RUNNING, 1000 * (Math.min(...ends) - now) + 20));
  }

  const catchUp = paced(async () => {
    const limit = Math.min(skipped + NEWEST, ALL_CALLS);
    skipped = 0;
    const timeline = await read(limit);
    merge({ advice: [], holds: [], ...timeline });
    tell({ calls: timeline.calls ?? [], what: null, reset: false });
    if (skipped === 0) tellLink("live");
  }, context, CATCH_UP_EVERY);

  /** @type {Record<string, (data: any) => void>} */
  const handlers = {
    hello() {
      if (isLoaded) tellLink("catching up");
      else load();
    },
    "caught-up"() {
      if (!isLoaded) return;
      tellLink("live");
      tell({ calls: [], what: null, reset: true });
      refresh();
    },
    calls(part) {
      if (!isLoaded) {
        early.push(part);
        return;
      }
      merge(part);
      tell({ calls: part.calls, what: null, reset: false });
      refresh();
    },
    changed({ what }) {
      tell({ calls: [], what, reset: false });
      refresh();
    },
    skipped({ calls: number }) {
      skipped += number;
      tellLink("catching up");
      catchUp();
    },
    reset() {
      isLoaded = false;
      isStale = true;
      early = [];
      load();
    },
    closed: again,
  };

  function connect() {
    if (signal.aborted) return;
    source = new EventSource(context.at("events"));
    for (const [name, handle] of Object.entries(handlers))
      source.addEventListener(name, (event) => {
        if (!signal.aborted) handle(JSON.parse(event.data || "{}"));
      });
    source.addEventListener("error", () => {
      tellLink("disconnected");
      if (source?.readyState === EventSource.CLOSED) again();
    });
  }

  /** Open a stream anew that ended or was refused, as long as the tenant is there. */
  function again() {
    source?.close();
    isLoaded = false;
    tellLink("disconnected");
    setTimeout(async () => {
      if (signal.aborted) return;
      try {
        const { tenants } = await api.get("tenants");
        if (tenants.some((/** @type {{id: string}} */ { id }) => id === context.tenant)) connect();
      } catch (error) {
        if (!isExpected(error)) throw error;
        again();
      }
    }, RETRY_AFTER);
  }

  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    source?.close();
  });
  connect();
}

/**
 * Let the page do other work first, so that no task of it is long.
 * @param {AbortSignal} signal
 */
async function pause(signal) {
  await new Promise((resolve) => setTimeout(resolve));
  signal.throwIfAborted();
}
