// A client of /_mock/, the control surface of superoffice-mock. Copy this file beside your tests.
// `superoffice-mock run -- vitest run` starts the mock and sets SUPEROFFICE_CONTROL_URL.

const CONTROL = process.env.SUPEROFFICE_CONTROL_URL ?? "http://127.0.0.1:8204/_mock";
const TOKEN = process.env.SUPEROFFICE_CONTROL_TOKEN; // if the mock has a control token

/** Makes a tenant for one test: an installation with a lease, clock and journal of its own. */
export async function makeTenant(options: NewTenant = {}): Promise<Office> {
  return new Office((await call("POST", "tenants", options)) as Tenant);
}

/** A tenant of the mock. Give its `url` and `credentials` to the app. */
export class Office {
  readonly id: string;
  readonly url: string;
  readonly credentials: Credentials;

  constructor(tenant: Tenant) {
    if (!tenant.credentials) throw new Error(`${tenant.id} is a configured tenant: make your own`);
    ({ id: this.id, url: this.url, credentials: this.credentials } = tenant);
  }

  /** For a teardown: removes the tenant, and throws if accounts were lost, or calls rejected. */
  async finish(): Promise<void> {
    const verdict = await this.verdict();
    await this.remove();
    if (!verdict.passed) throw new Error(verdict.text);
  }

