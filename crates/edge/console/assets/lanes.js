// Events over time, one lane for each topic.

import { KINDS, clockTime, count, h, kindOf, svg } from "./dom.js";

const BUCKETS = 120;
const LANES = 5;
const ORDER = ["update", "create", "published", "delete", "undelete", "gap"];

/** The lanes of these events, newest first; `note` says which they are. */
export function lanes(events, note) {
  const times = events.map((event) => Date.parse(event.time));
  const from = times.reduce((a, b) => Math.min(a, b), Infinity), to = times.reduce((a, b) => Math.max(a, b), -Infinity);
  const width = Math.max(to - from, 1000);
  const topics = new Map();
  events.forEach((event, i) => {
    const bucket = Math.min(BUCKETS - 1, Math.floor(((times[i] - from) / width) * BUCKETS));
    for (const name of [event.topic, ""]) {
      if (!topics.has(name)) topics.set(name, { name, total: 0, buckets: Array.from({ length: BUCKETS }, () => ({})) });
      const lane = topics.get(name);
      const kind = kindOf(event) in KINDS ? kindOf(event) : "published";
      lane.total++;
      lane.buckets[bucket][kind] = (lane.buckets[bucket][kind] ?? 0) + 1;
    }
  });
  const all = topics.get("");
  topics.delete("");
  const sorted = [...topics.values()].sort((a, b) => b.total - a.total || (a.name < b.name ? -1 : 1));
  const shown = sorted.slice(0, LANES);
  const others = sorted.slice(LANES);
  if (others.length) shown.push(merged(others));
  const highest = Math.max(1, ...shown.flatMap((lane) => lane.buckets.map((b) => Object.values(b).reduce((x, y) => x + y, 0))));
  const kinds = Object.entries(KINDS).filter(([kind]) => all?.buckets.some((bucket) => bucket[kind]));
  return h("section.card.lanes", { "aria-label": "Events over time" },
    h("div.head", {}, h("b", {}, note[0]), h("span.muted", {}, note[1]),
      h("ul.legend", {}, kinds.map(([kind, [mark, word]]) => h("li", {}, h(`i.f-${kind}`), mark, " ", word)))),
    shown.map((lane) => row(lane, highest)),
    all ? row({ ...all, name: "all topics" }, null, ".all") : null,
    h("div.axis", {}, h("span", {}, clockTime(new Date(from).toISOString())), h("span", {}, clockTime(new Date(from + width).toISOString()), " UTC")));
}

function merged(lanes) {
  const buckets = Array.from({ length: BUCKETS }, (_, i) => {
    const sum = {};
    for (const lane of lanes) for (const [kind, n] of Object.entries(lane.buckets[i])) sum[kind] = (sum[kind] ?? 0) + n;
    return sum;
  });
  return { name: `${lanes.length} others`, total: lanes.reduce((n, lane) => n + lane.total, 0), buckets };
}

function row(lane, highest, where = "") {
  const most = highest ?? Math.max(1, ...lane.buckets.map((b) => Object.values(b).reduce((x, y) => x + y, 0)));
  const summary = `${lane.name}: ${count(lane.total)} events`;
  const plot = svg("svg", { viewBox: `0 0 ${BUCKETS * 6} 22`, preserveAspectRatio: "none", role: "img", "aria-label": summary });
  lane.buckets.forEach((bucket, i) => {
    let y = 22;
    for (const kind of ORDER) {
      if (!bucket[kind]) continue;
      const height = Math.max(2, (bucket[kind] / most) * 20);
      y -= height;
      plot.append(svg("rect", { x: i * 6, y: Math.max(0, y), width: 5, height, class: `f-${kind}` }));
    }
  });
  return h(`div.lane${where}`, {}, h("span.name", { title: lane.name }, lane.name), h("span.num", {}, count(lane.total)), plot);
}
