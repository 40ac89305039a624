// Syncs mail accounts that are due, ten at most, with the vendor's client; cron starts it every
// minute. `node sync-due.js trust` takes the 204 for done, `node sync-due.js look` looks at
// LastFetch.
// The environment: SUPEROFFICE_URL, SUPEROFFICE_USER, SUPEROFFICE_PASSWORD; SYNC_PAUSE in seconds.
"use strict";
const { setTimeout: sleep } = require("node:timers/promises");
const { WebApi } = require("@superoffice/webapi");

const BATCH = 10; // accounts in a call

async function sync(agent, accounts) {
  console.log("asked for", ...accounts.map((account) => account.accountId));
  await agent.syncEmailAccountsAsync(accounts);
}

/** Syncs once. This app loses accounts: a call that is turned away gets the same 204. */
async function trust(agent) {
  const due = await agent.getReadySyncEmailAccountsAsync();
  await sync(agent, due.slice(0, BATCH));
}

/** Syncs, looks, and asks again for the accounts that no sync has changed, until none is left. */
async function look(agent, pause) {
  let batch = (await agent.getReadySyncEmailAccountsAsync()).slice(0, BATCH);
  const left = new Map();
  for (const { accountId: id } of batch) left.set(id, await agent.getEMailAccountAsync(id));
  while (left.size > 0) {
    if (batch.length > 0) await sync(agent, batch);
    await sleep(pause * 1000);
    for (const [id, before] of left) {
      const account = await agent.getEMailAccountAsync(id); // null: it was deleted
      if (account && isSame(account, before)) continue;
      left.delete(id);
      console.log(`${id} ${account ? account.errorReason || "is synced" : "was deleted"}`);
    }
    const ready = await agent.getReadySyncEmailAccountsAsync(); // without those under way
    batch = ready.filter((account) => left.has(account.accountId));
  }
}

/** Whether no sync has ended in between: LastFetch grows, or the error count if the sync fails. */
function isSame(account, before) {
  return +account.lastFetch === +before?.lastFetch && account.errorCount === before.errorCount;
}

async function main(webapi) {
  const agent = webapi.getEMailAgent();
  if (process.argv[2] === "look") await look(agent, Number(process.env.SYNC_PAUSE ?? 5));
  else await trust(agent);
}

if (require.main === module) {
  const webapi = new WebApi(process.env.SUPEROFFICE_URL);
  webapi.authenticateWithPassword(process.env.SUPEROFFICE_USER, process.env.SUPEROFFICE_PASSWORD);
  main(webapi);
}

module.exports = { main };
