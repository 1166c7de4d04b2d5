// Schemas: of objects and events, present and former ones, what bits of bitmaps name, and how two differ.

import { control, query, rest, schema } from "./api.js";
import { componentsOf, typeName } from "./avro.js";
import { count, data, fill, h, icon, plural } from "./dom.js";
import { tabKeys } from "./event.js";
import { address, copy, failure, go, link } from "./shell.js";

const TABS = [["fields", "Fields"], ["difference", "Difference"], ["avro", "Avro"], ["expanded", "Event schema"]];

export const schemaPath = (id) => `/schemas/${encodeURIComponent(id)}`;

/** Fields with their bits: `{bit: "4", nested: "4-1", name, type, doc}`; components below their field. */
export function numbered(avro) {
  return avro.fields.flatMap((field, i) => [{ bit: String(i), name: field.name, type: typeName(field.type), doc: field.doc ?? "" },
    ...(field.name === "ChangeEventHeader" ? [] : componentsOf(avro, field)).map((part, j) => ({ bit: `${i}-${j}`, name: `${field.name}.${part.name}`, type: typeName(part.type), doc: part.doc ?? "", isPart: true }))]);
}

/** What a schema has that another has not: `{mark, word, name, from, to, was, is}`, in the order of the new one. */
export function difference(from, to) {
  const old = new Map(numbered(from).map((field) => [field.name, field])), present = numbered(to), names = new Set(present.map((field) => field.name));
  const removed = [...old.values()].filter((field) => !names.has(field.name)).map((field) => ({ mark: "\u2212", word: "removed", name: field.name, from: field.bit, was: field.type }));
  const rest = present.flatMap((field) => {
    const before = old.get(field.name);
    if (!before) return [{ mark: "+", word: "added", name: field.name, to: field.bit, is: field.type }];
    const moved = before.bit !== field.bit, retyped = before.type !== field.type;
    return moved || retyped ? [{ mark: "~", word: [moved ? "moved" : null, retyped ? "other type" : null].filter(Boolean).join(", "), name: field.name, from: before.bit, to: field.bit, was: before.type, is: field.type, moved }] : [];
  });
  return [...removed, ...rest];
}

const KIND_OF = { "+": "create", "~": "gap", "\u2212": "delete" };

/** The difference as a table. */
export function differenceView(changes, older, newer) {
  if (!changes.length) return h("p.pad.second", {}, "All fields have the same names, types and bits. Schema IDs differ by what a client reads otherwise, such as the order of the values of a type.");
  return h("div", {}, changes.some((one) => one.moved) ? h("div.pad", {}, h("div.bar", {}, h("span", {}, h("b", {}, "! Bits have moved. "), "A stored bitmap decodes with the schema ID that came with it; with the other one it names other fields."))) : null,
    h("table.stack", {}, h("caption.hidden", {}, `From ${older} to ${newer}`), h("thead", {}, h("tr", {}, ["Change", "Field", "Bit", "Type"].map((name) => h("th", {}, name)))),
      h("tbody", {}, changes.map((one) => h("tr", {}, h("td", {}, h(`span.type.t-${one.moved || one.mark !== "~" ? KIND_OF[one.mark] : "update"}`, {}, h("i", { "aria-hidden": "true" }, one.mark), one.word)), h("td", {}, h("b", {}, one.name)), h("td.mono", {}, `bit ${one.to ?? one.from}`, one.moved ? h("span.amber", {}, `, was ${one.from}`) : null), h("td", {}, one.was && one.is && one.was !== one.is ? `${one.was} \u2192 ${one.is}` : one.is ?? one.was))))));
}

