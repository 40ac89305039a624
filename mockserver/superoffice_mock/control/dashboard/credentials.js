// The credentials of a tenant, to copy, and the same call in five languages.

import { make, paced, write } from "./dom.js";
import { LANGUAGES } from "./snippets.js";

/** @typedef {import("./context.js").Context} Context */
/**
 * @typedef {{name: string, values: Record<string, string>, headers: Record<string, string>}} SignIn
 * @typedef {{app: string, app_token: string, client_id: string | null, system_user_token: string | null, granted: boolean}} App
 */

export const PATH = "/api/v1/Agents/EMail/SyncEmailAccounts";

/**
 * @param {HTMLElement} element
 * @param {Context} context
 */
export function mountCredentials(element, context) {
  const { api, at, line, onChange } = context;
  /** @type {SignIn[]} */
  let signIns = [];
  let read = "";
  let language = Object.keys(LANGUAGES)[0];
  const list = make("div");
  const choice = make("select", { "aria-label": "Credentials in the code" });
  const tabs = make("div", { class: "segments", role: "group", "aria-label": "Language" });
  const code = make("code");
  const pre = make("pre", { tabindex: 0, "aria-label": "The call as code" }, code);
  const buttons = Object.keys(LANGUAGES).map((name) =>
    make("button", { type: "button", click: () => choose(name) }, name));
  tabs.append(...buttons);
  element.append(
    list, make("h3", {}, "The same call as code"), make("div", { class: "row" }, choice), tabs, pre,
    copyButton("Copy the code", code),
  );

  /** @param {string} name */
  function choose(name) {
    language = name;
    for (const button of buttons) button.ariaPressed = `${button.textContent === name}`;
    const signIn = signIns[choice.selectedIndex];
    write(code, signIn ? LANGUAGES[language](`${line.url}${PATH}`, signIn.headers, [507]) : "");
  }

  /** @param {{sign_ins: SignIn[], apps: App[]}} answer */
  function show(answer) {
    if (JSON.stringify(answer) === read) return;
    read = JSON.stringify(answer);
    signIns = answer.sign_ins;
    const before = choice.selectedIndex;
    choice.replaceChildren(...signIns.map(({ name }) => make("option", {}, name)));
    choice.selectedIndex = Math.max(0, Math.min(before, signIns.length - 1));
    const items = signIns.map(({ name, values, headers }) => describe(name, values, headers));
    const apps = answer.apps.map(({ app, granted, ...values }) =>
      describe(`app ${app}${granted ? "" : ", without the grant of the EMail agent"}`, values));
    const none = "The tenant accepts no credentials: add some to its configuration.";
    list.replaceChildren(...(items.length ? [...items, ...apps] : [make("p", {}, none)]));
    choose(language);
  }

  choice.addEventListener("change", () => choose(language));
  const refresh = paced(async () => show(await api.get(at("credentials"))), context, 1000);
  onChange(({ calls, what, reset }) => {
    if (reset || what || calls.some((call) => !call.path.includes("/Agents/"))) refresh();
  });
  refresh();
}

/**
 * @param {string} name
 * @param {Record<string, string | null>} values
 * @param {Record<string, string>} [headers]
 */
function describe(name, values, headers = {}) {
  const lines = Object.entries(headers).map(([header, value]) => [`${header} header`, `${header}: ${value}`]);
  const rows = [...Object.entries(values), ...lines].filter(([, value]) => value).flatMap(([key, value]) => {
    const label = `${key}`.replaceAll("_", " ");
    const code = make("code", {}, value);
    return [make("dt", {}, label), make("dd", {}, code, copyButton("Copy", code, `Copy ${label} of ${name}`))];
  });
  return make("div", { class: "credential" }, make("h3", {}, name), make("dl", {}, ...rows));
}

/**
 * A button that copies a text. Where a page may not write to the clipboard, it selects the text.
 * @param {string} label
 * @param {HTMLElement} shown has the text
 * @param {string} [name]
 */
function copyButton(label, shown, name = label) {
  const button = make("button", { type: "button", class: "quiet", "aria-label": name }, label);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(shown.textContent ?? "");
      tell("Copied");
    } catch {
      getSelection()?.selectAllChildren(shown);
      tell("Press Ctrl+C");
    }
  });

  /** @param {string} text */
  function tell(text) {
    write(button, text);
    button.ariaLabel = `${text}: ${name}`;
    setTimeout(() => {
      write(button, label);
      button.ariaLabel = name;
    }, 2000);
  }
  return button;
}
