// Visits pages in one tab of a real Chromium and prints the values of expressions there:
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
let session, onLoad, lastId = 0, rest = "";

chromium.stdio[4].on("data", part => {
  const messages = (rest + part).split("\0");
  rest = messages.pop();
  for (const message of messages.map(text => JSON.parse(text))) {
    if (message.method === "Page.loadEventFired") onLoad();
    answers.get(message.id)?.(message);
  }
});

function send(method, params = {}) {
  const id = ++lastId;
  chromium.stdio[3].write(JSON.stringify({ id, method, params, sessionId: session }) + "\0");
  return new Promise((resolve, reject) => answers.set(id, ({ result, error }) =>
    error ? reject(new Error(`${method}: ${error.message}`)) : resolve(result)));
}

async function visit({ url, expression }) {
  const load = new Promise(resolve => { onLoad = resolve; });
  await send("Page.navigate", { url });
  await load;
  const params = { expression, awaitPromise: true, returnByValue: true };
  const { result, exceptionDetails } = await send("Runtime.evaluate", params);
  return exceptionDetails ? `threw ${result.className}: ${result.description}` : result.value;
}

async function main() {
  const { targetId } = await send("Target.createTarget", { url: "about:blank" });
  session = (await send("Target.attachToTarget", { targetId, flatten: true })).sessionId;
  await send("Page.enable");
  const values = [];
  for (const page of JSON.parse(visits)) values.push(await visit(page));
  console.log(JSON.stringify(values));
}

main()
  .catch(error => { console.error(error); process.exitCode = 1; })
  .finally(() => chromium.kill());
