// One event: what changed, how it is sent, what its bitmaps say. As a pane and as a page.

import { channelPath } from "./channels.js";
import { bytesOf, componentsOf, decode, nested, typeName } from "./avro.js";
import { Refused, VERSION, control, query, schema } from "./api.js";
import { data, dateTime, fill, h, menu, plural, typeChip, typeOf } from "./dom.js";
import { difference, differenceView, schemaLink } from "./schemas.js";
import { copy, failure, go, link, page } from "./shell.js";

export const TABS = [["changes", "Changes"], ["sent", "As sent"], ["bitmap", "Bitmap"], ["schema", "Schema"], ["delivery", "Delivery"]];
const SHOWN_BYTES = 64 * 1024;
const HISTORY_PAGES = 10;

/** What an event is called: the name of its record, or its first values. */
export function title(event) {
  const payload = event.data?.payload;
  if (event.header) return event.name ?? nameIn(payload) ?? null;
  const record = event.data?.sobject;
  if (record) return record.Name ?? record.Id ?? null;
  if (typeof payload === "string") return payload;
  const values = Object.entries(payload ?? {}).filter(([name, value]) => !["CreatedDate", "CreatedById"].includes(name) && value !== null);
  return values.slice(0, 3).map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(" ") || null;
}

function nameIn(payload) {
  const name = payload?.Name;
  if (name && typeof name === "object") return [name.FirstName, name.LastName].filter(Boolean).join(" ") || null;
  return typeof name === "string" ? name : null;
}

const AUTOMATIC = ["LastModifiedDate", "LastModifiedById", "SystemModstamp"];

/** The fields that an event changes: with their values, null ones marked. */
export function changes(event) {
  const payload = event.data?.payload ?? event.data?.sobject ?? {};
  const header = event.header;
  if (header?.changedFields.names.length || header?.nulledFields.names.length || header?.diffFields.names.length) {
    const names = [...new Set([...header.nulledFields.names, ...header.changedFields.names, ...header.diffFields.names])];
    return names.map((name) => ({ name, value: valueOf(payload, name), nulled: header.nulledFields.names.includes(name), diff: header.diffFields.names.includes(name) }))
      .sort((a, b) => AUTOMATIC.includes(a.name) - AUTOMATIC.includes(b.name));
  }
  if (typeof payload !== "object") return [{ name: "payload", value: payload }];
  return Object.entries(payload).filter(([name, value]) => name !== "ChangeEventHeader" && value !== null && value !== undefined)
    .map(([name, value]) => ({ name, value }));
}

function valueOf(payload, name) {
  return name.split(".").reduce((value, part) => (value === null || value === undefined ? value : value[part]), payload);
}

function shown(value) {
  if (value === undefined) return h("span.muted", {}, "not in the payload");
  if (value === null) return h("span.field.mono", {}, "null");
  return data(typeof value === "object" ? JSON.stringify(value) : value, "bdi");
}

/** Chips of a list row: three fields, then how many more. */
export function chips(event) {
  if (typeOf(event).startsWith("GAP_")) return [h("span.muted", {}, "gap events carry no field values")];
  if (!event.header || typeOf(event) === "DELETE") return [];
  const all = changes(event), telling = all.filter((change) => !AUTOMATIC.includes(change.name));
  const first = telling.slice(0, 3);
  const rest = all.length - first.length;
  return [...first.map((change) => h("span.field", {}, change.nulled ? h("s", {}, change.name) : change.name, change.nulled ? " null" : "")), rest > 0 ? h("span.muted", {}, `+${rest}`) : null];
}

// ---- Changes

export function changesView(event) {
  if (!event.masked) return changesOf(event);
  return h("div", {}, h("p.pad.second", {}, "Masked: ", h("span.mono", {}, event.masked.join(", ")), ". Values of these fields are not shown here."), changesOf(event));
}

