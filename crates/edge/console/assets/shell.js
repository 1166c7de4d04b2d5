// Around the pages: header, rail, addresses, keys, commands.

import { control, org, readOnly } from "./api.js";
import { startLogin } from "./login.js";
import { fill, h, icon, plural } from "./dom.js";

const BASE = "/console";
const RAIL = [
  ["/live", "Live", "live", "l"], ["/replay", "Replay", "replay", "p"], ["/subscribers", "Subscribers", "subscribers", "s"], ["/records", "Records", "records", "r"],
  ["/channels", "Channels", "channels", "c"], ["/schemas", "Schemas", "schemas", "m"], ["/faults", "Faults and clock", "faults", "f"],
  ["/usage", "Usage", "usage", "u"], ["/requests", "Requests", "requests", "q"], ["/node", "Node", "node", "n"],
].filter(([path]) => !readOnly || !["/faults", "/requests"].includes(path));
const STATUS_MS = 2000;
const SAY_MS = 5000;

/** What pages share. `current` is the page that is open. */
export const page = { current: null, say, connection };

let pages = [], parts = {}, keysOff = stored("keys") === "off", chord = null;

function stored(name, value) {
  try {
    if (value !== undefined) localStorage.setItem(`landfall.${name}`, value);
    return localStorage.getItem(`landfall.${name}`);
  } catch {
    // The browser stores nothing: the choice ends with the page.
    return null;
  }
}

// ---- Addresses

const withOrg = (path) => {
  if (!org()) return path;
  const [front, search] = path.split("?");
  const parameters = new URLSearchParams(search);
  parameters.set("org", org());
  return `${front}?${parameters}`;
};

/** Opens an address of the console. */
export function go(path) {
  history.pushState(null, "", withOrg(BASE + path));
  open();
}

/** Changes parameters of the address; pages decide whether that is a step of its own in the history. */
export function address(parameters, push) {
  const search = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(parameters)) {
    if (value === null || value === undefined || value === "") search.delete(name);
    else search.set(name, value);
  }
  const text = search.toString();
  const path = location.pathname + (text ? `?${text}` : "");
  if (path !== location.pathname + location.search) history[push ? "pushState" : "replaceState"](null, "", path);
}

export function link(path, ...content) {
  return h("a", { href: withOrg(BASE + path), onclick: follow }, ...content);
}

function follow(e) {
  if (e.ctrlKey || e.metaKey || e.shiftKey || e.button) return;
  e.preventDefault();
  e.stopPropagation();
  const target = new URL(e.currentTarget.href);
  history.pushState(null, "", target.pathname + target.search);
  open();
}

function open() {
  const path = location.pathname.slice(BASE.length);
  const parameters = new URLSearchParams(location.search);
  const wanted = pages.find((one) => one.path.test(path));
  if (page.current && page.current.wanted === wanted && page.current.address?.(parameters)) return mark(path);
  page.current?.end?.();
  page.current = null;
  fill(parts.main);
  parts.main.className = "";
  if (!wanted) fill(parts.main, h("div.empty", {}, h("h1", {}, "There is no such page"), link("/live", "Live")));
  else if (readOnly && wanted.full) fill(parts.main, h("div.empty", {}, h("h1", {}, "Only in landfall dev"), h("p.second", {}, "The console of this server only reads."), link("/live", "Live")));
  else {
    page.current = { ...wanted.open(parts.main, path.match(wanted.path).slice(1), parameters), wanted };
    document.title = `${page.current.title}, Landfall`;
  }
  parts.rail.classList.remove("open");
  mark(path);
}

function mark(path) {
  for (const anchor of parts.rail.querySelectorAll("a")) {
    const own = new URL(anchor.href).pathname.slice(BASE.length);
    if (own === path || path.startsWith(`${own}/`) || (own === "/live" && path.startsWith("/event/")) || (own === "/channels" && path.startsWith("/pushtopics/"))) anchor.setAttribute("aria-current", "page");
    else anchor.removeAttribute("aria-current");
  }
}

