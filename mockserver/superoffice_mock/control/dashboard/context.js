// What every panel gets: mountX(element, context) fills an empty element for one tenant.

/** @typedef {import("./api.js").Api} Api */

/** @typedef {import("./timeline.js").Call} TimelineCall */

/**
 * The holder of a lease; null: nobody.
 * @typedef {{by: string, since: string, run?: number, request?: number, accounts?: number,
 *   ends_at?: string, seconds_left?: number} | null} Holder
 */

/**
 * A tenant of `GET /_mock/tenants`.
 * @typedef {object} TenantLine
 * @property {string} id
 * @property {string} url
 * @property {boolean} made
 * @property {string} installation
 * @property {boolean} granted
 * @property {string} clock
 * @property {string} state
 * @property {number} calls
 * @property {number} in_flight
 * @property {number} waiting
 * @property {Holder} holder
 */

/**
 * What changed at the tenant.
 * @typedef {object} Change
 * @property {TimelineCall[]} calls that arrived or ended
 * @property {string | null} what the control call that changed something, such as `POST /clock/freeze`
 * @property {boolean} reset the calls were emptied or read anew: look at context.calls
 */

/**
 * A panel is mounted anew for each tenant that is chosen; what it began ends with `signal`.
 * @typedef {object} Context
 * @property {Api} api
 * @property {string} tenant
 * @property {TenantLine} line what the tenant was when it was chosen
 * @property {AbortSignal} signal aborted when another tenant is chosen
 * @property {boolean} isDown whether the page has lost its link to the mock
 * @property {(path: string) => string} at the path of a control call, with ?tenant= or &tenant=
 * @property {Map<string, TimelineCall>} calls the newest 10,000, oldest first
 * @property {import("./timeline.js").TimelineView} timeline
 * @property {(callback: (change: Change) => void) => void} onChange
 * @property {(callback: (id: string | null) => void) => void} onSelect a call was chosen in the timeline
 * @property {(text: string, kind?: "done" | "problem") => void} say
 */

export const MAX_CALLS = 10_000;

/**
 * Put calls into a map by id, in their order; the oldest go if there are too many.
 * @param {Map<string, TimelineCall>} known
 * @param {TimelineCall[]} calls
 */
export function mergeCalls(known, calls) {
  for (const call of calls) known.set(call.id, call);
  let excess = known.size - MAX_CALLS;
  for (const id of known.keys()) {
    if (excess-- <= 0) break;
    known.delete(id);
  }
}
