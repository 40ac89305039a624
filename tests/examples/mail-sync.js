"use strict";

/** A partner's app: it syncs mail accounts through the EMail agent of the vendor's client. */
class MailSync {
  constructor(agent, accounts, now = Date.now) {
    this.agent = agent;
    this.due = accounts;
    this.now = now;
  }

  /** Called by cron every minute. Only the time of the answer shows that a call was turned away. */
  async tick() {
    if (this.due.length === 0) return;
    const calledAt = this.now();
    await this.agent.syncEmailAccountsAsync(this.due.map((accountId) => ({ accountId })));
    if (this.now() - calledAt < 900) this.due = [];
  }
}

module.exports = { MailSync };
