// Elements, texts and numbers. Data becomes text nodes and attributes only, never markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element: `h("a.link", {href}, "text", child)`. Null children are left out. */
export function h(what, properties = {}, ...children) {
  const [tag, ...classes] = what.split(".");
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(" ");
  set(node, properties);
  node.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

function set(node, properties) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked") node[name] = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
}

export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

const ICONS = {
  live: ["M2 9h3l2-5 3 9 2-4h2"],
  subscribers: ["M5 8a2 2 0 1 1-4 0 2 2 0 0 1 4 0Z", "M15 3.500a2 2 0 1 1-4 0 2 2 0 0 1 4 0Z", "M15 12.500a2 2 0 1 1-4 0 2 2 0 0 1 4 0Z", "M5 7l6-3M5 9l6 3"],
  records: ["M2 3h12v10H2zM2 6.500h12M6 6.500V13"],
  channels: ["M2 4h6M12 4h2M10 2.500v3M2 8h2M8 8h6M6 6.500v3M2 12h7M13 12h1M11 10.500v3"],
  schemas: ["M6 2C3.500 2 5.500 7 3 8c2.500 1 .500 6 3 6M10 2c2.500 0 .500 5 3 6-2.500 1-.500 6-3 6"],
  replay: ["M3 3v4h4M3.300 7A5.500 5.500 0 1 1 2.700 9.500"],
  faults: ["M14 9a6 6 0 1 1-12 0 6 6 0 0 1 12 0ZM8 6v3l2 1M6 1h4"],
  usage: ["M3 13V9M6.500 13V3M10 13V7M13.500 13V5"],
  requests: ["M2 5h11M10 2l3 3-3 3", "M14 11H3M6 8l-3 3 3 3"],
  node: ["M2 2.500h12v4.500H2zM2 9h12v4.500H2zM4.500 4.750h.01M4.500 11.250h.01"],
  filter: ["M2 4h12M4 8h8M6 12h4"],
  menu: ["M2 4h12M2 8h12M2 12h12"],
  theme: ["M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0ZM8 2v12", "M9 3v10M11 4v8M13 6v4"],
};

export function icon(name) {
  const paths = ICONS[name].map((d) => svg("path", { d }));
  return svg("svg", { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" }, ...paths);
}

// Control and bidirectional characters, which a browser would obey or hide.
const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** A value of the org as text: isolated, with unprintable characters shown by their codes. */
export function data(text, what = "bdi") {
  const shown = String(text).replace(UNPRINTABLE, (c) => `\u27e8U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}\u27e9`);
  return h(what, {}, shown);
}

/** Replaces the children of a node. */
export function fill(node, ...children) {
  node.replaceChildren(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
}

export const count = (n) => n.toLocaleString("en-US");
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;
export const clockTime = (iso) => iso.slice(11, 23);
export const dateTime = (iso) => `${iso.slice(0, 10)} ${iso.slice(11, 23)} UTC`;

export function span(ms) {
  const s = Math.round(ms / 1000);
  if (ms < 1000) return `${ms} ms`;
  if (s < 120) return `${s} s`;
  if (s < 7200) return `${Math.round(s / 60)} min`;
  return `${Math.round(s / 3600)} h`;
}

export const KINDS = {
  create: ["+", "Create"], update: ["~", "Update"], delete: ["\u2212", "Delete"], undelete: ["^", "Undelete"],
  gap: ["!", "Gap"], published: ["\u2022", "Platform event"],
};

export function typeOf(event) {
  return event.header ? event.header.changeType : "PUBLISHED";
}

export function kindOf(event) {
  return kindOfType(typeOf(event));
}

/** The kind of a change type, as colours and words have it. */
export function kindOfType(type) {
  const kind = type.startsWith("GAP_") ? "gap" : type.toLowerCase();
  return kind in KINDS ? kind : "published";
}

export function typeChip(event) {
  const kind = kindOf(event);
  return h(`span.type.t-${kind}`, {}, h("i", { "aria-hidden": "true" }, KINDS[kind]?.[0] ?? "\u2022"), typeOf(event));
}

/** A button with a list of actions: `[label, action]`. */
export function menu(label, actions, where = "") {
  const list = h("ul", { hidden: true });
  const button = h("button.small", { "aria-expanded": "false", "aria-haspopup": "true" }, label, " \u25be");
  const box = h(`div.menu${where}`, {}, button, list);
  const show = (open) => {
    list.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    if (open) list.querySelector("button, input")?.focus();
  };
  list.append(...actions.map(([name, act]) => h("li", {}, h("button", { onclick: () => { show(false); button.focus(); act(); } }, name))));
  button.addEventListener("click", () => show(list.hidden));
  box.addEventListener("keydown", (e) => {
    const items = [...list.querySelectorAll("button")];
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (e.key === "Escape" && !list.hidden) { show(false); button.focus(); e.stopPropagation(); }
    else if (step && items.length) { items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus(); e.preventDefault(); }
  });
  box.addEventListener("focusout", (e) => { if (!box.contains(e.relatedTarget)) show(false); });
  return box;
}
