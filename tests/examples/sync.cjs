// Calls syncEmailAccountsAsync of the vendor's client, once, as its README shows, and prints what
// the caller saw. Standard input: { baseUrl, signIn, accounts } or { baseUrl, signIn, ready };
// `ready` holds accounts as the service answers them to getReadySyncEmailAccounts.
// CommonJS, because the client's ES modules load in bundlers only: they import each other
// without file extensions, which Node refuses.
const { readFileSync } = require("node:fs");
const { WebApi } = require("@superoffice/webapi");
const converters = require("@superoffice/webapi/Converters.js");

function connect({ baseUrl, signIn }) {
  const webapi = new WebApi(baseUrl);
  if (signIn.password) webapi.authenticateWithPassword(signIn.user, signIn.password);
  if (signIn.ticket) webapi.authenticateWithTicket(signIn.ticket);
  if (signIn.appToken) webapi.applicationToken(signIn.appToken);
  if (signIn.accessToken) webapi.authenticateWithToken(signIn.accessToken);
  return webapi;
}

async function sync(asked) {
  const accounts = asked.ready
    ? converters.Create_SyncUserAccountArray_From(asked.ready)
    : asked.accounts;
  try {
    return { resolved: await connect(asked).getEMailAgent().syncEmailAccountsAsync(accounts) };
  } catch (error) {
    const { status = null, data = null } = error.response ?? {};
    return { failed: error.message, status, body: data };
  }
}

sync(JSON.parse(readFileSync(0, "utf8"))).then((seen) => console.log(JSON.stringify(seen)));