// ---- Messages

let said = 0;

/** Announces something, at most every few seconds to a screen reader. */
function say(text, at_once = true) {
  const now = Date.now();
  if (!at_once && now - said < SAY_MS) return;
  said = now;
  fill(parts.status, text);
}

export function failure(error) {
  fill(parts.alert, h("div.bar", {}, h("span", {}, h("b", {}, `${error.code ?? "Error"}: `), error.message), h("button.small", { onclick: () => fill(parts.alert) }, "Close")));
}

export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    say(`Copied ${what}.`);
    toast(`Copied ${what}`);
  } catch {
    failure({ code: "Not copied", message: "The browser does not allow the clipboard. Select and copy by hand." });
  }
}

function toast(text) {
  fill(parts.toast, text);
  parts.toast.hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => (parts.toast.hidden = true), 2000);
}

let isConnected = null;

/** Whether the server answers; a page with a stream of its own says so too. */
function connection(on) {
  if (on === isConnected) return;
  isConnected = on;
  fill(parts.connection, h(`span.dot.${on ? "on" : "off"}`), h(on ? "span" : "span.amber", {}, on ? "Connected" : "Not connected"));
}

/** Faults and clock in the header. */
export async function refresh() {
  try {
    const [clock, faults, subscribers] = await Promise.all([readOnly ? null : control("GET", "clock"), readOnly ? { faults: [] } : control("GET", "faults"), control("GET", "subscribers")]);
    const late = subscribers.subscribers.filter(inTrouble).length;
    badge("/subscribers", late, "in trouble");
    connection(true);
    page.current?.tick?.({ clock, faults: faults.faults, subscribers: subscribers.subscribers });
    if (!clock) return;
    const frozen = clock.mode === "frozen";
    fill(parts.clock, link("/faults", h(`span.chip${frozen ? ".attention" : ""}`, {}, frozen ? "! Frozen" : "Clock running", frozen ? h("span.long", {}, ` ${clock.now.slice(0, 19).replace("T", " ")} UTC`) : null)));
    const armed = faults.faults.filter((fault) => fault.state !== "spent").length;
    fill(parts.faults, armed ? link("/faults", h("span.chip.attention", {}, `! ${plural(armed, "fault")} armed`)) : null);
    badge("/faults", armed, "armed");
  } catch (error) {
    connection(error.status !== 0);
    page.current?.failed?.(error);
  }
}

const LAG_MS = 10000;

/** Whether a subscriber needs a look: no subscription, nothing requested while events wait, or far behind. */
export function inTrouble(subscriber) {
  const late = subscriber.subscriptions.some((one) => one.lag > 0 && one.lagMs > LAG_MS);
  const waits = subscriber.subscriptions.some((one) => one.lag > 0);
  return subscriber.state === "without subscription" || late || (subscriber.state === "without requested events" && waits);
}

function badge(path, n, what) {
  const anchor = [...parts.rail.querySelectorAll("a")].find((one) => new URL(one.href).pathname === BASE + path);
  anchor?.querySelector(".badge")?.remove();
  if (n) anchor?.append(h("span.badge", {}, String(n), h("span.hidden", {}, ` ${what}`)));
}

// ---- Theme

function theme(choice) {
  const dark = choice ? choice === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}

function switchTheme() {
  const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  stored("theme", next);
  theme(next);
}

// ---- Keys

const EVERYWHERE = {
  "g l": ["Live", () => go("/live")], "g p": ["Replay", () => go("/replay")], "g s": ["Subscribers", () => go("/subscribers")], "g r": ["Records", () => go("/records")],
  "g c": ["Channels", () => go("/channels")], "g m": ["Schemas", () => go("/schemas")], "g f": ["Faults and clock", () => go("/faults")],
  "g u": ["Usage", () => go("/usage")], "g q": ["Requests", () => go("/requests")], "g n": ["Node", () => go("/node")],
  "?": ["keys of this page", keysDialog],
};
// Keys lead only to pages that are in the rail.
for (const key of Object.keys(EVERYWHERE)) if (key.startsWith("g ") && !RAIL.some(([, , , letter]) => key === `g ${letter}`)) delete EVERYWHERE[key];