function changesOf(event) {
  const all = changes(event);
  const type = typeOf(event);
  if (type === "GAP_OVERFLOW") return h("p.pad", {}, "Too many changes to list in one transaction. Read the records again.");
  if (type.startsWith("GAP_")) return h("p.pad", {}, h("span.amber", {}, "! "), "A gap event has no field values: what changed is not known. Read the record again.");
  if (event.error) return h("p.pad.error", {}, event.error);
  if (!all.length) return h("p.pad.muted", {}, type === "DELETE" ? "The record was deleted. Events of deleted records have no field values." : "The event has no field values.");
  const isUpdate = type === "UPDATE";
  const old = new Map(all.map((change) => [change.name, h("td", {}, isUpdate ? h("span.muted", {}, "\u2026") : h("span.muted", {}, "none"))]));
  if (isUpdate) history(event, all, old);
  return h("table", {}, h("thead", {}, h("tr", {}, h("th", {}, "Field"), isUpdate ? h("th", {}, "Old", h("span.muted", {}, ", not on the wire")) : null, h("th", {}, isUpdate ? "New" : "Value"))),
    h("tbody", {}, all.map((change) => h("tr", {},
      h("td", {}, AUTOMATIC.includes(change.name) ? h("span.muted", {}, change.name) : h("b", {}, change.name)),
      isUpdate ? old.get(change.name) : null,
      h("td", {}, change.diff ? h("pre", {}, data(change.value ?? "")) : h("span.mono", {}, change.nulled ? shown(null) : shown(change.value)), change.nulled ? h("span.muted", {}, " in nulledFields") : null, change.diff ? h("span.muted", {}, " unified diff") : null)))));
}

/** Looks for the values before in older events of the record. */
async function history(event, all, cells) {
  const record = event.header.recordIds[0];
  const open = new Set(all.filter((change) => !change.diff).map((change) => change.name));
  for (const change of all) if (change.diff) fill(cells.get(change.name), h("span.muted", {}, "in the diff"));
  const close = (name, ...content) => { open.delete(name); fill(cells.get(name), ...content); };
  const closeAll = (...content) => { for (const name of [...open]) close(name, ...content.map((node) => node.cloneNode(true))); };
  try {
    let to = event.replayId - 1;
    for (let i = 0; i < HISTORY_PAGES && to && open.size; i++) {
      const found = await control("GET", `events${query({ record, to, limit: 200 })}`);
      for (const older of found.events) {
        const type = typeOf(older), from = () => eventLink(older.replayId, `from ${older.replayId}`);
        if (type.startsWith("GAP_")) closeAll(h("span.amber", {}, `unknown: gap at ${older.replayId}`));
        for (const name of [...open]) {
          const payload = older.data?.payload ?? {};
          const nulled = older.header.nulledFields.names.includes(name);
          const value = valueOf(payload, name);
          const has = nulled || older.header.changedFields.names.includes(name) || (type === "CREATE" || type === "UNDELETE");
          if (has && !older.header.diffFields.names.includes(name)) close(name, h("span.mono", {}, shown(nulled ? null : value ?? null)), " ", from());
        }
        if (!open.size) return;
      }
      to = found.next;
    }
    closeAll(h("span.muted", {}, "not retained"));
  } catch (error) {
    closeAll(h("span.error", {}, error instanceof Refused ? error.message : String(error)));
  }
}

const eventLink = (id, text) => link(`/event/${id}`, text);

function headerFacts(event) {
  const header = event.header;
  const fact = (name, ...value) => [h("dt", {}, name), h("dd", {}, ...value)];
  if (!header) return h("dl.facts", {}, fact("Event ID", event.id), fact("Schema ID", event.schema), fact("Size", plural(event.size, "byte")));
  const bits = (set) => (set.bitmap.length ? set.bitmap.join(", ") : h("span.muted", {}, "empty"));
  return h("dl.facts", {},
    fact("Record", header.recordIds.map((id) => [link(`/live?q=${encodeURIComponent(`record:${id}`)}`, id), " "]), " ", header.entityName),
    fact("Transaction", link(`/live?q=${encodeURIComponent(`tx:${header.transactionKey}`)}`, header.transactionKey), ` event ${header.sequenceNumber}`),
    fact("User", header.commitUser), fact("Origin", header.changeOrigin ? data(header.changeOrigin) : h("span.muted", {}, "empty")),
    fact("Commit number", String(header.commitNumber)), fact("Schema ID", event.schema), fact("Size", plural(event.size, "byte")),
    fact("Changed fields", bits(header.changedFields)), fact("Nulled fields", bits(header.nulledFields)), fact("Diff fields", bits(header.diffFields)));
}

// ---- As sent

