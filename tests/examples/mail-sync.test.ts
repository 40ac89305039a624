import { WebApi } from "@superoffice/webapi";
import { afterEach, beforeEach, test } from "vitest";
import { MailSync } from "./mail-sync.js"; // the app
import { makeTenant, type Office } from "./superoffice-mock";

let office: Office; // a tenant for each test: tests can run in parallel
beforeEach(async () => {
  office = await makeTenant({ accounts: [{ id: 507, seconds: 20 }] });
});
afterEach(() => office.finish()); // fails the test if accounts are lost

test("an app that was turned away asks again", async () => {
  const webapi = new WebApi(office.url);
  webapi.authenticateWithPassword(office.credentials.user!, office.credentials.password!);
  let now = 0; // the app's clock; the tenant's clock jumps, so the test takes no second
  const app = new MailSync(webapi.getEMailAgent(), [507], () => now);

  await office.lease.hold(); // like an active run, until it is released
  const tick = app.tick();
  now += 1000; // a call that is turned away is answered after a second
  await office.wait({ outcome: "turned_away" });
  await tick;
  await office.lease.release();
  await app.tick();
});