function onKey(e) {
  if (e.isComposing) return;
  if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === "k") {
    e.preventDefault();
    return palette();
  }
  if (document.querySelector("dialog[open]")) return;
  if (e.ctrlKey && e.key === "Enter") {
    const form = document.activeElement.closest("form");
    if (form) {
      e.preventDefault();
      form.requestSubmit();
    }
    return;
  }
  if (e.ctrlKey || e.metaKey || e.altKey) return;
  const own = page.current?.keys ?? {};
  const inInput = e.target.matches?.("input:not([type=checkbox]), textarea, select");
  if (e.key === "Escape") {
    if (inInput) e.target.blur();
    else own.Escape?.[1](e);
    return;
  }
  if (inInput || keysOff) return;
  const onButton = e.target.matches?.("button, a, [role=tab], summary, input");
  if (onButton && (e.key === " " || e.key === "Enter" || e.key.startsWith("Arrow"))) return;
  const key = chord ? `${chord} ${e.key}` : e.key;
  chord = e.key === "g" && !chord ? "g" : null;
  const act = own[key] ?? EVERYWHERE[key];
  if (act) {
    e.preventDefault();
    chord = null;
    act[1](e);
  }
}

const NAMES = { " ": "Space", Escape: "Esc", ArrowDown: "\u2193", ArrowUp: "\u2191" };

export function dialog(label, ...content) {
  const before = document.activeElement;
  const box = h("dialog", { "aria-label": label }, ...content);
  box.addEventListener("close", () => {
    box.remove();
    // A command may have moved the focus to where it is needed.
    if (document.activeElement === document.body) before?.focus?.();
  });
  box.addEventListener("click", (e) => e.target === box && box.close());
  document.body.append(box);
  box.showModal();
  return box;
}

function keysDialog() {
  const rows = Object.entries({ ...page.current?.keys, ...EVERYWHERE, "Ctrl-K": ["search or run a command"], "Ctrl-Enter": ["send the form in focus"] });
  const off = h("input", { type: "checkbox", id: "keys-off", checked: keysOff, onchange: () => {
    keysOff = off.checked;
    stored("keys", keysOff ? "off" : "on");
  } });
  const box = dialog("Keys of this page", h("div.pad", {}, h("h2", {}, "Keys of this page"), h("table", {}, h("tbody", {}, rows.map(([key, [what]]) => h("tr", {}, h("td", {}, h("kbd", {}, NAMES[key] ?? key)), h("td", {}, what))))),
    h("p.row", {}, off, h("label", { for: "keys-off" }, "Switch single keys off")), h("p.row", {}, h("button.small", { onclick: () => box.close() }, "Close"))));
}

