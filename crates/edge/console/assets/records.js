// Records: a query, its records, and one of them to edit.

import { VERSION, control, query, readOnly, rest } from "./api.js";
import { clockTime, count, data, fill, h, plural, typeChip, typeOf } from "./dom.js";
import { changes, chips } from "./event.js";
import { address, copy, failure, link, page } from "./shell.js";

const EVENTS = 20;
const DEFAULT = "Account";

export function recordsPage(main, _, parameters) {
  let objects = [], object = parameters.get("object") ?? DEFAULT, soql = parameters.get("soql"), record = parameters.get("record"), ended = false, run = null;
  const describes = new Map();
  const side = h("nav.card.objects", { "aria-label": "Objects" });
  const text = h("textarea", { rows: 3, "aria-label": "SOQL", spellcheck: "false", maxlength: 20000 });
  const note = h("span.muted.push", { role: "status" }), error = h("p.error"), result = h("div"), events = h("div"), box = h("div.records");
  const form = h("form.card.soql", { onsubmit: (e) => { e.preventDefault(); soql = text.value.trim(); address({ soql, record: null }, true); record = null; runQuery(); } },
    h("div.pad", {}, text, error, h("div.row", {}, h("button", { type: "submit" }, "Run", h("kbd", { "aria-hidden": "true" }, "Ctrl Enter")), h("button", { type: "button", onclick: () => copy(`curl -G '${location.origin}/services/data/${VERSION}/query' -H "Authorization: Bearer $LANDFALL_ACCESS_TOKEN" --data-urlencode 'q=${text.value.replaceAll("'", "'\\''")}'`, "curl command") }, "Copy as curl"), note)));
  const create = h("button", { onclick: () => edit("new") });
  fill(main, h("div.toolbar", {}, h("h1", {}, "Records"), h("span.push", {}, readOnly ? null : create)), box);
  const middle = h("div", {}, form, h("div.card", {}, result), events);
  fill(box, side, middle);

  const describe = (name) => {
    if (!describes.has(name)) describes.set(name, rest("GET", `sobjects/${encodeURIComponent(name)}/describe`).catch((failed) => {
      describes.delete(name);
      throw failed;
    }));
    return describes.get(name);
  };

  async function pick(name, push) {
    object = name;
    drawObjects();
    fill(create, `New ${object}`);
    try {
      const found = await describe(name);
      if (ended || object !== name) return;
      if (!soql) {
        const wanted = ["Id", found.fields.find((field) => field.nameField)?.name, "Industry", "Status", "StageName", "LastModifiedDate"].filter((field, i, all) => field && all.indexOf(field) === i && found.fields.some((one) => one.name === field));
        const order = wanted.includes("LastModifiedDate") ? " ORDER BY LastModifiedDate DESC" : "";
        text.value = `SELECT ${wanted.join(", ")} FROM ${name}${order} LIMIT 200`;
      } else text.value = soql;
      create.disabled = !found.createable;
      if (push) address({ object: name, soql: null, record: null }, true);
      runQuery();
    } catch (failed) {
      fill(error, `${failed.code}: ${failed.message}`);
    }
  }

  function drawObjects() {
    const search = h("input", { placeholder: "Find an object", "aria-label": "Find an object", oninput: () => draw(search.value) });
    const list = h("ul");
    const draw = (part) => fill(list, objects.filter((name) => name.toLowerCase().includes(part.toLowerCase())).map((name) => {
      const anchor = link(`/records?object=${encodeURIComponent(name)}`, name);
      if (name === object) anchor.setAttribute("aria-current", "true");
      return h("li", {}, anchor);
    }));
    draw("");
    fill(side, search, list);
    list.querySelector('[aria-current="true"]')?.scrollIntoView({ block: "nearest" });
  }

  async function runQuery() {
    const own = (run = {});
    const began = performance.now();
    try {
      const found = await rest("GET", `query${query({ q: text.value.trim() })}`);
      if (ended || run !== own) return;
      fill(error);
      fill(note, `${plural(found.totalSize, "record")} in ${Math.round(performance.now() - began)} ms`);
      drawResult(found);
    } catch (failed) {
      // The result before it stays.
      if (!ended && run === own) fill(error, `${failed.code}: ${failed.message}`);
    }
    if (record && !ended && run === own) edit(record);
  }

  function drawResult(found) {
    const columns = [...new Set(found.records.flatMap((one) => Object.keys(one)))].filter((name) => name !== "attributes");
    if (!found.records.length) return fill(result, h("p.pad.muted", {}, "No records."));
    const rows = found.records.map((one, i) => h("tr", { tabindex: i ? -1 : 0, "data-id": one.Id ?? null, "aria-selected": String(Boolean(one.Id) && one.Id === record), onclick: () => one.Id && choose(one.Id, one.attributes?.type) },
      columns.map((name) => h("td", {}, name === "Id" ? h("code", {}, one.Id) : cell(one[name])))));
    fill(result, h("div.scroll", { tabindex: -1 }, h("table", {}, h("caption.hidden", {}, "Records"), h("thead", {}, h("tr", {}, columns.map((name) => h("th", {}, name)))), h("tbody", {}, rows))),
      h("div.more", {}, `${count(found.records.length)} of ${plural(found.totalSize, "record")}`));
  }

  const cell = (value) => (value === null || value === undefined ? h("span.muted", {}, "null") : data(typeof value === "object" ? JSON.stringify(value) : value));

  function choose(id, type) {
    record = id;
    if (type) object = type;
    address({ record: id, object }, true);
    edit(id);
  }

  function close() {
    if (!record) return;
    const id = record;
    record = null;
    address({ record: null }, true);
    box.children[2]?.remove();
    fill(events);
    box.classList.remove("open");
    for (const row of result.querySelectorAll("tr[data-id]")) row.setAttribute("aria-selected", "false");
    result.querySelector(`[data-id="${CSS.escape(id)}"]`)?.focus();
  }

  // ---- One record

  async function edit(id) {
    record = id;
    for (const row of result.querySelectorAll("tr[data-id]")) row.setAttribute("aria-selected", String(row.dataset.id === id));
    const isNew = id === "new";
    let found, values;
    try {
      found = await describe(object);
      values = isNew ? {} : await rest("GET", `sobjects/${object}/${encodeURIComponent(id)}`);
    } catch (failed) {
      failure(failed);
      return;
    }
    if (ended || record !== id) return;
    if (readOnly) showRecord(id, found, values);
    else drawRecord(id, found, values);
    if (isNew) fill(events);
    else drawEvents(id, values);
  }

  /** A record of a server whose console only reads. */
  function showRecord(id, found, values) {
    const fields = found.fields.filter((field) => field.name in values && !["address", "location"].includes(field.type));
    box.children[2]?.remove();
    box.classList.add("open");
    box.append(h("div", {}, h("section.card", { "aria-label": `${object} ${id}` }, h("div.head", {}, h("div", {}, h("h2", {}, data(values.Name ?? id)), h("p.second", {}, object, " ", h("code", {}, id))), h("button.quiet.small", { type: "button", onclick: close }, "Close", h("kbd", { "aria-hidden": "true" }, "Esc"))),
      h("table", {}, h("caption.hidden", {}, "Fields"), h("tbody", {}, fields.map((field) => h("tr", {}, h("th", { scope: "row" }, field.name), h("td", {}, cell(values[field.name])))))))));
  }

  function drawRecord(id, found, values) {
    const isNew = id === "new";
    const allowed = (field) => (isNew ? field.createable : field.updateable) && !["address", "location", "base64"].includes(field.type);
    const fields = found.fields.filter(allowed);
    const inputs = new Map();
    const preview = h("div.preview", { "aria-live": "polite" });
    const save = h("button.primary.small", { type: "submit" });
    const rows = fields.map((field) => {
      const key = `record-${field.name}`, before = values[field.name] ?? null;
      const input = field.type === "picklist" ? h("select", { id: key }, ["", ...field.picklistValues.filter((one) => one.active).map((one) => one.value), before].filter((value, i, all) => value !== null && all.indexOf(value) === i).map((value) => h("option", { value }, value || "null")))
        : field.type === "boolean" ? h("input", { id: key, type: "checkbox" })
          : field.type === "textarea" ? h("textarea", { id: key, rows: 2, maxlength: field.length || null })
            : h("input", { id: key, placeholder: "null", maxlength: field.length || null });
      if (field.type === "boolean") input.checked = before === true;
      else input.value = before ?? "";
      const was = h("span.was");
      was.hidden = true;
      inputs.set(field.name, { field, input, before, was });
      const required = isNew && !field.nillable && !field.defaultedOnCreate;
      return [h("label", { for: key }, field.name, required ? h("span.muted", {}, " required") : null), input, was];
    });
    const changed = () => {
      const values = {};
      for (const [name, { field, input, before }] of inputs) {
        const value = valueOf(field, input);
        if (isNew ? value !== null && value !== false : value !== before) values[name] = value;
      }
      return values;
    };
    const draw = () => {
      const all = Object.keys(changed());
      for (const [name, { input, before, was }] of inputs) {
        const on = !isNew && all.includes(name);
        input.classList.toggle("changed", on);
        was.hidden = !on;
        fill(was, on ? ["was ", data(before ?? "null")] : "");
      }
      fill(save, isNew ? `Create ${object}` : all.length ? `Save ${plural(all.length, "field")}` : "Save", h("kbd", { "aria-hidden": "true" }, "Ctrl Enter"));
      save.disabled = !isNew && !all.length;
      fill(preview, all.length ? [h("b", {}, isNew ? "Creating" : "Saving", ` changes ${plural(all.length, "field")}`), h("p.second", {}, all.join(", "))] : h("span.muted", {}, isNew ? "Fill in fields to create the record." : "Nothing is changed."));
    };
    const form = h("form.card", { oninput: draw, "aria-label": isNew ? `New ${object}` : `${object} ${id}`, onsubmit: (e) => {
      e.preventDefault();
      store(id, changed());
    } }, h("div.head", {}, h("div", {}, h("h2", {}, isNew ? `New ${object}` : data(values.Name ?? id)), isNew ? null : h("p.second", {}, object, " ", h("code", {}, id))), h("button.quiet.small", { type: "button", onclick: close }, "Close", h("kbd", { "aria-hidden": "true" }, "Esc"))),
      h("div.scroll", {}, h("div.form", {}, rows)), h("div.pad", {}, preview), h("div.foot", {}, save, isNew || !found.deletable ? null : h("button.small.danger.push", { type: "button", onclick: () => remove(id) }, "Delete")));
    draw();
    box.children[2]?.remove();
    box.classList.add("open");
    box.append(h("div", {}, form));
    if (isNew) form.querySelector("input, select")?.focus();
  }

  function valueOf(field, input) {
    if (field.type === "boolean") return input.checked;
    const text = input.value;
    if (text === "") return null;
    if (["int", "double", "currency", "percent", "long"].includes(field.type) && text.trim() !== "" && Number.isFinite(Number(text))) return Number(text);
    return text;
  }

  async function store(id, values) {
    try {
      const before = (await control("GET", "topics")).tail;
      if (id === "new") {
        const created = await rest("POST", `sobjects/${object}`, values);
        record = created.id;
        address({ record, object }, true);
      } else await rest("PATCH", `sobjects/${object}/${encodeURIComponent(id)}`, values);
      const published = await control("GET", `events${query({ record, from: before + 1, limit: 1 })}`);
      const event = published.events[0];
      page.say(event ? `Saved as event ${event.replayId}.` : "Saved. No event was published.");
      await runQuery();
    } catch (failed) {
      failure(failed);
    }
  }

  async function remove(id) {
    try {
      await rest("DELETE", `sobjects/${object}/${encodeURIComponent(id)}`);
      page.say("Deleted.");
      close();
      await runQuery();
    } catch (failed) {
      failure(failed);
    }
  }

  async function drawEvents(id, values) {
    try {
      const found = await control("GET", `events${query({ record: id, limit: EVENTS })}`);
      if (ended || record !== id) return;
      const whole = found.events.some((event) => typeOf(event) === "CREATE") ? "back to its creation" : "as far as retained";
      fill(events, h("section.card", {}, h("div.head", {}, h("h2", {}, "Events of ", data(values.Name ?? id)), h("span.muted", {}, `newest first, ${found.next ? "the newest" : whole}`), h("span.push", {}, link(`/live?q=${encodeURIComponent(`record:${id}`)}`, "Show in Live"))),
        found.events.length ? h("table.events", {}, h("caption.hidden", {}, "Events of the record"), h("tbody", {}, found.events.map((event) => h("tr", {}, h("td.mono", {}, clockTime(event.time)), h("td.mono", {}, link(`/event/${event.replayId}`, String(event.replayId))), h("td", {}, typeChip(event)), h("td", {}, chips(event)), h("td.record", {}, typeOf(event) === "UPDATE" ? data(changes(event).filter((one) => typeof one.value !== "object" && one.name !== "LastModifiedDate").map((one) => one.value).slice(0, 3).join(", ")) : ""))))) : h("p.pad.muted", {}, "No event of this record is retained.")));
    } catch (failed) {
      fill(events, h("p.error", {}, failed.message));
    }
  }

  function move(step) {
    const rows = [...result.querySelectorAll("tr[tabindex]")];
    const at = rows.indexOf(document.activeElement.closest?.("tr"));
    rows[at < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, at + step))]?.focus();
  }

  rest("GET", "sobjects").then((all) => {
    objects = all.sobjects.filter((one) => one.queryable && !one.name.endsWith("ChangeEvent") && !one.name.endsWith("__e")).map((one) => one.name).sort();
    drawObjects();
  }, failure);
  pick(object, false);
  const down = ["next record", () => move(1)], up = ["previous record", () => move(-1)];
  return {
    title: "Records",
    keys: {
      j: down, k: up, ArrowDown: down, ArrowUp: up, "/": ["query", () => text.focus()],
      Enter: ["open the record", () => document.activeElement.closest?.("tr[data-id]")?.click()],
      ...(readOnly ? {} : { e: ["create a record", () => edit("new")] }), Escape: ["close the record", close],
    },
    actions: () => objects.map((name) => [`Object ${name}`, () => { soql = null; pick(name, true); }, ""]),
    address: (next) => {
      const object_ = next.get("object") ?? DEFAULT, soql_ = next.get("soql"), record_ = next.get("record");
      const same = object_ === object && soql_ === soql;
      soql = soql_;
      if (!record_) close();
      record = record_;
      if (!same) pick(object_, false);
      else if (record_) edit(record_);
      return true;
    },
    end: () => { ended = true; },
  };
}
