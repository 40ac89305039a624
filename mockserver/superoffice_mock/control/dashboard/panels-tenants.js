// The tenants on the left, each with what is going on there.

import { count, inFrame, make, timeOf, write } from "./dom.js";

/** @typedef {import("./context.js").TenantLine} TenantLine */

const MAX_ROWS = 100;

/**
 * Fill the list of tenants.
 * @param {HTMLElement} element
 * @param {(id: string) => void} choose
 */
export function mountTenants(element, choose) {
  /** @type {TenantLine[]} */
  let lines = [];
  let chosen = "";
  const rows = new Map();
  const toggle = make("button", { type: "button", class: "drawer", "aria-expanded": "false", "aria-controls": "tenant-drawer" });
  const filter = make("input", { type: "search", "aria-label": "Filter tenants by id or by what is going on", placeholder: "Filter", autocomplete: "off", hidden: true });
  const list = make("ul", { class: "list" });
  const note = make("p", { class: "soft note" });
  const drawer = make("div", { id: "tenant-drawer" }, filter, list, note);
  element.append(toggle, drawer);

  const draw = inFrame(() => {
    const words = filter.value.trim().toLowerCase();
    const matching = lines.filter(
      (line) => !words || `${line.id} ${line.installation} ${activity(line)}`.toLowerCase().includes(words),
    );
    const shown = matching.slice(0, MAX_ROWS);
    const current = lines.find((line) => line.id === chosen);
    if (current && !words && !shown.includes(current)) shown.unshift(current);
    const wanted = shown.map((line) => drawRow(line));
    for (const row of [...list.children]) if (!wanted.includes(/** @type {any} */ (row))) row.remove();
    wanted.forEach((row, place) => {
      if (list.children[place] !== row) list.insertBefore(row, list.children[place] ?? null);
    });
    for (const [id, row] of rows) if (!row.isConnected) rows.delete(id);
    filter.hidden = lines.length < 8;
    const hidden = matching.length - shown.length;
    write(note, hidden > 0 ? `${count(hidden, "more tenant")}: filter to find one` : matching.length ? "" : "No tenant matches.");
    write(toggle, `Tenant: ${chosen}`);
  });

  /** @param {TenantLine} line */
  function drawRow(line) {
    let row = rows.get(line.id);
    if (row === undefined) {
      const link = make("a", { href: `?tenant=${encodeURIComponent(line.id)}` }, make("b"), make("small"), make("small", { class: "calls" }));
      write(link.children[0], line.id);
      row = make("li", {}, link);
      rows.set(line.id, row);
    }
    const link = row.firstElementChild;
    write(link.children[1], activity(line));
    write(link.children[2], line.calls ? count(line.calls, "call") : "");
    link.dataset.going = line.holder ? "held" : line.waiting ? "waiting" : line.state === "running" ? "" : "off";
    if (line.id === chosen) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    link.dataset.tenant = line.id;
    return row;
  }

  list.addEventListener("click", (event) => {
    const link = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("a"));
    if (!link?.dataset.tenant || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    setOpen(false);
    choose(link.dataset.tenant);
  });
  element.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape" && toggle.getAttribute("aria-expanded") === "true") {
      setOpen(false);
      toggle.focus();
    }
    if (!step) return;
    const links = [...list.querySelectorAll("a")];
    const place = links.indexOf(/** @type {any} */ (document.activeElement));
    event.preventDefault();
    if (place + step < 0 && !filter.hidden) filter.focus();
    else links[Math.max(0, Math.min(links.length - 1, place + step))]?.focus();
  });
  toggle.addEventListener("click", () => setOpen(toggle.getAttribute("aria-expanded") !== "true"));
  filter.addEventListener("input", draw);

  /** @param {boolean} isOpen */
  function setOpen(isOpen) {
    toggle.setAttribute("aria-expanded", `${isOpen}`);
  }

  return {
    /** @param {TenantLine[]} tenants @param {string} current */
    show(tenants, current) {
      lines = tenants;
      chosen = current;
      draw();
    },
  };
}

/**
 * Say what is going on at a tenant, in a few words.
 * @param {TenantLine} line
 */
export function activity(line) {
  const words = [];
  if (line.state !== "running") words.push(line.state);
  if (line.holder?.by === "hand") words.push("lease held by hand");
  if (line.holder?.ends_at) words.push(`run ${line.holder.run} until ${timeOf(line.holder.ends_at).slice(0, 8)}`);
  if (line.waiting) words.push(`${line.waiting} waiting`);
  else if (line.in_flight) words.push(`${line.in_flight} in flight`);
  return words.join(" · ") || "idle";
}