/** Commands: pages, actions of the page, replay ids. */
function palette() {
  if (document.querySelector("dialog[open]")) return;
  const actions = [
    ...RAIL.map(([path, name, , key]) => [name, () => go(path), `g ${key}`]),
    ...Object.entries(page.current?.keys ?? {}).filter(([, [, act]]) => act).map(([key, [what, act]]) => [what[0].toUpperCase() + what.slice(1), act, NAMES[key] ?? key]),
    ...(page.current?.actions?.() ?? []),
    ["Switch theme", switchTheme, ""], ["Keys of this page", keysDialog, "?"],
  ];
  const list = h("ul", { role: "listbox", id: "palette-list", "aria-label": "Commands" });
  const input = h("input", { role: "combobox", "aria-label": "Search or run a command", "aria-controls": "palette-list", "aria-expanded": "true", placeholder: "Command, page or replay ID" });
  let shown = [], at = 0;
  const draw = () => {
    const text = input.value.trim().toLowerCase();
    shown = actions.filter(([name]) => text.split(/\s+/).every((word) => name.toLowerCase().includes(word)));
    if (/^\d+$/.test(text)) shown = [[`Event ${text}`, () => go(`/event/${text}`), ""], ...shown];
    const parsed = page.current?.command?.(text);
    if (parsed) shown = [parsed, ...shown];
    at = Math.min(at, Math.max(0, shown.length - 1));
    fill(list, shown.map(([name, , key], i) => h("li", { role: "option", id: `palette-${i}`, "aria-selected": String(i === at), onclick: () => run(i) }, name, key ? h("kbd", {}, key) : null)), shown.length ? null : h("li.muted", { role: "option", "aria-selected": "false" }, "No command matches"));
    if (shown.length) input.setAttribute("aria-activedescendant", `palette-${at}`);
    else input.removeAttribute("aria-activedescendant");
  };
  const run = (i) => {
    box.close();
    shown[i]?.[1]({});
  };
  input.addEventListener("input", () => {
    at = 0;
    draw();
  });
  input.addEventListener("keydown", (e) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (step && shown.length) {
      at = (at + step + shown.length) % shown.length;
      draw();
      list.children[at]?.scrollIntoView({ block: "nearest" });
      e.preventDefault();
    } else if (e.key === "Enter") {
      e.preventDefault();
      run(at);
    }
  });
  const box = dialog("Commands", input, list);
  draw();
}

// ---- Start

export function start(known) {
  pages = known;
  theme(stored("theme"));
  const digest = import.meta.url.replace(/[^/]*$/, "");
  parts = {
    main: h("main", { id: "main", tabindex: -1 }), rail: h("nav.rail", { "aria-label": "Pages" }), status: h("div.hidden", { role: "status" }),
    alert: h("div.alert", { role: "alert" }), toast: h("div.chip", { hidden: true }), connection: h("span.connection"), clock: h("span"), faults: h("span"), login: h("span.login"),
  };
  parts.rail.append(...RAIL.map(([path, name, image]) => {
    const anchor = link(path, icon(image), h("span.label", {}, name));
    anchor.title = name;
    return anchor;
  }), h("button.keys", { onclick: keysDialog, "aria-label": "Keys of this page" }, h("kbd", { "aria-hidden": "true" }, "?"), h("span", {}, "Keys of this page")));
  const named = h("span.org");
  document.body.append(h("a.skip.button", { href: "#main", onclick: (e) => {
    e.preventDefault();
    parts.main.focus();
  } }, "Skip to the content"), h("div", { id: "app" },
    h("header.top", {}, h("button.menu-button", { "aria-label": "Pages", onclick: () => parts.rail.classList.toggle("open") }, icon("menu")),
      h("span.brand", {}, h("img", { src: `${digest}mark.svg`, alt: "" }), h("span", {}, "Landfall")), named, parts.toast, parts.login, parts.faults, parts.clock, parts.connection,
      h("button.palette-button", { onclick: palette, "aria-label": "Search or run a command" }, h("span", {}, "Search or run a command"), h("kbd", { "aria-hidden": "true" }, "Ctrl K")),
      h("button.menu-like", { onclick: switchTheme, "aria-label": "Switch theme" }, icon("theme"))),
    parts.rail, parts.main), parts.status);
  parts.main.before(parts.alert);

  addEventListener("keydown", onKey);
  addEventListener("popstate", open);
  if (readOnly) startLogin(parts.login, parts.alert, named);
  else control("GET", "orgs").then(({ orgs }) => {
    const own = orgs.find((one) => one.id === org()) ?? orgs[0];
    fill(named, h("code", {}, own.id), h("span.muted", {}, " at "), h("code", {}, location.host));
  }, () => {});
  open();
  const tick = async () => {
    if (!document.hidden) await refresh();
    setTimeout(tick, STATUS_MS);
  };
  tick();
}