export function schemasPage(main, [path], parameters) {
  let all = null, open = path ? decodeURIComponent(path) : null, text = parameters.get("q") ?? "", compare = parameters.get("compare"), tab = parameters.get("tab") ?? (compare ? "difference" : "fields"), ended = false;
  const input = h("input", { value: text, "aria-label": "Filter schemas", placeholder: "Event or schema ID", spellcheck: "false", oninput: () => { text = input.value; address({ q: text }); draw(); } });
  const note = h("span.muted"), body = h("tbody");
  const list = h("div.card.list", {}, h("div.scroll", {}, h("table.stack", {}, h("caption.hidden", {}, "Schemas"), h("thead", {}, h("tr", {}, h("th", {}, "Event"), h("th", {}, "Schema ID"), h("th.num", {}, "Fields"))), body)));
  const split = h("div.split", {}, list);
  fill(main, h("div.toolbar", {}, h("h1", {}, "Schemas"), note, h("div.filter", {}, icon("filter"), input)), split);

  const matching = () => all.filter((one) => `${one.event} ${one.entity ?? ""} ${one.id}`.toLowerCase().includes(text.trim().toLowerCase()));

  function draw() {
    if (!all) return;
    const former = all.filter((one) => !one.current).length, rows = matching();
    fill(note, `${plural(all.length - former, "event")}, ${plural(former, "former schema")}`);
    const current = rows.some((one) => one.id === open) ? open : rows[0]?.id, focused = document.activeElement?.dataset?.id;
    fill(body, rows.map((one) => h("tr", { tabindex: one.id === current ? 0 : -1, "data-id": one.id, "aria-selected": String(one.id === open), onclick: () => choose(one.id) },
      h("td", {}, one.current ? h("b", {}, one.event) : h("span.second", {}, one.event)), h("td", {}, h("code", {}, one.id), one.current ? null : h("span.field.former", {}, "former")), h("td.num", {}, count(one.fields)))),
      rows.length ? null : h("tr", {}, h("td", { colspan: 3 }, `None of ${plural(all.length, "schema")} matches.`)));
    if (focused) body.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
  }

  function choose(id) {
    if (id !== open) go(`${schemaPath(id)}${query({ q: text, tab: tab === "difference" ? null : tab })}`);
  }

  function leave() {
    if (!open) return;
    const id = open;
    go(`/schemas${query({ q: text })}`);
    (body.querySelector(`[data-id="${CSS.escape(id)}"]`) ?? input).focus();
  }

  // What the schema is compared with unless the address names one: the current one, or of that the first former one.
  const others = () => {
    const own = all.find((one) => one.id === open);
    return own ? all.filter((one) => one.event === own.event && one.id !== open) : [];
  };

  async function drawPane() {
    split.children[1]?.remove();
    split.classList.toggle("open", Boolean(open));
    if (!open || !all) return;
    const wanted = open, own = all.find((one) => one.id === wanted);
    const content = h("div.scroll", { role: "tabpanel", tabindex: 0, "aria-label": TABS.find(([name]) => name === tab)?.[1] ?? "Fields" }, h("p.pad.muted", {}, "Reading the schema\u2026"));
    const close = h("button.quiet.small", { onclick: leave }, "Close", h("kbd", { "aria-hidden": "true" }, "Esc"));
    split.append(h("aside.card.pane", { "aria-label": `Schema ${wanted}`, tabindex: -1 }, h("div.pad", {}, h("div.row", {}, h("h2", {}, data(own?.event ?? "Schema")), own ? h("span.field", {}, own.current ? "current" : "former") : null, h("span.push", {}, close)), h("p.mono.second", {}, data(wanted))),
      h("div.tabs", { role: "tablist", "aria-label": "Schema" }, TABS.map(([name, label]) => h("button", { role: "tab", "aria-selected": String(name === tab), tabindex: name === tab ? 0 : -1, onclick: () => turn(name), onkeydown: tabKeys }, label))), content,
      h("div.foot", {}, h("button.small", { onclick: () => copy(wanted, "schema ID") }, "Copy schema ID", h("kbd", { "aria-hidden": "true" }, "y")), own?.entity ? h("button.small", { onclick: () => go(`/live${query({ topic: `${own.event.endsWith("ChangeEvent") ? "/data/" : "/event/"}${own.event}` })}`) }, "Show events") : null)));
    try {
      const avro = await schema(wanted), shown = await views[tab](avro, wanted);
      if (!ended && wanted === open) fill(content, shown);
    } catch (error) {
      if (!ended && wanted === open) fill(content, h("p.pad.error", {}, error.status === 404 ? `The org has issued no schema ${wanted}.` : `${error.code}: ${error.message}`));
    }
  }

  const views = {
    fields: (avro) => h("div", {}, h("p.pad.second", {}, "Bit n of ", h("code", {}, "changedFields"), ", ", h("code", {}, "nulledFields"), " and ", h("code", {}, "diffFields"), " names field n. In ", h("code", {}, "4-0x02"), ", the bits after the hyphen name components of field 4."),
      h("table.bits-table", {}, h("caption.hidden", {}, "Fields"), h("thead", {}, h("tr", {}, h("th.num", {}, "Bit"), h("th", {}, "Field"), h("th", {}, "Type"), h("th.opt", {}, "From"))), h("tbody", {}, numbered(avro).map((field) => h("tr", {}, h("td.num.mono", {}, field.bit), h("td", {}, field.isPart ? h("span.part", {}, field.name.split(".").at(-1)) : h("b", {}, field.name)), h("td", {}, field.type), h("td.muted.opt", {}, field.doc.replace(/^Data:/, "").split(":")[0])))))),
    difference: async (avro, id) => {
      const choices = others();
      if (!choices.length) return h("p.pad.second", {}, "The event has had no other schema. When a field is added, removed or changed, the new schema ID appears here with the difference.");
      const own = all.find((one) => one.id === id), other = choices.find((one) => one.id === compare) ?? choices[0];
      const select = h("select", { id: "compare", onchange: () => { compare = select.value; address({ compare }, true); drawPane().then(() => split.querySelector("#compare")?.focus()); } }, choices.map((one) => h("option", { value: one.id, selected: one.id === other.id }, `${one.id}${one.current ? ", current" : ""}`)));
      // The current one is the newer one.
      const [older, newer] = own.current ? [other.id, id] : [id, other.id];
      const changes = difference(await schema(older), await schema(newer));
      return h("div", {}, h("div.pad.formline", {}, h("label", { for: "compare" }, own.current ? "Compared with" : "Compared to"), select, h("p.muted", {}, "from ", h("code", {}, older), " to ", h("code", {}, newer), `: ${plural(changes.length, "difference")}`)), differenceView(changes, older, newer));
    },
    avro: async (avro, id) => json(avro, "The answer of GetSchema, and of the REST API with payloadFormat=COMPACT, which adds uuid.", id),
    expanded: async (_, id) => json(await rest("GET", `event/eventSchema/${encodeURIComponent(id)}?payloadFormat=EXPANDED`), "The answer of the REST API with payloadFormat=EXPANDED, its default: the event as the Streaming API delivers it.", id),
  };

  function json(value, about) {
    const whole = JSON.stringify(value, null, 2);
    return h("div", {}, h("p.pad.second", {}, about), h("pre.code", { tabindex: 0, role: "region", "aria-label": "JSON" }, data(whole, "span")), h("div.pad", {}, h("button.small", { onclick: () => copy(whole, "schema as JSON") }, "Copy JSON")));
  }

  function turn(name) {
    tab = name;
    address({ tab: name === "fields" ? null : name }, true);
    drawPane();
    split.querySelector('[role="tab"][aria-selected="true"]')?.focus();
  }

  function move(step) {
    const rows = [...body.querySelectorAll("tr[data-id]")];
    const at = rows.indexOf(document.activeElement.closest?.("tr[data-id]"));
    const next = rows[at < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, at + step))];
    next?.focus();
    if (open && next) choose(next.dataset.id);
  }

  control("GET", "schemas").then((found) => {
    if (ended) return;
    all = found.schemas;
    draw();
    drawPane();
  }, (error) => ended || failure(error));
  const down = ["next schema", () => move(1)], up = ["previous schema", () => move(-1)];
  return {
    title: "Schemas",
    keys: {
      j: down, k: up, ArrowDown: down, ArrowUp: up, "/": ["filter", () => input.focus()],
      Enter: ["open the schema", () => {
        const id = document.activeElement.closest?.("tr[data-id]")?.dataset.id;
        if (id) choose(id);
      }],
      ...Object.fromEntries(TABS.map(([name, label], i) => [String(i + 1), [label.toLowerCase(), () => open && turn(name)]])),
      y: ["copy the schema ID", () => open && copy(open, "schema ID")], Escape: ["close the schema", leave],
    },
    actions: () => (all ?? []).filter((one) => one.current).map((one) => [`Schema of ${one.event}`, () => choose(one.id), ""]),
    address: (next) => {
      const found = /^\/console\/schemas\/([^/]+)$/.exec(location.pathname);
      open = found ? decodeURIComponent(found[1]) : null;
      compare = next.get("compare");
      tab = next.get("tab") ?? (compare ? "difference" : "fields");
      if (!TABS.some(([name]) => name === tab)) tab = "fields";
      text = next.get("q") ?? "";
      if (input !== document.activeElement) input.value = text;
      draw();
      drawPane();
      return true;
    },
    end: () => { ended = true; },
  };
}

/** A schema ID as a link to its page. */
export const schemaLink = (id) => link(schemaPath(id), id);
