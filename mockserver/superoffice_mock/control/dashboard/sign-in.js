// The form that asks for the control token, and the sign-out.

import { make } from "./dom.js";

const SESSION = "session";

/**
 * Show the form in an element until the token is right.
 * @param {HTMLElement} element
 * @param {() => void} onSignedIn
 */
export function showSignIn(element, onSignedIn) {
  const token = make("input", { type: "password", id: "token", name: "token", autocomplete: "off", required: true });
  const problem = make("p", { role: "alert", class: "problem" });
  const button = make("button", { type: "submit" }, "Sign in");
  const form = make(
    "form",
    { class: "sign-in", "aria-labelledby": "sign-in-title" },
    make("h2", { id: "sign-in-title" }, "This mock has a control token"),
    make("p", { class: "soft" }, "It is the setting control-token of the one who started it. The page stays signed in for 8 hours."),
    make("label", { for: "token" }, "Control token"),
    token,
    button,
    problem,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    problem.textContent = "";
    const body = JSON.stringify({ token: token.value });
    const response = await fetch(SESSION, { method: "POST", body }).catch(() => null);
    button.disabled = false;
    if (response?.ok) {
      form.remove();
      onSignedIn();
      return;
    }
    problem.textContent = response === null
      ? "The mock does not answer."
      : await response.json().then(({ detail }) => detail, () => response.statusText);
    token.value = "";
    token.focus();
  });
  element.replaceChildren(form);
  token.focus();
}

/**
 * Let a button sign the page out; it is shown while the page is signed in.
 * @param {HTMLButtonElement} button
 */
export async function mountSignOut(button) {
  const response = await fetch(SESSION);
  button.hidden = !response.ok || !(await response.json()).signed_in;
  button.onclick = async () => {
    await fetch(SESSION, { method: "DELETE", headers: { "X-Superoffice-Mock": "dashboard" } });
    location.reload();
  };
}
