// The editor of PushTopics: what a query watches and which records match it, while it is typed.

import { VERSION, control, query, rest } from "./api.js";
import { data, fill, h, plural } from "./dom.js";
import { channelPath } from "./channels.js";
import { copy, failure, go, link, page } from "./shell.js";

const SHOWN = 20;
const WAIT_MS = 300;
const FIELDS = { Referenced: "selected or in the condition", All: "any field of the record", Select: "selected fields", Where: "fields in the condition" };
const OPERATIONS = ["Create", "Update", "Delete", "Undelete"];
const EXAMPLE = { Name: "", Query: "SELECT Id, Name, Industry FROM Account WHERE Industry = 'Banking'", ApiVersion: Number(VERSION.slice(1)), NotifyForFields: "Referenced", IsActive: true, Description: null, ...Object.fromEntries(OPERATIONS.map((name) => [`NotifyForOperation${name}`, true])) };
const COLUMNS = ["Id", ...Object.keys(EXAMPLE)];
const quoted = (text) => `'${text.replace(/[\\']/g, "\\$&")}'`;

export function pushTopicPage(main, [path]) {
  const name = decodeURIComponent(path), isNew = name === "new";
  let ended = false, stored = null, run = null, timer = null, checked = null;
  const back = () => go(isNew ? "/channels" : channelPath(`/topic/${name}`));
  fill(main, h("div.toolbar", {}, link("/channels", "Channels"), h("span.muted", { "aria-hidden": "true" }, "/"), h("h1", {}, isNew ? "New PushTopic" : data(name))), h("p.muted", {}, isNew ? "" : "Loading\u2026"));

  const input = (field, options = {}) => h("input", { id: `topic-${field}`, value: stored[field] ?? "", maxlength: 25, ...options });
  const box = (field, label) => h("label.check", {}, h("input", { type: "checkbox", id: `topic-${field}`, checked: stored[field] }), label);

  function draw() {
    const query_ = h("textarea", { id: "topic-Query", rows: 4, maxlength: 1300, spellcheck: "false", "aria-describedby": "topic-error", value: stored.Query });
    const fields = h("select", { id: "topic-NotifyForFields" }, Object.entries(FIELDS).map(([value, what]) => h("option", { value, selected: value === stored.NotifyForFields }, `${value}: ${what}`)));
    const error = h("p.error", { role: "alert", id: "topic-error" }), watches = h("div"), records = h("div"), sample = h("pre"), matchNote = h("span.muted", { role: "status" });
    const inputs = { Name: input("Name", { required: true, "aria-describedby": "topic-name-help" }), Query: query_, NotifyForFields: fields, ApiVersion: input("ApiVersion", { inputmode: "decimal", maxlength: 6 }), Description: input("Description", { maxlength: 400 }) };
    const checks = Object.fromEntries(["IsActive", ...OPERATIONS.map((one) => `NotifyForOperation${one}`)].map((field) => [field, box(field, field === "IsActive" ? "Active" : field.slice("NotifyForOperation".length))]));
    const body = () => ({ ...Object.fromEntries(Object.entries(inputs).map(([field, one]) => [field, field === "ApiVersion" ? Number(one.value) : one.value.trim() || null])), ...Object.fromEntries(Object.entries(checks).map(([field, one]) => [field, one.querySelector("input").checked])) });
    const changed = () => Object.fromEntries(Object.entries(body()).filter(([field, value]) => isNew ? value !== null : value !== stored[field]));
    const save = h("button.primary", { type: "submit" }, isNew ? "Create" : "Save", h("kbd", { "aria-hidden": "true" }, "Ctrl Enter"));
    const change = () => {
      save.disabled = Object.keys(changed()).length === 0;
      clearTimeout(timer);
      timer = setTimeout(preview, WAIT_MS);
    };

    // The server checks the query as it does when the record is saved, then the records that match now are read.
    async function preview() {
      const own = (run = {}), text = query_.value.trim().replace(/;$/, "");
      const current = () => !ended && run === own;
      try {
        const found = await control("POST", "pushtopics/check", { query: text, notifyForFields: fields.value });
        if (!current()) return;
        checked = found;
        fill(error);
        query_.setAttribute("aria-invalid", "false");
        drawWatches(found);
      } catch (refused) {
        if (!current()) return;
        // What was shown for the last query that could be read stays.
        query_.setAttribute("aria-invalid", "true");
        return fill(error, data(refused.message));
      }
      try {
        const found = await rest("GET", `query${query({ q: `${text} LIMIT ${SHOWN + 1}` })}`);
        if (current()) drawRecords(found.records);
      } catch (refused) {
        if (current()) fill(records, h("p.pad.error", {}, `${refused.code}: ${refused.message}`));
      }
    }

    function drawWatches(found) {
      const on = OPERATIONS.filter((one) => checks[`NotifyForOperation${one}`].querySelector("input").checked);
      const chips = (names) => names.map((one) => h("span.field.mono", {}, data(one)));
      const rows = [["Object", h("b", {}, found.entity)], ["Notifies on", on.length ? on.join(", ") : h("span.amber", {}, "! nothing: all operations are off")], ["An update counts if", [chips(found.tracked.slice(0, 12)), found.tracked.length > 12 ? h("span.muted", {}, `and ${found.tracked.length - 12} more`) : null, h("span.second", {}, found.tracked.length === 1 ? " changes" : " change"), found.condition.length ? h("span.second", {}, " and the record meets the condition") : null]], ["Delivers", chips(found.selected)]];
      fill(watches, h("dl.facts.wide", {}, rows.map(([term, value]) => [h("dt", {}, term), h("dd", {}, value)])));
    }

    function drawRecords(found) {
      const columns = checked.selected, rows = found.slice(0, SHOWN);
      fill(matchNote, !found.length ? "" : found.length > SHOWN ? `more than ${SHOWN} records match now` : `${plural(found.length, "record")} ${found.length === 1 ? "matches" : "match"} now`);
      fill(records, rows.length ? h("div.scroll", { tabindex: 0, role: "group", "aria-label": "Records that match" }, h("table.nowrap", {}, h("caption.hidden", {}, "Records that match now"), h("thead", {}, h("tr", {}, columns.map((one) => h("th", {}, one)))), h("tbody", {}, rows.map((record) => h("tr", {}, columns.map((one) => h("td", {}, cell(record[one], one)))))))) : h("p.pad.second", {}, "No record matches now. A record that comes to match notifies."));
      const first = rows[0] ?? Object.fromEntries(columns.map((one) => [one, null]));
      const { attributes, ...sobject } = first;
      fill(sample, data(JSON.stringify({ channel: `/topic/${inputs.Name.value.trim() || "NAME"}`, data: { event: { createdDate: "\u2026", replayId: "\u2026", type: "updated" }, sobject } }, null, 2), "span"));
    }

    const form = h("form.card", { "aria-label": isNew ? "New PushTopic" : `PushTopic ${name}`, oninput: change, onsubmit: (e) => { e.preventDefault(); store(changed(), inputs.Name.value.trim(), error); } },
      h("div.pad.gap", {}, h("div.formline", {}, h("label", { for: "topic-Name" }, "Name"), inputs.Name, h("span.muted", { id: "topic-name-help" }, "At most 25 characters. Clients subscribe to /topic/NAME.")),
        h("div.formline", {}, h("label", { for: "topic-Query" }, "Query"), query_, error),
        h("div.formline", {}, h("label", { for: "topic-NotifyForFields" }, "NotifyForFields"), fields),
        h("fieldset", {}, h("legend", {}, "NotifyForOperation"), h("div.row", {}, OPERATIONS.map((one) => checks[`NotifyForOperation${one}`]))),
        h("div.grid2", {}, h("div", {}, h("label", { for: "topic-ApiVersion" }, "ApiVersion"), inputs.ApiVersion), h("div", {}, h("label", { for: "topic-Description" }, "Description"), inputs.Description)), checks.IsActive),
      h("div.foot", {}, save, h("button", { type: "button", onclick: () => copy(`curl -X POST '${location.origin}/services/data/${VERSION}/sobjects/PushTopic' -H "Authorization: Bearer $LANDFALL_ACCESS_TOKEN" -H 'Content-Type: application/json' -d ${quoted(JSON.stringify(body()))}`, "curl command") }, "Copy as curl"), isNew ? null : h("button.danger.push", { type: "button", onclick: remove }, "Delete")));
    fill(main, main.firstChild, h("div.cards", {}, form, h("div.gap", {}, h("section.card", {}, h("div.head", {}, h("h2", {}, "What it watches")), watches), h("section.card", {}, h("div.head", {}, h("h2", {}, "Matches"), matchNote), records), h("section.card", {}, h("div.head", {}, h("h2", {}, "As delivered"), h("span.muted", {}, "by the first record")), h("div.pad", {}, sample)))));
    if (isNew) inputs.Name.focus();
    change();
    preview();
  }

  const cell = (value, field) => (field === "Id" && value ? link(`/records${query({ object: checked.entity, record: value })}`, value) : value === null || value === undefined ? h("span.muted", {}, "null") : data(typeof value === "object" ? JSON.stringify(value) : value));

  async function store(values, to, error) {
    try {
      if (isNew) await rest("POST", "sobjects/PushTopic", values);
      else await rest("PATCH", `sobjects/PushTopic/${stored.Id}`, values);
      page.say("Saved.");
      go(values.IsActive === false || (values.IsActive === undefined && !stored.IsActive) ? "/channels" : channelPath(`/topic/${to}`));
    } catch (refused) {
      fill(error, `${refused.code}: `, data(refused.message));
    }
  }

  async function remove() {
    try {
      await rest("DELETE", `sobjects/PushTopic/${stored.Id}`);
      page.say("Deleted.");
      go("/channels");
    } catch (refused) {
      failure(refused);
    }
  }

  if (isNew) {
    stored = EXAMPLE;
    draw();
  } else rest("GET", `query${query({ q: `SELECT ${COLUMNS.join(", ")} FROM PushTopic WHERE Name = ${quoted(name)}` })}`).then(({ records }) => {
    if (ended) return;
    // The database compares without letter case, channels do not.
    stored = records.find((one) => one.Name === name);
    if (stored) draw();
    else fill(main, main.firstChild, h("div.empty", {}, h("p", {}, "There is no PushTopic ", data(name), "."), link("/pushtopics/new", "New PushTopic")));
  }, (refused) => ended || failure(refused));
  return { title: isNew ? "New PushTopic" : `PushTopic ${name}`, keys: { Escape: ["back to the channel", back], e: ["edit the query", () => main.querySelector("textarea")?.focus()] }, end: () => { ended = true; clearTimeout(timer); } };
}