export function sentView(event, form, choose) {
  const forms = [["pubsub", "Pub/Sub API, Avro"], ["decoded", "Pub/Sub API, decoded"], ["cometd", "CometD, JSON"], ["transcript", "Transcript"]];
  const active = forms.some(([name]) => name === form) ? form : "pubsub";
  const body = h("div");
  const tabs = h("div.tabs", { role: "tablist", "aria-label": "Form" }, forms.map(([name, label]) => h("button", { role: "tab", "aria-selected": String(name === active), tabindex: name === active ? 0 : -1, onclick: () => choose(name), onkeydown: tabKeys }, label)));
  const shownText = (whole, what, about) => {
    const pre = h("pre.code", { tabindex: 0, role: "region", "aria-label": what }, data(whole.slice(0, SHOWN_BYTES), "span"));
    const more = whole.length > SHOWN_BYTES ? h("button.small", { onclick: () => { fill(pre, data(whole, "span")); more.remove(); } }, "Show all") : null;
    fill(body, about ? h("p.pad.second", {}, about) : null, pre, h("div.pad.row", {}, h("button.small", { onclick: () => copy(whole, what) }, `Copy ${what}`), more));
  };
  if (active === "cometd") {
    if (!event.data) fill(body, h("p.pad.error", {}, event.error));
    else shownText(JSON.stringify({ channel: event.topic, data: event.data }, null, 2), "JSON", `EXPANDED: fields that changed to null are there, bitmaps are names. On the wire ${plural(new TextEncoder().encode(JSON.stringify({ data: event.data, channel: event.topic })).length, "byte")}, without spaces.`);
  } else if (active === "transcript") {
    if (!event.data) fill(body, h("p.pad.error", {}, event.error));
    else shownText(transcript(event), "transcript", ["For a file in ", h("code", {}, "tests/transcripts"), ", after a subscription. Ids, keys and times are variables: they differ each time."]);
  } else if (active === "decoded") {
    fill(body, h("p.pad.muted", {}, "Reading the schema\u2026"));
    schema(event.schema).then((found) => {
      const { fields, error } = decode(found, bytesOf(event.payload));
      if (error) fill(body, h("p.pad.error", {}, error));
      else shownText(JSON.stringify(nested(found, fields), (_, value) => (typeof value === "bigint" ? String(value) : value), 2), "JSON", "COMPACT: what a client has after decoding the Avro bytes. Every field is there, and bitmaps are for the client to read.");
    }, (error) => fill(body, h("p.pad.error", {}, `The schema ${event.schema} cannot be read: ${error.message}`)));
  } else {
    fill(body, h("p.pad.muted", {}, "Reading the schema\u2026"));
    schema(event.schema).then((found) => fill(body, bytesView(event, found)), (error) => fill(body, h("p.pad.error", {}, `The schema ${event.schema} cannot be read: ${error.message}`), bytesView(event, null)));
  }
  return h("div", {}, tabs, body);
}

export function tabKeys(e) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
  if (!step) return;
  const tabs = [...e.currentTarget.parentNode.children];
  const next = tabs[(tabs.indexOf(e.currentTarget) + step + tabs.length) % tabs.length];
  next.focus();
  next.click();
  e.preventDefault();
  e.stopPropagation();
}

/** The event as the answer to a poll, in the form of tests/transcripts. */
export function transcript(event) {
  const variables = { transactionKey: "$KEY", commitTimestamp: "$TS", commitNumber: "$N", commitUser: "$USER", replayId: "$_", schema: "$SCHEMA", CreatedDate: "$DATE", LastModifiedDate: "$DATE", createdDate: "$DATE", CreatedById: "$USER", LastModifiedById: "$USER", OwnerId: "$USER" };
  const records = new Map((event.header?.recordIds ?? []).map((id, i) => [id, `$${String.fromCharCode(65 + (i % 26))}`]));
  const text = JSON.stringify([{ data: event.data, channel: event.topic }, { clientId: "$C", channel: "/meta/connect", id: "4", successful: true }], (name, value) => (value !== null && typeof value !== "object" ? variables[name] ?? records.get(value) ?? value : value));
  const bare = text.replaceAll(/"(\$(?:TS|N))"/g, "$1");
  return `\`\`\`http\nPOST /cometd/${VERSION.slice(1)} 200\n> [{"channel":"/meta/connect","clientId":"$C","connectionType":"long-polling","id":"4"}]\n< ${bare}\n\`\`\`\n`;
}

