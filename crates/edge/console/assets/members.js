// Forms of custom channels: a new channel, and an event on a channel with its filter and enriched fields.

import { Refused, query, rest } from "./api.js";
import { data, fill, h } from "./dom.js";
import { page } from "./shell.js";

const CHANNEL = "PlatformEventChannel", MEMBER = "PlatformEventChannelMember";
const TYPES = { data: "Change events", event: "Platform events" };
const SUFFIX = "__chn";
const NAME_MAX = 80;

const nameOf = (channel) => channel.split("/").pop();
const commas = (text) => text.split(",").map((one) => one.trim()).filter(Boolean);

/** The id of a channel or a member, by its DeveloperName. */
async function idOf(object, name) {
  const { records } = await rest("GET", `tooling/query${query({ q: `SELECT Id FROM ${object} WHERE DeveloperName = '${name}'` })}`);
  if (!records.length) throw new Refused(404, "NOT_FOUND", `${name} does not exist any more.`);
  return records[0].Id;
}

const remove = async (object, name) => rest("DELETE", `tooling/sobjects/${object}/${await idOf(object, name)}`);

/** Selects an event for a channel. */
export const addMember = (channel, event, filterExpression, enrichedFields) => rest("POST", `tooling/sobjects/${MEMBER}`, {
  FullName: `${nameOf(channel)}_${event}`.replaceAll("__", "_").slice(0, NAME_MAX).replace(/_$/, ""), Metadata: metadata(channel, event, filterExpression, enrichedFields),
});
export const removeMember = (member) => remove(MEMBER, member.name);
/** Its members are deleted with it. */
export const removeChannel = (channel) => remove(CHANNEL, nameOf(channel).replace(/__chn$/, ""));

const metadata = (channel, selectedEntity, filterExpression, fields = []) => ({ eventChannel: nameOf(channel), selectedEntity, ...(filterExpression ? { filterExpression } : {}), ...(fields.length ? { enrichedFields: fields.map((name) => ({ name })) } : {}) });

/** Shows a refusal at the form, and sends once at a time. */
function sending(error, send) {
  let sent = false;
  return async (e) => {
    e.preventDefault();
    if (sent) return;
    sent = true;
    try {
      await send();
      fill(error);
    } catch (refused) {
      fill(error, `${refused.code}: `, data(refused.message));
    }
    sent = false;
  };
}

const line = (label, input, ...more) => h("div.formline", {}, h("label", { for: input.id }, label), input, ...more);
const submit = (what) => h("button.primary.small", { type: "submit" }, what, h("kbd", { "aria-hidden": "true" }, "Ctrl Enter"));

/** `done` with the address of the channel that was created. */
export function channelForm(done) {
  const error = h("p.error", { role: "alert", id: "channel-error" }), help = h("span.muted", { id: "channel-help" });
  const name = h("input", { id: "channel-name", required: true, maxlength: NAME_MAX, spellcheck: "false", "aria-describedby": "channel-help channel-error" });
  const label = h("input", { id: "channel-label", maxlength: NAME_MAX });
  const type = h("select", { id: "channel-type" }, Object.entries(TYPES).map(([value, what]) => h("option", { value }, what)));
  const fullName = () => (name.value.trim().endsWith(SUFFIX) ? name.value.trim() : `${name.value.trim()}${SUFFIX}`);
  const topic = () => `/${type.value}/${fullName()}`;
  const draw = () => {
    fill(help, "Clients subscribe to ", data(name.value.trim() ? topic() : `/${type.value}/NAME${SUFFIX}`), ".");
    label.placeholder = fullName().slice(0, -SUFFIX.length).replaceAll("_", " ");
  };
  draw();
  return h("form", { "aria-label": "New channel", oninput: draw, onsubmit: sending(error, async () => {
    await rest("POST", `tooling/sobjects/${CHANNEL}`, { FullName: fullName(), Metadata: { channelType: type.value, label: label.value.trim() || label.placeholder } });
    page.say(`Created ${fullName()}.`);
    done(topic());
  }) }, h("div.pad.gap", {}, line("Name", name, help), line("Carries", type), line("Label", label), error, h("div.row", {}, submit("Create"))));
}

/**
 * Adds a member to a channel, or changes one. `selectable`: the names of all events that the channel could carry.
 * Returns the form, what draws it for the present members, and what makes it change one of them.
 */
export function memberForm(channel, selectable, done) {
  let member = null, members = [];
  const error = h("p.error", { role: "alert", id: "member-error" }), title = h("h3"), buttons = h("div.row");
  const event = h("select", { id: "member-event" });
  const filter = h("textarea", { id: "member-filter", rows: 2, spellcheck: "false", "aria-describedby": "member-filter-help member-error" });
  const fields = h("input", { id: "member-fields", spellcheck: "false", "aria-describedby": "member-fields-help member-error" });
  const draw = () => {
    const free = member ? [member.event] : selectable.filter((name) => !members.some((one) => one.name && one.event === name)), before = event.value;
    fill(event, free.map((name) => h("option", { value: name, selected: name === before }, name)));
    fill(title, member ? ["Change ", data(member.event)] : "Add a member");
    fill(buttons, member || free.length ? submit(member ? "Save" : "Add") : "Every event is on the channel.", member ? h("button.small", { type: "button", onclick: () => change(null) }, "Cancel") : null);
  };
  const change = (next) => {
    member = next;
    filter.value = next?.filter ?? "";
    fields.value = next?.enrichedFields.join(", ") ?? "";
    fill(error);
    draw();
    (next ? filter : event).focus();
  };
  const form = h("form", { "aria-label": "Member of the channel", onsubmit: sending(error, async () => {
    const own = [channel, event.value, filter.value.trim(), commas(fields.value)];
    if (member) await rest("PATCH", `tooling/sobjects/${MEMBER}/${await idOf(MEMBER, member.name)}`, { Metadata: metadata(...own) });
    else await addMember(...own);
    page.say(member ? `Changed ${own[1]}.` : `${own[1]} is on ${channel}.`);
    await done();
    change(null);
  }) }, h("div.pad.gap", {}, title, line("Event", event),
    line("Filter expression", filter, h("span.muted", { id: "member-filter-help" }, "As the condition of a query: Industry = 'Banking'. Empty: all events.")),
    line("Enriched fields", fields, h("span.muted", { id: "member-fields-help" }, "Names, separated by commas.")), error, buttons));
  const show = (present) => {
    members = present;
    draw();
  };
  return { form, show, change, event };
}
