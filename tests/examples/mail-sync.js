"use strict";

/** A partner's app: keeps mail accounts synced, by the EMail agent of the vendor's client. */
class MailSync {
  constructor(agent, accounts, now = Date.now) {
    this.agent = agent;
    this.due = accounts;
    this.now = now;
  }

  /** Cron calls this every minute. Who is turned away hears so a second later, in no other way. */
  async tick() {
    if (this.due.length === 0) return;
    const asked = this.now();
    await this.agent.syncEmailAccountsAsync(this.due.map((accountId) => ({ accountId })));
    if (this.now() - asked < 900) this.due = [];
  }
}

module.exports = { MailSync };
