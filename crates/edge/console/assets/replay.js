// Replay: a position of the log by time or id, what follows it, and how a client subscribes with it.

import { control, query, readOnly } from "./api.js";
import { clockTime, count, data, dateTime, fill, h, plural, svg } from "./dom.js";
import { replayBytes } from "./event.js";
import { address, copy, failure, link, page } from "./shell.js";

const BUCKETS = 120;
const SPAN = /^(\d+(ms|s|m|h|d))+$/;
const UNITS = { ms: 1, s: 1000, m: 60000, h: 3600000, d: 86400000 };
const FIRST = "/data/ChangeEvents";
const HEIGHT = 64;
const spanMs = (text) => [...text.matchAll(/(\d+)(ms|s|m|h|d)/g)].reduce((sum, [, n, unit]) => sum + Number(n) * UNITS[unit], 0);
const hex = (bytes) => bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
export const base64 = (id) => btoa(String.fromCharCode(...replayBytes(id)));

// A production node has the machine's clock and no call for it.
const present = async () => (readOnly ? new Date().toISOString() : (await control("GET", "clock")).now);

/** What somebody means: an id, or a time by the clock of the org; null if neither. */
export function meant(text, now) {
  const words = text.trim();
  if (/^\d+$/.test(words)) return { id: Number(words) };
  if (/^(earliest|-2)$/i.test(words)) return { first: true };
  if (/^(latest|newest|-1)$/i.test(words)) return { last: true };
  if (SPAN.test(words)) return { at: new Date(Date.parse(now) - spanMs(words)).toISOString() };
  // A time of day is the last one that has been.
  const day = /^(\d{1,2}):(\d\d)(?::(\d\d))?$/.exec(words);
  if (day) {
    const at = new Date(`${now.slice(0, 10)}T${day[1].padStart(2, "0")}:${day[2]}:${day[3] ?? "00"}Z`);
    if (Number.isNaN(at.getTime())) return null;
    return { at: new Date(at.getTime() > Date.parse(now) ? at.getTime() - UNITS.d : at.getTime()).toISOString() };
  }
  const whole = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z| UTC)?)?$/.exec(words);
  const at = whole ? new Date(`${words.replace(" UTC", "Z").replace(" ", "T").replace(/Z$/, "")}${words.length === 10 ? "T00:00:00" : ""}Z`) : null;
  return at && !Number.isNaN(at.getTime()) ? { at: at.toISOString() } : null;
}

