// Channels: what clients can subscribe to, what is on each, and events published by hand.

import { control, query, readOnly, rest } from "./api.js";
import { count, data, fill, h, icon, menu, plural } from "./dom.js";
import { address, copy, failure, go, link, page, refresh } from "./shell.js";
import { addMember, channelForm, memberForm, removeChannel, removeMember } from "./members.js";
import { publishForm, pushForm } from "./publish.js";

// In the order of the list: what an org defines itself comes before the many standard objects.
const KINDS = { channel: "Channel", platformEvent: "Platform event", pushTopic: "PushTopic", generic: "Generic channel", changeEvents: "Change events" };
const STANDARD = "/data/ChangeEvents";
// The form of a new channel has the address of a channel that cannot be.
const NEW = "/new";

export const channelPath = (channel) => `/channels${channel.split("/").map(encodeURIComponent).join("/")}`;
const channelOf = (path) => decodeURIComponent(path.replace(/^\/channels/, ""));
const one = (channel) => control("GET", `topics/${encodeURIComponent(channel)}`);
// Clients may put a part of a PushTopic into the channel: /topic/Big?Name=Acme
const subscribed = (subscriber, channel) => subscriber.subscriptions.some((s) => s.channel.split("?")[0] === channel);

export function channelsPage(main, [path], parameters) {
  let all = null, uncaptured = [], capturesAll = false, selected = new Map(), open = path ? channelOf(path) : null, text = parameters.get("q") ?? "", subscribers = [], ended = false, shown = null, form = null, drawn = "";
  const input = h("input", { value: text, "aria-label": "Filter channels", placeholder: "Name or kind", spellcheck: "false", oninput: () => { text = input.value; address({ q: text }); draw(); } });
  const create = h("button", { onclick: () => choose(NEW) }, "New channel");
  const note = h("span.muted"), body = h("tbody"), captures = h("th", {}, "Capture");
  const list = h("div.card.list", {}, h("div.scroll", {}, h("table.stack.names", {}, h("caption.hidden", {}, "Channels"), h("thead", {}, h("tr", {}, ["Channel", "Carries"].map((name) => h("th", {}, name)), h("th.num", {}, "Subscribers"), captures)), body)));
  const split = h("div.split", {}, list);
  fill(main, h("div.toolbar", {}, h("h1", {}, "Channels"), note, h("div.filter", {}, icon("filter"), input), readOnly ? null : [create, h("button", { onclick: () => go("/pushtopics/new") }, "New PushTopic")]), split);

  async function load() {
    try {
      const [topics, objects] = await Promise.all([control("GET", "topics"), rest("GET", "sobjects")]);
      const several = await Promise.all(topics.topics.filter((topic) => topic.kind === "channel").map((topic) => one(topic.channel)));
      if (ended) return;
      const order = Object.keys(KINDS);
      all = topics.topics.map((topic) => ({ ...topic, members: several.find((channel) => channel.channel === topic.channel)?.members })).sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
      capturesAll = several.some((channel) => channel.capturesAll);
      selected = new Map(several.find((channel) => channel.channel === STANDARD)?.members.map((member) => [member.channel, member]));
      const captured = new Set(all.map((topic) => topic.channel));
      uncaptured = objects.sobjects.map((object) => object.name).filter((name) => name.endsWith("ChangeEvent") && name !== "ChangeEvent" && !captured.has(`/data/${name}`)).map((name) => ({ channel: `/data/${name}`, kind: "changeEvents", off: true }));
      draw();
      await drawPane();
    } catch (error) {
      if (!ended) failure(error);
    }
  }

  const matching = () => [...all, ...uncaptured].filter((topic) => `${topic.channel} ${KINDS[topic.kind]}`.toLowerCase().includes(text.trim().toLowerCase()));

  function draw() {
    if (!all) return;
    const rows = matching(), focused = document.activeElement?.dataset?.id;
    const current = rows.some((topic) => topic.channel === open) ? open : rows[0]?.channel;
    captures.hidden = capturesAll;
    fill(note, capturesAll ? "Changes of every object are captured: events.capture_all" : `${plural(all.filter((topic) => topic.kind === "changeEvents").length, "object")} captured`);
    fill(body, rows.map((topic) => row(topic, topic.channel === current)), rows.length ? null : h("tr", {}, h("td", { colspan: 4 }, `None of ${plural(all.length + uncaptured.length, "channel")} matches.`)));
    if (focused) body.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
  }

  function row(topic, first) {
    const n = subscribers.filter((subscriber) => subscribed(subscriber, topic.channel)).length;
    return h("tr", { tabindex: first ? 0 : -1, "data-id": topic.channel, "aria-selected": String(topic.channel === open), onclick: () => choose(topic.channel) },
      h("td.mono.name", { title: topic.channel }, topic.off ? h("span.muted", {}, data(topic.channel)) : data(topic.channel)),
      h("td", {}, topic.members ? `Channel of ${topic.members.length}` : KINDS[topic.kind]),
      h("td.num", {}, n ? link(`/subscribers${query({ q: topic.channel })}`, plural(n, "subscriber")) : h("span.muted", {}, "none")),
      capturesAll ? null : h("td", {}, topic.kind === "changeEvents" ? captureSwitch(topic) : null));
  }

  // An object is captured while it is a member of a channel. With events.capture_all it always is.
  function captureSwitch(topic) {
    const on = selected.has(topic.channel), event = topic.channel.slice("/data/".length), state = on ? "On" : topic.off ? "Off" : "By another channel";
    if (readOnly) return state;
    return h("button.switch", { role: "switch", "aria-checked": String(on), "aria-label": `Capture changes: ${event}`, onclick: (e) => { e.stopPropagation(); turn(event, on); } }, state);
  }

  async function turn(event, on) {
    try {
      if (on) await removeMember(selected.get(`/data/${event}`));
      else await addMember(STANDARD, event);
      page.say(on ? `Changes of ${event} are not captured on ${STANDARD} any more.` : `Changes of ${event} are captured.`);
      await load();
      body.querySelector(`[data-id="${CSS.escape(`/data/${event}`)}"] button`)?.focus();
    } catch (error) {
      failure(error);
    }
  }

  function choose(channel) {
    open = channel;
    const search = new URLSearchParams(location.search);
    for (const name of ["publish", "add"]) search.delete(name);
    go(`${channelPath(channel)}${String(search) ? `?${search}` : ""}`);
  }

  function leave() {
    if (!open) return;
    const id = open;
    open = null;
    go(`/channels${query({ q: text })}`);
    (body.querySelector(`[data-id="${CSS.escape(id)}"]`) ?? (id === NEW ? create : input)).focus();
  }

  async function drawPane(wanted = open) {
    if (!all) return;
    const isNew = wanted !== shown;
    if (isNew || !wanted) split.children[1]?.remove();
    split.classList.toggle("open", Boolean(wanted));
    shown = wanted;
    if (!wanted || (wanted === NEW && !isNew)) return;
    const pane = split.children[1] ?? split.appendChild(h("aside.card.pane", { "aria-label": wanted === NEW ? "New channel" : `Channel ${wanted}`, tabindex: -1 }));
    const head = h("div.pad", {}, h("div.row", {}, h("h2", {}, wanted === NEW ? "New channel" : data(wanted)), h("span.push", {}, h("button.quiet.small", { onclick: leave }, "Close", h("kbd", { "aria-hidden": "true" }, "Esc")))));
    if (isNew) fill(pane, head);
    if (wanted === NEW && !readOnly) {
      fill(pane, head, h("div.scroll", {}, channelForm((channel) => {
        go(`${channelPath(channel)}?add=1`);
        load();
      })));
      return pane.querySelector("input").focus();
    }
    if (uncaptured.some((topic) => topic.channel === wanted)) return fill(pane, head, h("p.pad.second", {}, "Changes of this object are not captured: nobody can subscribe to it.", readOnly ? null : " Switch capture on in the list."));
    try {
      const [found, events, topics] = await Promise.all([one(wanted), control("GET", `topics/${encodeURIComponent(wanted)}/count`), isNew ? one(STANDARD) : null]);
      if (ended || wanted !== open) return;
      const kind = found.kind;
      const facts = pane.querySelector(".facts") ?? h("dl.facts");
      fill(facts, factsOf(found, events));
      if (!isNew) return drawMembers(found);
      const own = topics.members.find((member) => member.channel === wanted);
      drawn = "";
      form = kind === "channel" && !readOnly ? memberForm(wanted, selectable(wanted), load) : null;
      fill(pane, head, h("div.scroll", {}, facts,
        kind === "channel" ? [h("div.members"), form?.form] : null,
        kind === "changeEvents" ? h("p.pad.second", {}, own?.name ? ["Selected for ", h("code", {}, STANDARD), " by ", h("code", {}, own.name), "."] : capturesAll ? "Captured because events.capture_all is on, as it is in landfall dev. landfall serve captures selected objects only." : "Captured because another channel has it.") : null,
        kind === "platformEvent" && !readOnly ? publishForm(found, () => drawPane(), () => parameters.get("publish")) : null, kind === "generic" && !readOnly ? pushForm(found, () => drawPane()) : null),
        h("div.foot", {}, kind === "pushTopic" && !readOnly ? h("button.small.primary", { onclick: () => go(`/pushtopics/${encodeURIComponent(wanted.slice("/topic/".length))}`) }, "Edit PushTopic") : null,
          form && wanted !== STANDARD ? h("button.small.danger", { onclick: () => dissolve(wanted) }, "Delete channel") : null,
          h("button.small", { onclick: () => go(`/live${query({ topic: wanted })}`) }, "Show in Live"), h("button.small", { onclick: () => go(`/replay${query({ topic: wanted })}`) }, "Replay"),
          menu("Copy as", [["Subscribe message, CometD", () => copy(JSON.stringify({ channel: "/meta/subscribe", subscription: wanted, ext: { replay: { [wanted]: -1 } } }), "subscribe message")], ["landfall tail", () => copy(`landfall tail --target ${location.origin} '${wanted}'`, "command")], ["Channel", () => copy(wanted, "channel")]], ".start")));
      drawMembers(found);
      if (parameters.get("add")) form?.event.focus();
    } catch (error) {
      if (!ended && wanted === open) fill(pane, head, h("p.pad.error", {}, `${error.code}: ${error.message}`));
    }
  }

  function factsOf(found, events) {
    const n = subscribers.filter((subscriber) => subscribed(subscriber, found.channel)).length;
    const fact = (name, ...value) => [h("dt", {}, name), h("dd", {}, ...value)];
    const event = (point) => link(`/event/${point.replayId}`, String(point.replayId));
    return [fact("Carries", `${KINDS[found.kind]}`, found.entity && found.entity !== found.event ? [" of ", h("bdi", {}, found.entity)] : null),
      found.schema ? fact("Schema ID", link(`/schemas/${encodeURIComponent(found.schema)}`, found.schema)) : null,
      fact("Retention", `${found.retentionHours} h`),
      fact("Retained", events.complete ? plural(events.events, "event") : `at least ${plural(events.events, "event")}`, events.first ? [", ", event(events.first), events.last.replayId === events.first.replayId ? null : [" to ", events.complete ? event(events.last) : `past ${events.last.replayId}`]] : null),
      fact("Subscribers", n ? link(`/subscribers${query({ q: found.channel })}`, plural(n, "subscriber")) : "none")];
  }

  /** The names of the events that a channel could carry: those of objects, or platform events. */
  function selectable(channel) {
    const [, folder] = channel.split("/"), kind = folder === "data" ? "changeEvents" : "platformEvent";
    return [...all, ...uncaptured].filter((topic) => topic.kind === kind).map((topic) => topic.channel.split("/").pop()).sort();
  }

  function drawMembers(found) {
    const box = split.querySelector(".members"), text = JSON.stringify(found.members);
    if (!box || text === drawn) return;
    drawn = text;
    fill(box, membersOf(found));
    form?.show(found.members);
  }

  async function takeOff(channel, member) {
    try {
      await removeMember(member);
      page.say(`${member.event} is not on ${channel} any more.`);
      form.change(null);
      await load();
    } catch (error) {
      failure(error);
    }
  }

  async function dissolve(channel) {
    try {
      await removeChannel(channel);
      page.say(`Deleted ${channel}.`);
      open = null;
      go(`/channels${query({ q: text })}`);
      await load();
      create.focus();
    } catch (error) {
      failure(error);
    }
  }

  function membersOf(found) {
    // Events that are there because all objects are captured have no member.
    const acts = (member) => (member.name ? h("div.row.nowrap", {}, h("button.quiet.small", { "aria-label": `Change ${member.event}`, onclick: () => form.change(member) }, "Change"), h("button.quiet.small.danger", { "aria-label": `Remove ${member.event}`, onclick: () => takeOff(found.channel, member) }, "Remove")) : null);
    return h("div", {}, h("h3.pad", {}, "On it ", h("span.muted", {}, count(found.members.length))), h("table.stack", {}, h("caption.hidden", {}, `Events on ${found.channel}`), h("thead", {}, h("tr", {}, ["Event", "Filter", "Enriched fields"].map((name) => h("th", {}, name)), form ? h("th", {}, h("span.hidden", {}, "Actions")) : null)),
      h("tbody", {}, found.members.map((member) => h("tr", {}, h("td.mono", {}, link(channelPath(member.channel), member.event)), h("td.mono", { "data-label": "Filter" }, member.filter ? data(member.filter) : h("span.muted", {}, "all")), h("td.mono", { "data-label": "Enriched" }, member.enrichedFields.length ? data(member.enrichedFields.join(", ")) : h("span.muted", {}, "none")), form ? h("td", {}, acts(member)) : null)),
        found.members.length ? null : h("tr", {}, h("td", { colspan: 4 }, "Nothing is on this channel: it delivers no events.")))));
  }

  function move(step) {
    const rows = [...body.querySelectorAll("tr[data-id]")];
    const at = rows.indexOf(document.activeElement.closest?.("tr[data-id]"));
    const next = rows[at < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, at + step))];
    next?.focus();
    if (open && next) choose(next.dataset.id);
  }

  load();
  refresh();
  const down = ["next channel", () => move(1)], up = ["previous channel", () => move(-1)];
  return {
    title: "Channels",
    keys: {
      j: down, k: up, ArrowDown: down, ArrowUp: up, "/": ["filter", () => input.focus()],
      Enter: ["open the channel", () => {
        const id = document.activeElement.closest?.("tr[data-id]")?.dataset.id;
        if (id) choose(id);
      }],
      ...(readOnly ? {} : { e: ["publish an event, add a member", () => split.querySelector("form :is(input, select, textarea)")?.focus()] }),
      Escape: ["close the channel", leave],
    },
    actions: () => [...(readOnly ? [] : [["New channel", () => choose(NEW), ""], ["New PushTopic", () => go("/pushtopics/new"), ""]]), ...(all ?? []).map((topic) => [`Channel ${topic.channel}`, () => choose(topic.channel), ""])],
    address: (next) => {
      const found = /^\/console\/channels(\/.+)?$/.exec(location.pathname);
      open = found?.[1] ? decodeURIComponent(found[1]) : null;
      parameters = next;
      text = next.get("q") ?? "";
      if (input !== document.activeElement) input.value = text;
      draw();
      drawPane();
      return true;
    },
    tick: (state) => {
      const channelsOf = (all_) => JSON.stringify(all_.map((subscriber) => [...new Set(subscriber.subscriptions.map((s) => s.channel))]));
      const changed = channelsOf(state.subscribers) !== channelsOf(subscribers);
      subscribers = state.subscribers;
      if (!changed || !all) return;
      draw();
      if (open) drawPane();
    },
    end: () => { ended = true; },
  };
}
