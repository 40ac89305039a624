// Visits pages in one tab of a real Chromium and says what expressions come to there:
// node browse.cjs CHROMIUM PROFILE '[{"url": "…", "expression": "…"}, …]' prints a JSON array.
"use strict";
const { spawn } = require("node:child_process");

const [program, profile, visits] = process.argv.slice(2);
const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"];
const chromium = spawn(
  program,
  [...flags, `--user-data-dir=${profile}`, "--remote-debugging-pipe", "about:blank"],
  { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] },
);
const answers = new Map();
let session, loaded, sent = 0, rest = "";

chromium.stdio[4].on("data", part => {
  const messages = (rest + part).split("\0");
  rest = messages.pop();
  for (const message of messages.map(one => JSON.parse(one))) {
    if (message.method === "Page.loadEventFired") loaded();
    answers.get(message.id)?.(message);
  }
});

function ask(method, params = {}) {
  const id = ++sent;
  chromium.stdio[3].write(JSON.stringify({ id, method, params, sessionId: session }) + "\0");
  return new Promise((resolve, reject) => answers.set(id, ({ result, error }) =>
    error ? reject(new Error(`${method}: ${error.message}`)) : resolve(result)));
}

async function visit({ url, expression }) {
  const load = new Promise(resolve => { loaded = resolve; });
  await ask("Page.navigate", { url });
  await load;
  const asked = { expression, awaitPromise: true, returnByValue: true };
  const { result, exceptionDetails } = await ask("Runtime.evaluate", asked);
  return exceptionDetails ? `threw ${result.className}: ${result.description}` : result.value;
}

async function main() {
  const { targetId } = await ask("Target.createTarget", { url: "about:blank" });
  session = (await ask("Target.attachToTarget", { targetId, flatten: true })).sessionId;
  await ask("Page.enable");
  const seen = [];
  for (const one of JSON.parse(visits)) seen.push(await visit(one));
  console.log(JSON.stringify(seen));
}

main()
  .catch(error => { console.error(error); process.exitCode = 1; })
  .finally(() => chromium.kill());
