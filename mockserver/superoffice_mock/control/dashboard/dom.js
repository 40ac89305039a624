// Elements, numbers and moments as every panel writes them; text is never markup.

/** @typedef {Node | string | null | undefined | false} Child */
/** @typedef {Record<string, string | number | boolean | null | undefined | ((event: any) => void)>} Attributes */

/**
 * Return a new element. An attribute that is a function listens to the event of its name; true is an
 * empty attribute; false, null and undefined leave it out.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, `${value}`);
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

/**
 * Return the element of the page with this id.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function find(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element;
}

/**
 * Write text into an element, unless it is there already: a selection in it stays.
 * @param {Element} element
 * @param {string} text
 */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Return a button that runs an action, and does nothing while the action runs. What a control call
 * refuses stands in the status line already.
 * @param {string} label
 * @param {() => unknown} action
 * @param {Attributes} [attributes]
 */
export function actionButton(label, action, attributes = {}) {
  const button = make("button", { type: "button", ...attributes }, label);
  button.addEventListener("click", async () => {
    if (button.ariaDisabled === "true" || button.ariaBusy === "true") return;
    button.ariaBusy = "true";
    try {
      await action();
    } catch (error) {
      if (!isExpected(error)) throw error;
    } finally {
      button.ariaBusy = null;
    }
  });
  return button;
}

/**
 * Let buttons act or not. One that does not still takes the focus, so that none is lost.
 * @param {boolean} isEnabled
 * @param {...HTMLButtonElement} buttons
 */
export function enable(isEnabled, ...buttons) {
  for (const button of buttons) button.ariaDisabled = isEnabled ? null : "true";
}

/**
 * Return whether an error needs no report: another tenant was chosen, or the status line tells it.
 * @param {unknown} error
 */
export function isExpected(error) {
  return error instanceof Error && (error.name === "AbortError" || error.name === "ControlError");
}

/**
 * Return a function that does some work at once, but not more often than every so many milliseconds,
 * nor more than a fifth of the time. Calls in between lead to one more run at the end. It does
 * nothing while the link to the mock is down.
 * @param {() => unknown} work
 * @param {{signal: AbortSignal, isDown: boolean}} context
 * @param {number} [every]
 * @returns {() => void}
 */
export function paced(work, context, every = 500) {
  const isOver = () => context.signal.aborted || context.isDown;
  let isBusy = false;
  let again = false;
  async function run() {
    const start = performance.now();
    isBusy = true;
    again = false;
    try {
      await work();
    } catch (error) {
      if (!isExpected(error)) throw error;
    } finally {
      setTimeout(() => {
        isBusy = false;
        if (again && !isOver()) run();
      }, Math.max(every, 5 * (performance.now() - start)));
    }
  }
  return () => {
    if (isBusy) again = true;
    else if (!isOver()) run();
  };
}

/**
 * Return a function that draws in the next frame, once, however often it was asked to.
 * @param {() => void} draw
 * @returns {() => void}
 */
export function inFrame(draw) {
  let isAsked = false;
  return () => {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      draw();
    });
  };
}

/**
 * Return a moment, in ISO 8601 or seconds since 1970, as a time of day in UTC: `10:00:01.200`.
 * @param {string | number} moment
 */
export function timeOf(moment) {
  return isoOf(moment).slice(11, -1);
}

/**
 * Return a moment with its date, without milliseconds: `2026-12-01 10:00:01`.
 * @param {string | number} moment
 */
export function dateOf(moment) {
  return isoOf(moment).slice(0, 19).replace("T", " ");
}

/** @param {string | number} moment */
function isoOf(moment) {
  return new Date(typeof moment === "number" ? moment * 1000 : moment).toISOString();
}

/**
 * Return a number with its noun: `1 call`, `2 calls`.
 * @param {number} number
 * @param {string} noun
 */
export function count(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

/**
 * Return seconds as text: `2.5 s`, `300 s`.
 * @param {number} seconds
 */
export function secondsText(seconds) {
  return `${Number(seconds.toFixed(seconds < 100 ? 1 : 0))} s`;
}