  verdict = () => this.#call<Verdict>("GET", "verdict");
  remove = () => call("DELETE", `tenants/${this.id}`);
  /** A line for each request, for the message of an assertion. */
  timeline = () => this.#call<string>("GET", "timeline");
  requests = async () => (await this.#call<Requests>("GET", "requests")).requests;
  accounts = async () => (await this.#call<Accounts>("GET", "accounts")).accounts;

  /** Waits until `count` requests have the outcome; throws after `timeout` real seconds. */
  async wait(condition: WaitCondition): Promise<Request[]> {
    const { met, reason, requests } = await this.#call<Waited>("POST", "requests/wait", condition);
    if (!met) throw new Error(`${reason}\n\n${await this.timeline()}`);
    return requests;
  }

  /** While it is held, every SyncEmailAccounts is turned away: 204, and nothing is synced. */
  readonly lease = {
    hold: () => this.#call<Lease>("POST", "lease/hold"),
    release: () => this.#call<Released>("POST", "lease/release"),
  };

  readonly clock = {
    read: () => this.#call<Clock>("GET", "clock"),
    real: () => this.#call<Clock>("POST", "clock/real"),
    jump: () => this.#call<Clock>("POST", "clock/jump"),
    freeze: () => this.#call<Clock>("POST", "clock/freeze"),
    advance: (to: Advance) => this.#call<Advanced>("POST", "clock/advance", to),
  };

  readonly faults = {
    arm: (fault: NewFault) => this.#call<Faults>("POST", "faults", fault),
    all: () => this.#call<Faults>("GET", "faults"),
    clear: () => this.#call<Faults>("DELETE", "faults"),
  };

  async #call<Answer>(method: string, path: string, body?: object): Promise<Answer> {
    return (await call(method, `${path}?tenant=${this.id}`, body)) as Answer;
  }
}

async function call(method: string, path: string, body?: object): Promise<unknown> {
  const headers = TOKEN ? { Authorization: `Bearer ${TOKEN}` } : undefined;
  const init = { method, headers, body: JSON.stringify(body) };
  const response = await fetch(`${CONTROL}/${path}`, init);
  const text = await response.text();
  if (!response.ok) throw new Error(text); // it says what is wrong with the call
  return response.headers.get("content-type")?.includes("json") ? JSON.parse(text) : text;
}

// Generated from /_mock/openapi.json: python -m tests.examples.control_types
export type NewTenant = { installation?: Installation; granted?: boolean; clock?: "freeze" | "jump" | "real";
seconds_per_account?: number | null; accounts?: NewAccount[]; readings?: { [key: string]: string; }; due_after?: number
| null; state?: "unknown" | "provisioning" | "running" | "deleted" | "suspended" | "online-maintenance" |
"offline-maintenance" | "provisioning-failed" | "deleting" | "delete-failed" | "migration-pending"; host?: string |
null; expires_after?: number | ExpiresAfter | null; users?: User[] | null; tickets?: string[] | null; sessions?:
SessionSpec[] | null; apps?: NewApp[] | null; tokens?: Token[] | null; refresh_tokens?: Token[] | null; strict?: ("lost"
| "rejected" | "unfired" | "unplayed" | "never-called" | "unserved" | "odd")[] | null; expect_lost?: number[]; };
export type Tenant = { id: string; url: string; made: boolean; installation: "onsite" | "online"; granted: boolean;
clock: "real" | "jump" | "freeze"; expires_after: { tickets: number | null; tokens: number | null; sessions: number |
null; }; credentials: Credentials | null; };
export type Credentials = { user: string | null; password: string | null; ticket: string | null; app: string | null;
app_token: string | null; client_id: string | null; access_token: string | null; refresh_token: string | null;
system_user_token: string | null; session: string | null; xsrf: string | null; headers: { [key: string]: string; }; };
export type Verdict = { tenant: string; passed: boolean; text: string; problems: { kind: string; message: string;
details: string[]; fails: boolean; }[]; };
export type Requests = { requests: Request[]; total: number; forgotten: number; };
export type Accounts = { seconds_per_account: number; limit: number; forgotten: number; accounts: { AccountId: number;
exists: boolean; address: string | null; associate: string | null; associate_id: number | null; seconds: number;
last_fetch: Moment | null; due: boolean; status: "Unknown" | "Failing" | "Failed" | "Ok" | null; status_number: 0 | 2 |
3 | 4 | null; error_count: number; error_reason: string; synced_at: Moment | null; synced_by: number | null; syncing_by:
number | null; }[]; };
export type WaitCondition = { outcome?: ("crashed" | "faulted" | "pending" | "rejected" | "replayed" | "served" |
"started" | "turned_away") | null; count?: number; timeout?: number; since?: number; never?: boolean; };
export type Request = { id: number; at: Moment; tenant: string | null; operation: string | null; method: string; path:
string; media_type: string | null; principal: { scheme: string; user: string | null; app: string | null; } | null;
accounts: { AccountId: number; AssociateName: string | null; AssociateId: number; }[] | null; account_count: number |
null; query: Record<string, never>; select: string[] | null; outcome: Outcome; recorded: { outcome: "started" |
"turned_away" | "served" | "rejected" | "faulted" | "unknown"; confidence: "certain" | "high" | "medium" | "low" | null;
} | null; fault: number | null; run: number | null; holder: { by: "run"; run: number; } | { by: "hand"; } | null;
status: number | null; elapsed: number | null; elapsed_real: number | null; hung_up: boolean; hung_up_after: number |
null; reason: string | null; violations: string[]; };
export type Waited = { met: boolean; reason: string | null; requests: Request[]; total: number; };
export type Lease = { held: boolean; holder: Holder; waiting: number; };
export type Released = { held: boolean; holder: Holder; waiting: number; released: Holder; };
export type Clock = { clock: "real" | "jump" | "freeze"; now: Moment; stands_still: boolean; in_flight: number; waiting:
number; };
export type Advance = { seconds?: number | null; until?: "idle" | null; };
export type Advanced = { clock: "real" | "jump" | "freeze"; now: Moment; stands_still: boolean; in_flight: number;
waiting: number; events: ({ event: string; at: Moment; } & { [key: string]: unknown; })[]; };
export type NewFault = { operation?: string | null; times?: number | null; every?: number | null; probability?: number |
null; seed?: number | null; status?: number | null; message?: string | null; headers?: { [key: string]: string; } |
null; retry_after?: number | null; expired_credential?: boolean | null; delay?: number | null; connection?:
("empty-response" | "reset-by-peer" | "malformed-chunk" | "random-data-then-close" | "stall") | null; };
export type Faults = { faults: { id: number; operation: string | null; times: number | null; every?: number;
probability?: number; seed?: number; status?: number; message?: string | null; headers?: { [key: string]: string; };
expired_credential?: true; delay?: number; connection?: string; fired: number; armed: boolean; }[]; };
export type Installation = "online" | "onsite";
export type NewAccount = { id: number; seconds?: number | null; address?: string | null; associate?: string | null;
associate_id?: number | null; folder?: string; fails?: string | null; fails_times?: number | null; failed_after?: number
| null; last_fetch?: string | number | null; };
export type ExpiresAfter = { tickets?: number | null; tokens?: number | null; sessions?: number | null; };
export type User = { name: string; password: string; };
export type SessionSpec = { id: string; xsrf: string; user: string; };
export type NewApp = { name: string; token: string; email_agent?: boolean; client_id?: string | null;
system_user_token?: string | null; public_key?: string | null; };
export type Token = { value: string; app: string; };
export type Moment = string;
export type Outcome = "started" | "turned_away" | "served" | "rejected" | "faulted" | "replayed" | "crashed" |
"pending";
export type Holder = { by: "hand"; since: Moment; } | { by: "run"; run: number; request: number; accounts: number;
since: Moment; ends_at: Moment; seconds_left: number; } | null;