/** The request that arms the fault behind an event; none behind most. */
function faultOf(event) {
  const type = typeOf(event);
  const fault = type === "GAP_OVERFLOW" ? "overflow" : type.startsWith("GAP_") ? "gap" : null;
  return fault ? `curl -X POST '${location.origin}/_landfall/v1/faults' -d '${JSON.stringify({ fault, topic: event.topic })}'` : null;
}

function bytesView(event, found) {
  const bytes = bytesOf(event.payload).subarray(0, SHOWN_BYTES);
  const { fields, error } = found ? decode(found, bytesOf(event.payload)) : { fields: [], error: null };
  const dump = h("div.hex", { tabindex: 0, role: "img", "aria-label": "Bytes in hexadecimal; the fields next to it are their content" });
  const draw = (field) => fill(dump, hexLines(bytes, field));
  let shownRows = [];
  // Characters of the dump are bytes: the line by height, the byte by the column that is pointed at.
  const byteAt = (e) => {
    const range = document.caretPositionFromPoint ? document.caretPositionFromPoint(e.clientX, e.clientY) : null;
    const node = range?.offsetNode ?? document.caretRangeFromPoint?.(e.clientX, e.clientY)?.startContainer;
    const at = range?.offset ?? document.caretRangeFromPoint?.(e.clientX, e.clientY)?.startOffset;
    if (!node || !dump.contains(node)) return null;
    const before = document.createRange();
    before.setStart(dump, 0);
    before.setEnd(node, at);
    const text = before.toString(), line = text.split("\n").length - 1, column = text.length - (text.lastIndexOf("\n") + 1);
    const hex = column - 6, within = hex < 0 ? -1 : hex < 51 ? Math.floor((hex > 24 ? hex - 1 : hex) / 3) : column - 6 - 52;
    const index = line * 16 + within;
    return within >= 0 && within < 16 && index < bytes.length ? index : null;
  };
  const point = (e) => {
    const index = byteAt(e);
    const hit = index === null ? null : shownRows.find(({ field }) => index >= field.offset && index < field.offset + field.length);
    if (hit && hit.row.getAttribute("aria-selected") !== "true") {
      mark(hit.row, hit.field);
      hit.row.scrollIntoView({ block: "nearest" });
    }
  };
  dump.addEventListener("mousemove", point);
  dump.addEventListener("click", point);
  draw(null);
  const told = h("p.pad.muted", { "aria-live": "polite" }, "Point at a byte or a field to mark both; arrow keys move by field.");
  const shownFields = compacted(fields), rows = shownFields.map((field) => h("tr.pick", { tabindex: 0, onmouseenter: (e) => mark(e.currentTarget, field), onfocus: (e) => mark(e.currentTarget, field), onkeydown: rowKeys },
    h("td.num", {}, String(field.offset)), h("td.num", {}, String(field.length)), h("td", {}, field.label ?? field.name), h("td.mono", {}, field.label ? "" : shown(field.value))));
  shownRows = rows.map((row, i) => ({ row, field: shownFields[i] }));
  const mark = (row, field) => {
    for (const other of rows) other.setAttribute("aria-selected", String(other === row));
    draw(field);
    fill(told, h("b", {}, field.label ?? field.name), `: offset ${field.offset}, ${plural(field.length, "byte")}`);
  };
  return h("div", {}, error ? h("p.pad.error", {}, error) : null,
    h("div.bytes", {}, dump, h("div", {}, rows.length ? h("table", {}, h("thead", {}, h("tr", {}, ["Offset", "Length"].map((name) => h("th.num", {}, name)), h("th", {}, "Field"), h("th", {}, "Value"))), h("tbody", {}, rows)) : null)), told,
    h("div.pad", {}, h("button.small", { onclick: () => copy(event.payload, "payload in Base64") }, "Copy Base64")));
}

function rowKeys(e) {
  const next = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[e.key];
  if (!next) return;
  e.currentTarget[next]?.focus();
  e.preventDefault();
  e.stopPropagation();
}

/** Runs of null fields as one row. */
function compacted(fields) {
  const rows = [];
  let run = [];
  const flush = () => {
    if (run.length > 2) rows.push({ offset: run[0].offset, length: run.reduce((n, f) => n + f.length, 0), label: `${run.length} fields null: ${run[0].name} to ${run.at(-1).name}` });
    else rows.push(...run);
    run = [];
  };
  for (const field of fields) {
    if (field.value === null) run.push(field);
    else {
      flush();
      rows.push(field);
    }
  }
  flush();
  return rows;
}

