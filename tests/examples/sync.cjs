// Calls syncEmailAccountsAsync of the vendor's client once, as its README shows, and prints what
// its caller gets. Standard input: { baseUrl, signIn, accounts } or { baseUrl, signIn, ready };
// `ready` holds accounts in the form in which getReadySyncEmailAccounts returns them.
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

async function sync(input) {
  const accounts = input.ready
    ? converters.Create_SyncUserAccountArray_From(input.ready)
    : input.accounts;
  try {
    return { resolved: await connect(input).getEMailAgent().syncEmailAccountsAsync(accounts) };
  } catch (error) {
    const { status = null, data = null } = error.response ?? {};
    return { failed: error.message, status, body: data };
  }
}

sync(JSON.parse(readFileSync(0, "utf8"))).then((result) => console.log(JSON.stringify(result)));