export function replayPage(main, _, parameters) {
  let topic = parameters.get("topic") ?? FIRST, text = parameters.get("at") ?? "", now = null, bounds = null, plot = null, position = null, run = null, ended = false;
  const select = h("select", { id: "replay-topic", onchange: () => { topic = select.value; address({ topic }, true); plot = null; drawPlot(); find(); } });
  const at = h("input.mono", { id: "replay-at", value: text, placeholder: "09:44, 15m, 1005, earliest", maxlength: 40, spellcheck: "false", "aria-describedby": "replay-help replay-error", autocomplete: "off" });
  const error = h("p.error", { id: "replay-error", role: "alert" }), lane = h("div"), result = h("section.card", { tabindex: -1, "aria-label": "Position", "aria-live": "polite" });
  const form = h("form.card", { onsubmit: (e) => { e.preventDefault(); text = at.value.trim(); address({ at: text }, true); find().then(() => position && result.focus()); } },
    h("div.pad.gap", {}, h("div.grid2", {}, h("div", {}, h("label", { for: "replay-topic" }, "Channel"), select), h("div", {}, h("label", { for: "replay-at" }, "From"), h("div.row.nowrap", {}, at, h("button", { type: "submit" }, "Find")))),
      h("p.muted", { id: "replay-help" }, "A time of the org\u2019s clock in UTC (09:44, 2026-11-22T09:44Z), how long ago (15m), or a replay ID. Earliest and latest work too."), error), lane);
  fill(main, h("div.toolbar", {}, h("h1", {}, "Replay"), h("span.muted", {}, "reading here is no delivery")), form, result);

  async function load() {
    try {
      const [topics, time] = await Promise.all([control("GET", "topics"), present()]);
      if (ended) return;
      bounds = topics;
      now = time;
      const known = topics.topics.map((one) => one.channel);
      if (!known.includes(topic)) {
        if (parameters.get("topic")) failure({ code: "channel-not-found", message: `Nobody can subscribe to ${topic}.` });
        topic = known.includes(FIRST) ? FIRST : known[0];
      }
      fill(select, known.map((channel) => h("option", { value: channel, selected: channel === topic }, channel)));
      if (!parameters.get("at")) at.focus();
      drawPlot();
      find();
    } catch (failed) {
      if (!ended) failure(failed);
    }
  }

  async function find() {
    const own = (run = {}), wanted = topic, current = () => !ended && run === own;
    if (!bounds) return;
    fill(error);
    at.removeAttribute("aria-invalid");
    if (!text) {
      position = null;
      markPlot();
      return fill(result, h("div.empty", {}, h("p", {}, bounds.earliest ? ["The org retains replay IDs from ", h("code", {}, String(bounds.earliest)), " to ", h("code", {}, String(bounds.tail)), ". Enter a time or an ID, or choose a point on the time line."] : "No events yet: a subscription begins with the next one.")));
    }
    try {
      now = await present();
      if (!current()) return;
      const what = meant(text, now);
      if (!what) {
        at.setAttribute("aria-invalid", "true");
        return fill(error, "Not a time, a span or a replay ID.");
      }
      const path = `topics/${encodeURIComponent(wanted)}`;
      const found = await control("GET", `${path}/position${query({ at: what.at ?? (what.first ? "1970-01-01T00:00:00Z" : null) })}`);
      const id = what.id ?? found.replayId, events = await control("GET", `${path}/count${query({ after: id })}`);
      if (!current()) return;
      bounds = { ...bounds, earliest: found.earliest, tail: found.tail };
      position = { id, events, what };
      drawResult();
      markPlot();
    } catch (failed) {
      if (current()) fill(error, `${failed.code}: `, data(failed.message));
    }
  }

  // An id is refused unless the log can go on from it.
  function trouble(id) {
    if (id > bounds.tail) return `No event has this ID yet; the newest is ${bounds.tail}. The server refuses it.`;
    if (bounds.earliest && id < bounds.earliest - 1) return `The oldest retained event is ${bounds.earliest}. A subscription with this ID is refused: 400::The replayId {${id}} you provided was invalid. Clients then begin with -2 or -1.`;
    return null;
  }

  function drawResult() {
    const { id, events, what } = position, wrong = trouble(id), bytes = replayBytes(id);
    const row = (name, value, note) => h("tr", {}, h("th", { scope: "row" }, name), h("td.mono", {}, value), h("td.muted.about", {}, note), h("td.num", {}, h("button.small", { onclick: () => copy(value, name), "aria-label": `Copy ${name}` }, "Copy")));
    const point = (one) => [link(`/event/${one.replayId}`, String(one.replayId)), ` at ${dateTime(one.time)}`];
    fill(result, h("div.pad.gap", {}, h("div", {}, h("p.second", {}, "Replay ID"), h("div.row", {}, h("span.key-figure", {}, String(id)), h("button", { onclick: () => copy(String(id), "replay ID") }, "Copy replay ID", h("kbd", { "aria-hidden": "true" }, "y")))),
      wrong ? h("div.bar", {}, h("span", {}, h("b", {}, "! Refused. "), wrong)) : h("p", {}, h("b", {}, events.complete ? plural(events.events, "event") : `At least ${plural(events.events, "event")}`), ` on ${topic} ${events.events === 1 ? "follows" : "follow"}`, what.at ? `: all since ${dateTime(what.at)}` : "", events.first ? [", the first is ", point(events.first)] : "", "."),
      what.at && !wrong && events.events === 0 ? h("p.second", {}, "Nothing was published since then: a subscription with this ID gets the next event.") : null),
      h("table.forms.stack", {}, h("caption.hidden", {}, "Forms of the replay ID"), h("tbody", {},
        row("Decimal", String(id), "of event.replayId"),
        row("JSON extension", JSON.stringify({ replay: { [topic]: id } }), "ext of /meta/subscribe"),
        row("Base64", base64(id), "replay_id of a FetchRequest in JSON"),
        row("Hexadecimal", hex(bytes), "the ten bytes of the Pub/Sub API"))),
      h("div.foot", {}, copies(id).map(([label, what_, value]) => h("button.small", { onclick: () => copy(value, what_) }, label)), events.first && !wrong ? h("span.push", {}, link(`/live${query({ topic, event: events.first.replayId })}`, "Show the first in Live")) : null));
  }

  const copies = (id) => [
    ["CometD subscribe", "subscribe message", JSON.stringify([{ channel: "/meta/subscribe", subscription: topic, ext: { replay: { [topic]: id } } }])],
    ["Pub/Sub FetchRequest", "FetchRequest", JSON.stringify({ topicName: topic, replayPreset: "CUSTOM", replayId: base64(id), numRequested: 100 })],
    ["landfall tail", "command", `landfall tail --target ${location.origin} --replay ${id} '${topic}'`],
    ["Link", "link", `${location.origin}/console/replay${query({ topic, at: id })}`],
  ];

  // ---- The time line

  async function drawPlot() {
    const wanted = topic;
    try {
      let found = null, next;
      const sums = new Array(BUCKETS).fill(0);
      // One call counts a part of a long log; the rest is left out, and said to be.
      for (let i = 0; i < 5 && (i === 0 || next !== undefined); i++) {
        const part = await control("GET", `events/histogram${query({ topic: wanted, buckets: BUCKETS, since: found?.since, until: found?.until, to: next })}`);
        found ??= part;
        for (const one of part.counts) sums[one.bucket] += one.events;
        next = part.next;
      }
      if (ended || topic !== wanted) return;
      plot = { ...found, sums, since: Date.parse(found.since), partial: next !== undefined };
      plotNow();
    } catch (failed) {
      if (!ended && topic === wanted) fill(lane, h("p.pad.error", {}, `${failed.code}: ${failed.message}`));
    }
  }

  function plotNow() {
    const total = plot.sums.reduce((a, b) => a + b, 0), most = Math.max(1, ...plot.sums);
    if (!total) return fill(lane, h("p.pad.muted", {}, "No event of this channel is retained."));
    const bars = plot.sums.map((n, i) => svg("rect", { x: i * 5, width: 4, y: HEIGHT - (n ? Math.max(2, (n / most) * HEIGHT) : 0), height: n ? Math.max(2, (n / most) * HEIGHT) : 0, class: "bar-all" }));
    const cut = svg("rect", { y: 0, height: HEIGHT, x: 0, width: 0, class: "from" }), line = svg("rect", { y: 0, height: HEIGHT, width: 1.5, x: -9, class: "handle" });
    const timeOf = (bucket) => new Date(plot.since + bucket * plot.bucketMs).toISOString();
    const image = svg("svg", { viewBox: `0 0 ${BUCKETS * 5} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" }, cut, ...bars, line);
    const slider = h("div.timeline", { role: "slider", tabindex: 0, "aria-label": "Point in time", "aria-valuemin": 0, "aria-valuemax": BUCKETS - 1, "aria-valuenow": BUCKETS - 1, "aria-valuetext": "not chosen", onkeydown: (e) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, Home: -BUCKETS, End: BUCKETS }[e.key];
      if (!step) return;
      e.preventDefault();
      e.stopPropagation();
      pick(Number(slider.getAttribute("aria-valuenow")) + step * (e.shiftKey ? 10 : 1));
    }, onclick: (e) => {
      const box = slider.getBoundingClientRect();
      pick(Math.floor(((e.clientX - box.left) / box.width) * BUCKETS));
    } }, image);
    const pick = (bucket) => {
      text = timeOf(Math.max(0, Math.min(BUCKETS - 1, bucket)));
      at.value = text;
      address({ at: text });
      find();
    };
    plot.mark = (time) => {
      const bucket = time === null ? null : Math.max(0, Math.min(BUCKETS, (time - plot.since) / plot.bucketMs));
      line.setAttribute("x", bucket === null ? -9 : bucket * 5);
      cut.setAttribute("x", bucket === null ? 0 : bucket * 5);
      cut.setAttribute("width", bucket === null ? 0 : Math.max(0, BUCKETS * 5 - bucket * 5));
      if (bucket === null) return;
      slider.setAttribute("aria-valuenow", Math.min(BUCKETS - 1, Math.floor(bucket)));
      slider.setAttribute("aria-valuetext", dateTime(new Date(time).toISOString()));
    };
    const peak = plot.sums.indexOf(Math.max(...plot.sums));
    fill(lane, h("div.pad.line", {}, h("p.second", {}, `${count(total)} retained`, plot.partial ? ", and older ones that were not counted" : "", h("span.muted", {}, `, most at ${clockTime(timeOf(peak)).slice(0, 8)}; arrow keys move the point`)), slider, h("div.ends", { "aria-hidden": "true" }, h("span", {}, dateTime(new Date(plot.since).toISOString()).replace(/\.\d+/, "")), h("span", {}, `${dateTime(plot.until).replace(/\.\d+/, "")}, now`))));
    markPlot();
  }

  // A time marks itself, an id the event that follows it.
  function markPlot() {
    if (!plot?.mark) return;
    const time = position ? position.what.at ?? position.events.first?.time ?? (position.events.events ? null : plot.until) : null;
    plot.mark(time ? Date.parse(time) : null);
  }

  load();
  return {
    title: "Replay",
    keys: { "/": ["enter a time or an ID", () => at.focus()], y: ["copy the replay ID", () => position && copy(String(position.id), "replay ID")] },
    actions: () => [["From the earliest event", () => set("earliest"), ""], ["From new events on", () => set("latest"), ""]],
    command: (words) => {
      const what = words && now ? meant(words, now) : null;
      return what?.at ? [`Replay from ${dateTime(what.at)}`, () => set(words), ""] : null;
    },
    address: (next) => {
      const other = next.get("topic") ?? FIRST;
      text = at.value = next.get("at") ?? "";
      if (other !== topic) {
        topic = select.value = other;
        plot = null;
        drawPlot();
      }
      find();
      return true;
    },
    end: () => { ended = true; },
  };

  function set(words) {
    text = at.value = words;
    address({ at: words }, true);
    find();
    page.say("Position found.");
  }
}