function hexLines(bytes, field) {
  const lines = [];
  const inside = (i) => field && i >= field.offset && i < field.offset + field.length;
  const cells = (from, to, render, gap) => {
    const parts = [];
    let i = from;
    while (i < to) {
      const on = inside(i), start = i;
      while (i < to && Boolean(inside(i)) === Boolean(on)) i++;
      let text = "";
      for (let at = start; at < i; at++) text += (gap && at > from ? (at - from === 8 ? "  " : " ") : "") + render(bytes[at]);
      parts.push(on ? h("mark", {}, text) : text);
    }
    return parts;
  };
  for (let from = 0; from < bytes.length; from += 16) {
    const to = Math.min(from + 16, bytes.length);
    const width = (to - from) * 3 + (to - from > 8 ? 1 : 0);
    lines.push(h("span.off", {}, `${String(from).padStart(4, "0")}  `), ...cells(from, to, (b) => b.toString(16).padStart(2, "0"), true),
      " ".repeat(Math.max(0, 51 - width) + 1), h("span.txt", {}, ...cells(from, to, (b) => (b >= 32 && b < 127 ? String.fromCharCode(b) : "\u00b7"), false)), "\n");
  }
  return lines;
}

// ---- Bitmap

export function bitmapView(event) {
  if (!event.header) return h("p.pad.muted", {}, "Only change events have bitmaps of fields.");
  const box = h("div", {}, h("p.pad.muted", {}, "Reading the schema\u2026"));
  schema(event.schema).then((found) => {
    const sets = [["changedFields", event.header.changedFields], ["nulledFields", event.header.nulledFields], ["diffFields", event.header.diffFields]];
    fill(box, h("p.pad.second", {}, "Bit n names field n of schema ", h("span.mono", {}, event.schema), ". Bit 0 is rightmost."), sets.map(([name, set]) => bitmapSet(event, found, name, set)), explainer(event, found));
  }, (error) => fill(box, h("p.pad.error", {}, `The schema ${event.schema} cannot be read: ${error.message}`)));
  return box;
}

function bitmapSet(event, found, name, set) {
  return h("section", {}, h("h3.tight", {}, name, " ", set.bitmap.length ? null : h("span.muted", {}, "empty")), set.bitmap.map((value) => explained(found, value, event)));
}

/** A bitmap as bits and as a table; of the components of a field, if it has a number before it. */
function explained(found, value, event) {
  const [, parent, hex] = /^(?:(\d+)-)?0x([0-9A-Fa-f]+)$/.exec(value) ?? [];
  if (hex === undefined) return h("p.pad.error", {}, "A bitmap is 0x and hexadecimal digits, such as 0x400840 or 4-0x02.");
  const whole = parent === undefined ? null : found.fields[Number(parent)];
  if (parent !== undefined && !whole) return h("p.pad.error", {}, `The schema has no field ${parent}.`);
  const fields = whole ? componentsOf(found, whole) : found.fields;
  const digits = hex.length % 2 ? `0${hex}` : hex;
  const on = [];
  const bytes = digits.match(/../g).map((text, i, all) => ({ text, base: (all.length - 1 - i) * 8, value: parseInt(text, 16) }));
  const grid = bytes.map((byte) => h("div.byte", {}, h("span.over", {}, byte.text), ...[7, 6, 5, 4, 3, 2, 1, 0].map((bit) => {
    const set = (byte.value >> bit) & 1;
    if (set) on.push(byte.base + bit);
    return h(`span.bit${set ? ".on" : ""}`, {}, String(set));
  }), ...[7, 6, 5, 4, 3, 2, 1, 0].map((bit) => {
    const set = (byte.value >> bit) & 1;
    return h(`span.pos${set ? ".on" : ""}`, {}, set || bit === 7 || bit === 0 ? String(byte.base + bit) : "");
  })));
  on.sort((a, b) => a - b);
  const payload = event?.data?.payload ?? {};
  return h("div", {}, h("p.tight", {}, h("span.mono", {}, value), whole ? h("span.second", {}, ` components of field ${parent}, ${whole.name}`) : null),
    h("div.bits", { "aria-hidden": "true" }, grid),
    h("table", {}, h("thead", {}, h("tr", {}, h("th.num", {}, "Bit"), h("th", {}, whole ? "Component" : "Field"), h("th", {}, "Type"), event ? h("th", {}, "In this event") : null)),
      h("tbody", {}, on.map((bit) => {
        const field = fields[bit];
        const name = field ? (whole ? `${whole.name}.${field.name}` : field.name) : null;
        return h("tr", {}, h("td.num", {}, String(bit)), h("td", {}, field ? h("b", {}, field.name) : h("span.error", {}, "the schema has no such field")), h("td", {}, field ? typeName(field.type) : ""), event ? h("td.mono", {}, field ? shown(valueOf(payload, name)) : "") : null);
      }))));
}

