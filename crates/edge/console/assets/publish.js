// Forms that publish by hand: a platform event by its schema, a text on a generic channel.

import { control, query, rest, schema } from "./api.js";
import { data, fill, h } from "./dom.js";
import { typeName } from "./avro.js";
import { failure, link, page } from "./shell.js";

// The service fills these in.
const AUTOMATIC = ["CreatedDate", "CreatedById", "EventUuid", "ReplayId"];
const PLACEHOLDERS = { datetime: "2026-11-22T09:00:00Z", date: "2026-11-22" };
const NUMBERS = ["int", "long", "double", "float"];

/** The values that were sent last, for this tab. */
function kept(channel, values) {
  try {
    if (values) sessionStorage.setItem(`landfall.publish.${channel}`, JSON.stringify(values));
    return JSON.parse(sessionStorage.getItem(`landfall.publish.${channel}`)) ?? {};
  } catch {
    // Without a store the values are kept until the form is closed.
    return values ?? {};
  }
}

const plain = (type) => (Array.isArray(type) ? type.find((branch) => branch !== "null") : type);

/** The event that was published under an id, or the newest one on the channel since then. */
async function published(channel, after, id) {
  const found = await control("GET", `events${query({ topic: channel, from: after + 1, limit: 50 })}`);
  return found.events.find((event) => event.id === id) ?? found.events.at(-1) ?? null;
}

function sending(what, send) {
  const outcome = h("p.second", { "aria-live": "polite" });
  const button = h("button.primary", { type: "submit" }, what, h("kbd", { "aria-hidden": "true" }, "Ctrl Enter"));
  const submit = async (e) => {
    e.preventDefault();
    button.disabled = true;
    try {
      const event = await send();
      fill(outcome, event ? ["Published as event ", link(`/event/${event.replayId}`, String(event.replayId)), ". The values stay for the next one."] : "Published; the event is not in the log.");
      page.say(event ? `Published as event ${event.replayId}.` : "Published.");
    } catch (error) {
      fill(outcome, h("span.error", {}, `${error.code}: `, data(error.message)));
      if (error.status === 0) failure(error);
    }
    button.disabled = false;
  };
  return { outcome, button, submit };
}

/** `done` after each event; `isWanted`: whether somebody came for the form, which then has the focus. */
export function publishForm(channel, done, isWanted) {
  const box = h("div", {}, h("p.pad.muted", {}, "Reading the schema\u2026"));
  Promise.all([schema(channel.schema), rest("GET", `sobjects/${channel.entity}/describe`)]).then(([avro, describe]) => {
    fill(box, drawn(channel, avro, describe, done));
    if (isWanted()) box.querySelector(":is(input, select, textarea)")?.focus();
  }, (error) => fill(box, h("p.pad.error", {}, `${error.code}: ${error.message}`)));
  return box;
}

function drawn(channel, avro, describe, done) {
  const fields = avro.fields.filter((field) => !AUTOMATIC.includes(field.name) && describe.fields.find((one) => one.name === field.name)?.createable);
  const before = kept(channel.channel), inputs = new Map();
  const rows = fields.map((field) => {
    const described = describe.fields.find((one) => one.name === field.name), type = plain(field.type), id = `publish-${field.name}`;
    const required = !described.nillable && !described.defaultedOnCreate, long = type === "string" && described.length > 255;
    const options = { id, "aria-describedby": `${id}-type`, "aria-required": required ? "true" : null, maxlength: type === "string" && described.length > 0 ? described.length : 40, placeholder: PLACEHOLDERS[described.type], value: before[field.name] ?? "" };
    const input = type === "boolean" ? h("select", { id, "aria-describedby": `${id}-type` }, ["", "true", "false"].map((value) => h("option", { value, selected: value === (before[field.name] ?? "") }, value || "null"))) : h(long ? "textarea" : "input", long ? { ...options, rows: 2 } : options);
    inputs.set(field.name, { input, type });
    return [h("label", { for: id }, field.name, required ? h("span.muted", {}, " required") : null), h("div", {}, input, h("span.muted.hint", { id: `${id}-type` }, typeName(field.type), described.length > 0 ? ` ${described.length}` : "", described.label === field.name ? "" : [", ", data(described.label)]))];
  });
  const preview = h("pre");
  const body = () => {
    const values = {};
    for (const [name, { input, type }] of inputs) {
      const text = input.value;
      if (text === "") continue;
      values[name] = type === "boolean" ? text === "true" : NUMBERS.includes(type) && Number.isFinite(Number(text)) ? Number(text) : text;
    }
    return values;
  };
  const { outcome, button, submit } = sending("Publish", async () => {
    const values = body(), { tail } = await control("GET", "topics");
    const answer = await rest("POST", `sobjects/${channel.entity}`, values);
    kept(channel.channel, Object.fromEntries([...inputs].map(([name, { input }]) => [name, input.value])));
    const event = await published(channel.channel, tail, answer.errors?.[0]?.message);
    done();
    return event;
  });
  const draw = () => fill(preview, data(`POST sobjects/${channel.entity}\n${JSON.stringify(body(), null, 2)}`, "span"));
  draw();
  return h("form", { "aria-label": `Publish ${channel.entity}`, oninput: draw, onsubmit: submit }, h("h3.pad", {}, "Publish ", h("span.muted", {}, "an event, by its schema")),
    rows.length ? h("div.form", {}, rows) : h("p.pad.second", {}, "The event has no fields of its own."), h("div.pad.gap", {}, h("div.preview", {}, preview), h("div.row", {}, button), outcome));
}

export function pushForm(channel, done) {
  const text = h("textarea", { id: "push-text", rows: 3, maxlength: 3000, value: kept(channel.channel).text ?? "" });
  const { outcome, button, submit } = sending("Push", async () => {
    const { tail } = await control("GET", "topics");
    const { Id } = await rest("GET", `sobjects/StreamingChannel/Name/${encodeURIComponent(channel.channel)}`);
    await rest("POST", `sobjects/StreamingChannel/${Id}/push`, { pushEvents: [{ payload: text.value }] });
    kept(channel.channel, { text: text.value });
    const event = await published(channel.channel, tail);
    done();
    return event;
  });
  return h("form", { "aria-label": `Push to ${channel.channel}`, onsubmit: submit }, h("h3.pad", {}, "Push ", h("span.muted", {}, "a text to all subscribers")), h("div.pad.gap", {}, h("div.formline", {}, h("label", { for: "push-text" }, "Text"), text), h("div.row", {}, button), outcome));
}
