"use strict";
const assert = require("node:assert/strict");
const { test } = require("node:test");
const { WebApi } = require("@superoffice/webapi");
const { MailSync } = require("./mail-sync.js"); // the app

async function control(method, path, body) {
  const mock = process.env.SUPEROFFICE_CONTROL_URL ?? "http://127.0.0.1:8204/_mock";
  const response = await fetch(`${mock}/${path}`, { method, body: JSON.stringify(body) });
  const text = await response.text();
  assert.ok(response.ok, text); // an error says what is wrong with the call and what to send
  return text && JSON.parse(text);
}

test("an app that was turned away asks again", async (t) => {
  const office = await control("POST", "tenants", { accounts: [{ id: 507, seconds: 20 }] });
  const query = `tenant=${office.id}`; // a tenant for this test: tests can run in parallel
  t.after(async () => {
    const verdict = await control("GET", `verdict?${query}`);
    await control("DELETE", `tenants/${office.id}`);
    assert.ok(verdict.passed, verdict.text); // such as: account 507 is lost
  });
  const webapi = new WebApi(office.url);
  webapi.authenticateWithPassword(office.credentials.user, office.credentials.password);
  let now = 0; // the app's clock; the tenant's clock jumps, so the test takes no second
  const app = new MailSync(webapi.getEMailAgent(), [507], () => now);

  await control("POST", `lease/hold?${query}`); // like an active run, until it is released
  const tick = app.tick();
  now += 1000; // a call that is turned away is answered after a second
  const wait = await control("POST", `requests/wait?${query}`, { outcome: "turned_away" });
  assert.ok(wait.met, wait.reason);
  await tick;
  await control("POST", `lease/release?${query}`);
  await app.tick();
});