let explainers = 0;

function explainer(event, found) {
  const id = `explain-${++explainers}`;
  const out = h("div", { "aria-live": "polite" });
  const input = h("input.mono", { id, placeholder: "0x400840 or 4-0x02", maxlength: 1024 });
  const explain = () => fill(out, input.value.trim() ? explained(found, input.value.trim(), null) : null);
  input.addEventListener("input", explain);
  return h("section.pad", {}, h("div.formline", {}, h("label", { for: id }, "Explain another value of this schema"), input), out);
}

// ---- Schema and delivery

// A console that only reads has fewer calls.
const refusal = (error) => (error.code === "not-found" ? h("p.pad.muted", {}, "Only in landfall dev.") : h("p.pad.error", {}, `${error.code ?? "Error"}: ${error.message}`));

export function schemaView(event) {
  const box = h("div", {}, h("p.pad.muted", {}, "Reading the schemas\u2026"));
  control("GET", "schemas").then(async ({ schemas }) => {
    const own = schemas.find((one) => one.id === event.schema);
    if (!own) return fill(box, h("p.pad.second", {}, "Clients get these events without a schema: ", h("code", {}, event.schema), " is known to the server alone."));
    const other = schemas.find((one) => one.event === own.event && one.id !== own.id && (own.current || one.current));
    const head = h("p.pad.second", {}, schemaLink(event.schema), own.current ? ", the current schema of " : ", a former schema of ", own.event, `, ${plural(own.fields, "field")}.`);
    if (!other) return fill(box, head, h("p.pad.muted", {}, "The event has had no other schema."));
    const [older, newer] = own.current ? [other.id, own.id] : [own.id, other.id];
    const found = difference(await schema(older), await schema(newer));
    fill(box, head, h("h3.tight", {}, own.current ? "What changed since a former one" : "What the current one changes", h("span.muted", {}, ` ${plural(found.length, "difference")}`)), differenceView(found, older, newer));
  }).catch((error) => fill(box, refusal(error)));
  return box;
}

const WAITS = { "between two polls": "between two polls", "without requested events": "no credit", "without subscription": "no subscription", "waiting for events": "on its way" };

/** What has become of the event for each subscriber that is connected. */
export function deliveryView(event) {
  const box = h("div", { "aria-live": "polite" }, h("p.pad.muted", {}, "Asking\u2026"));
  const outcome = (one) => {
    if (one.delivery === "sent") return one.filter ? ["done: sent, unless ", h("code", {}, data(one.filter)), " left it out"] : "sent";
    if (one.delivery === "waiting") return h("span.amber", {}, `! waits: ${WAITS[one.state]}`);
    return h("span.muted", {}, one.delivery === "before" ? "subscribed after it" : one.state === "without subscription" ? "no subscription" : "subscribed to other channels");
  };
  const load = () => control("GET", `events/${event.replayId}/deliveries`).then(({ deliveries }) => {
    const waiting = deliveries.filter((one) => one.delivery === "waiting").length;
    fill(box, h("p.pad.second.row", {}, h("span", {}, deliveries.length ? `${plural(new Set(deliveries.map((one) => one.subscriber)).size, "subscriber")} connected now${waiting ? `, ${waiting} ${waiting === 1 ? "has" : "have"} not received it` : ""}. Those that have left are not known.` : "No subscriber is connected now."), h("button.small.push", { onclick: load }, "Refresh")),
      deliveries.length ? h("table", {}, h("caption.hidden", {}, "Deliveries"), h("thead", {}, h("tr", {}, ["Subscriber", "Channel", "Delivery"].map((name) => h("th", {}, name)))), h("tbody", {}, deliveries.map((one) => h("tr", {}, h("td", {}, link(`/subscribers?client=${encodeURIComponent(one.subscriber)}`, data(one.username)), h("div.muted", {}, one.protocol === "cometd" ? "Streaming API" : "Pub/Sub API")), h("td.mono", {}, one.channel ? data(one.channel) : h("span.muted", {}, "none")), h("td", {}, outcome(one)))))) : null);
  }, (error) => fill(box, refusal(error)));
  load();
  return box;
}

