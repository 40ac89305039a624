// An app with the vendor's client that signs in again once its credentials have expired.
// Standard input: { root, tenant, credentials, privateKey }; with a private key (PEM) the app is a
// system user, else it has a refresh token. It prints what happened, in order.
const { createSign } = require("node:crypto");
const { readFileSync } = require("node:fs");
const { WebApi } = require("@superoffice/webapi");

const TICKET = "http://schemes.superoffice.net/identity/ticket";
const { root, tenant, credentials, privateKey } = JSON.parse(readFileSync(0, "utf8"));
const webapi = new WebApi(`${root}/${tenant}`);
const steps = [];

async function post(path, options) {
  const response = await fetch(`${root}${path}`, { method: "POST", ...options });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

async function refreshAccessToken() {
  const tokens = await post("/login/common/oauth/tokens", {
    body: new URLSearchParams({
      grant_type: "refresh_token",
      client_id: credentials.client_id,
      client_secret: credentials.app_token,
      refresh_token: credentials.refresh_token,
    }),
  });
  webapi.authenticateWithToken(tokens.access_token);
}

async function getSystemUserTicket() {
  const time = new Date().toISOString().replace(/\D/g, "").slice(0, 12);
  const text = `${credentials.system_user_token}.${time}`;
  const signature = createSign("SHA256").update(text).sign(privateKey, "base64");
  const answer = await post("/Login/api/PartnerSystemUser/Authenticate", {
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      SignedSystemToken: `${text}.${signature}`,
      ApplicationToken: credentials.app_token,
      ContextIdentifier: tenant,
      ReturnTokenType: "JWT",
    }),
  });
  if (!answer.IsSuccessful) throw new Error(answer.ErrorMessage);
  const claims = JSON.parse(Buffer.from(answer.Token.split(".")[1], "base64url"));
  webapi.authenticateWithTicket(claims[TICKET]);
  webapi.applicationToken(credentials.app_token);
}

async function sync() {
  const signIn = privateKey ? getSystemUserTicket : refreshAccessToken;
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    try {
      await webapi.getEMailAgent().syncEmailAccountsAsync([]);
      steps.push("synced");
      return;
    } catch (error) {
      steps.push(error.response?.status ?? error.message);
      await signIn();
      steps.push("signed in");
    }
  }
}

async function main() {
  webapi.authenticateWithToken("8A:none");
  await sync();
  await fetch(`${root}/_mock/credentials/expire?tenant=${tenant}`, { method: "POST" });
  await sync();
  console.log(JSON.stringify(steps));
}

main();
