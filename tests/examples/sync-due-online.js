// sync-due.js for a tenant Online: after a 401 it renews its access token and repeats the call.
// The environment: SUPEROFFICE_URL of the tenant; SUPEROFFICE_LOGIN, which issues tokens, such as
// https://online.superoffice.com; CLIENT_ID, CLIENT_SECRET; ACCESS_TOKEN, REFRESH_TOKEN; SYNC_PAUSE.
"use strict";
const axios = require("axios"); // the vendor's client brings it
const { WebApi } = require("@superoffice/webapi");
const { main } = require("./sync-due.js");

const { env } = process;

async function renewToken() {
  const response = await fetch(`${env.SUPEROFFICE_LOGIN}/login/common/oauth/tokens`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "refresh_token",
      client_id: env.CLIENT_ID,
      client_secret: env.CLIENT_SECRET,
      refresh_token: env.REFRESH_TOKEN,
    }),
  });
  if (!response.ok) throw new Error(await response.text());
  console.log("renewed the access token");
  return (await response.json()).access_token;
}

/** The client passes every error through this; what it returns is the answer to the call. */
async function errorHandler(error) {
  const { config, response } = error;
  if (response?.status !== 401 || config.isRepeated) throw error;
  const token = await renewToken();
  webapi.authenticateWithToken(token);
  config.headers.Authorization = `Bearer ${token}`;
  return axios.request({ ...config, isRepeated: true });
}

const webapi = new WebApi({ baseUrl: env.SUPEROFFICE_URL, errorHandler });
webapi.authenticateWithToken(env.ACCESS_TOKEN);
main(webapi);