// ---- Pane and page

const hexBytes = (bytes) => bytes.map((b) => b.toString(16).padStart(2, "0")).join(" ");

/** The replay id as the Pub/Sub API has it: eight bytes, big-endian, and two zero bytes. */
export function replayBytes(id) {
  const bytes = Array.from({ length: 8 }, (_, i) => Number((BigInt(id) >> BigInt(56 - 8 * i)) & 255n));
  return [...bytes, 0, 0];
}

export const asCurl = (event) => `curl '${location.origin}/_landfall/v1/events/${event.replayId}'`;

export function copyMenu(event, where) {
  return menu("Copy as", [
    ["JSON", () => copy(JSON.stringify(event, null, 2), "JSON")],
    ["curl", () => copy(asCurl(event), "curl command")],
    ["Replay ID, decimal", () => copy(String(event.replayId), "replay ID")],
    ["Replay ID, hexadecimal", () => copy(hexBytes(replayBytes(event.replayId)), "replay ID")],
    ["Replay ID, Base64", () => copy(btoa(String.fromCharCode(...replayBytes(event.replayId))), "replay ID")],
    ...(event.data ? [["Transcript for a test", () => copy(transcript(event), "transcript")]] : []),
    ...(faultOf(event) ? [["Fault that causes it", () => copy(faultOf(event), "curl command")]] : []),
    ["Link to this event", () => copy(`${location.origin}/console/event/${event.replayId}`, "link")],
  ], where);
}

/** The older or newer event of the same record; none if there is none. */
export async function neighbour(event, newer) {
  const record = event.header?.recordIds[0];
  const same = record ? { record } : { topic: event.topic };
  if (!newer) return (await control("GET", `events${query({ ...same, to: event.replayId - 1, limit: 1 })}`)).events[0] ?? null;
  let next = null, to;
  do {
    const found = await control("GET", `events${query({ ...same, from: event.replayId + 1, to, limit: 500 })}`);
    next = found.events.at(-1) ?? next;
    to = found.next;
  } while (to !== undefined);
  return next;
}

/** The pane beside a list. `on`: tab(name), form(name), close(), older(), newer(). */
export function pane(event, tab, form, on) {
  const active = TABS.some(([name]) => name === tab) ? tab : "changes";
  const bodies = {
    changes: () => [changesView(event), h("h3.tight", {}, "Header"), headerFacts(event)],
    sent: () => sentView(event, form, on.form),
    bitmap: () => bitmapView(event),
    schema: () => schemaView(event),
    delivery: () => deliveryView(event),
  };
  return h("aside.card.pane", { "aria-label": `Event ${event.replayId}`, tabindex: -1 },
    h("div.pad", {}, h("div.row", {}, typeChip(event), h("h2", {}, data(title(event) ?? event.header?.recordIds[0] ?? event.topic)),
      h("span.push.row", {}, h("button.quiet.small", { onclick: on.older }, h("kbd", { "aria-hidden": "true" }, "["), "Older"), h("button.quiet.small", { onclick: on.newer }, "Newer", h("kbd", { "aria-hidden": "true" }, "]")), h("button.quiet.small", { onclick: on.close }, "Close", h("kbd", { "aria-hidden": "true" }, "Esc")))),
      h("p.mono.second", {}, link(`/event/${event.replayId}`, String(event.replayId)), `, ${dateTime(event.time)}, ${event.topic}`)),
    h("div.tabs", { role: "tablist", "aria-label": "Event" }, TABS.map(([name, label]) => h("button", { role: "tab", "aria-selected": String(name === active), tabindex: name === active ? 0 : -1, onclick: () => on.tab(name), onkeydown: tabKeys }, label))),
    h("div.scroll", { role: "tabpanel", tabindex: 0, "aria-label": TABS.find(([name]) => name === active)[1] }, bodies[active]()),
    h("div.foot", {}, copyMenu(event, ".start"), h("button.small", { onclick: () => copy(String(event.replayId), "replay ID") }, "Copy replay ID", h("kbd", { "aria-hidden": "true" }, "y")), h("button.small", { onclick: () => go(replayPath(event)) }, "Replay from here")));
}

