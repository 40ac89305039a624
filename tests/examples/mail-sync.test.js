"use strict";
const assert = require("node:assert/strict");
const { test } = require("node:test");
const { WebApi } = require("@superoffice/webapi");
const { MailSync } = require("./mail-sync.js"); // the app

async function control(method, path, body) {
  const mock = process.env.MOCK_URL ?? "http://127.0.0.1:8204";
  const answer = await fetch(`${mock}/_mock/${path}`, { method, body: JSON.stringify(body) });
  const told = await answer.text();
  assert.ok(answer.ok, told); // what is wrong with the call, and what to send instead
  return told && JSON.parse(told);
}

test("an app that was turned away asks again", async (t) => {
  const office = await control("POST", "tenants", { accounts: [{ id: 507, seconds: 20 }] });
  t.after(() => control("DELETE", `tenants/${office.id}`));
  const here = `tenant=${office.id}`; // nobody else's: tests may run side by side
  const webapi = new WebApi(office.url);
  webapi.authenticateWithPassword(office.credentials.user, office.credentials.password);
  let now = 0; // on the app's clock; the tenant's needs no time to let a second pass
  const app = new MailSync(webapi.getEMailAgent(), [507], () => now);

  await control("POST", `lease/hold?${here}`); // as if a run were active, until it is released
  const tick = app.tick();
  now += 1000; // that is how long those wait who are turned away
  const wait = await control("POST", `requests/wait?${here}`, { outcome: "turned_away" });
  assert.ok(wait.met, wait.reason);
  await tick;
  await control("POST", `lease/release?${here}`);
  await app.tick();
  await control("POST", `clock/advance?${here}`, { until: "idle" }); // the sync takes 20 seconds

  const { accounts } = await control("GET", `accounts?${here}`);
  assert.ok(accounts[0].synced_at, "account 507 was never synced");
});