// A client that subscribes with the replay ID before it gets the event first.
const replayPath = (event) => `/replay${query({ topic: event.topic, at: event.replayId - 1 })}`;

export function eventPage(main, [id], parameters) {
  let event = null, form = parameters.get("form") ?? "pubsub", live = true, loaded = Promise.resolve();
  const step = async (newer) => {
    await loaded;
    if (!event) return;
    const next = await neighbour(event, newer).catch((error) => failure(error));
    if (next && live) go(`/event/${next.replayId}`);
    else if (next === null) page.say(newer ? "No newer event." : "No older event is retained.");
  };
  const draw = () => {
    const header = event.header;
    const item = (name, ...value) => h("div", {}, h("dt", {}, name), h("dd", {}, ...value));
    const sent = h("div");
    const drawSent = () => fill(sent, sentView(event, form, (chosen) => {
      form = chosen;
      history_form(chosen);
      drawSent();
      sent.querySelector('[aria-selected="true"]').focus();
    }));
    drawSent();
    const all = changes(event);
    const nulled = header?.nulledFields.names.length ?? 0;
    fill(main,
      h("div.toolbar", {}, link("/live", "Live"), h("span.muted", { "aria-hidden": "true" }, "/"), typeChip(event), h("h1", {}, data(title(event) ?? header?.recordIds[0] ?? `Event ${event.replayId}`)), h("code.second", {}, header?.recordIds.join(", ") ?? ""),
        h("span.row.push", {}, h("button", { onclick: () => step(false) }, "Older", h("kbd", { "aria-hidden": "true" }, "[")), h("button", { onclick: () => step(true) }, "Newer", h("kbd", { "aria-hidden": "true" }, "]")), h("button", { onclick: () => go(replayPath(event)) }, "Replay from here"), copyMenu(event, ".down"))),
      h("dl.card.band", {}, item("Replay ID", String(event.replayId)), item(header ? "Committed" : "Published", dateTime(header?.commitTimestamp ?? event.time)), item("Topic", link(channelPath(event.topic), event.topic)),
        header ? [item("Transaction", link(`/live?q=${encodeURIComponent(`tx:${header.transactionKey}`)}`, header.transactionKey), ` event ${header.sequenceNumber}`), item("Origin", data(header.changeOrigin || "none")), item("User", header.commitUser)] : item("Event ID", event.id)),
      h("div.cards", {},
        h("div.gap", {}, h("section.card", {}, h("div.head", {}, h("h2", {}, "Changes"), h("span.muted", {}, `${plural(all.length, "field")}${nulled ? `, ${nulled} of them set to null` : ""}`)), h("div", {}, changesView(event))),
          h("section.card", {}, h("div.head", {}, h("h2", {}, "Delivery")), deliveryView(event)),
          h("section.card", {}, h("div.head", {}, h("h2", {}, "Schema")), schemaView(event))),
        h("section.card", {}, h("div.head", {}, h("h2", {}, "Bitmap")), h("div", {}, bitmapView(event))),
        h("section.card.wide", {}, h("div.head", {}, h("h2", {}, "As sent"), h("span.muted.push", {}, `${plural(event.size, "byte")}, event ID ${event.id}`)), sent)));
  };
  const history_form = (chosen) => {
    const search = new URLSearchParams(location.search);
    search.set("form", chosen);
    history.replaceState(null, "", `${location.pathname}?${search}`);
  };
  fill(main, h("p.muted", {}, "Loading\u2026"));
  if (!/^\d+$/.test(id)) fill(main, h("div.empty", {}, h("h1", {}, "Event"), h("p", {}, "A replay ID is a whole number."), link("/live", "Live")));
  else loaded = control("GET", `events/${id}`).then((found) => {
    if (!live) return;
    event = found;
    document.title = `Event ${id}, Landfall`;
    draw();
  }, (error) => live && fill(main, h("div.empty", {}, h("h1", {}, `Event ${id}`), h("p.error", {}, `${error.code}: ${error.message}`), link("/live", "Show the events that are retained"))));
  return {
    title: `Event ${id}`,
    keys: {
      "[": ["older event of this record", () => step(false)], "]": ["newer event of this record", () => step(true)],
      y: ["copy replay ID", () => copy(id, "replay ID")], ".": ["copy as curl", () => event && copy(asCurl(event), "curl command")],
      Escape: ["back to Live", () => go("/live")],
    },
    end() { live = false; },
  };
}
