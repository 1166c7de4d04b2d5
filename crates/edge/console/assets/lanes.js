// Events over time, one lane for each topic.

import { KINDS, clockTime, count, h, kindOf, svg } from "./dom.js";

const BUCKETS = 120;
const LANES = 5;
const ORDER = ["update", "create", "published", "delete", "undelete", "gap"];

/** The lanes of these events, newest first; `note` says which they are; `brush` selects a span of them. */
export function lanes(events, note, brush) {
  const times = events.map((event) => Date.parse(event.time));
  const from = times.reduce((a, b) => Math.min(a, b), Infinity), to = times.reduce((a, b) => Math.max(a, b), -Infinity);
  const width = Math.max(to - from, 1);
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
    h("div.head", {}, h("b", {}, note[0]), h("span.muted", {}, note[1]), note[2],
      h("ul.legend", {}, kinds.map(([kind, [mark, word]]) => h("li", {}, h(`i.f-${kind}`), mark, " ", word)))),
    h("div.plots", {}, shown.map((lane) => row(lane, highest)),
      all ? row({ ...all, name: "all topics" }, null, ".all") : null,
      brush ? brushOver(events.map((event, i) => ({ id: event.replayId, bucket: Math.min(BUCKETS - 1, Math.floor(((times[i] - from) / width) * BUCKETS)) })), (bucket) => clockTime(new Date(from + (bucket / BUCKETS) * width).toISOString()), brush) : null),
    h("div.axis", {}, h("span", {}, clockTime(new Date(from).toISOString())), h("span", {}, clockTime(new Date(from + width).toISOString()), " UTC")));
}

/**
 * Selects buckets by dragging over the plots, or by two handles with arrows. `brush.span` is the lowest and the highest
 * replay id that are selected, or null; `brush.select(from, to)` takes a new one, `brush.clear()` none.
 */
function brushOver(events, timeOf, brush) {
  const of = (id, end) => events.filter((event) => (end ? event.id <= id : event.id >= id)).map((event) => event.bucket);
  let first = 0, last = BUCKETS - 1, timer;
  if (brush.span) {
    first = Math.min(...of(brush.span[0], false), BUCKETS - 1);
    last = Math.max(...of(brush.span[1], true), first);
  }
  const band = h("i.window"), box = h("div.brush", {}, band);
  const handles = [0, 1].map((side) => h("span.handle", { role: "slider", tabindex: 0, "data-side": side, "aria-label": side ? "End of the span" : "Start of the span", "aria-valuemin": 0, "aria-valuemax": BUCKETS, onkeydown: (e) => onKey(e, side) }));
  box.append(...handles);
  const draw = () => {
    const edges = [first, last + 1];
    band.style.left = `${(first / BUCKETS) * 100}%`;
    band.style.width = `${((last + 1 - first) / BUCKETS) * 100}%`;
    band.hidden = first === 0 && last === BUCKETS - 1 && !brush.span;
    handles.forEach((handle, side) => {
      handle.style.left = `${(edges[side] / BUCKETS) * 100}%`;
      handle.setAttribute("aria-valuenow", edges[side]);
      handle.setAttribute("aria-valuetext", `${timeOf(edges[side])} UTC`);
    });
  };
  const done = (focus) => {
    const within = events.filter((event) => event.bucket >= first && event.bucket <= last).map((event) => event.id);
    if (within.length === events.length) brush.clear(focus);
    else if (within.length) brush.select(Math.min(...within), Math.max(...within), focus);
    else brush.nothing();
  };
  const onKey = (e, side) => {
    const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[e.key] * (e.shiftKey ? 10 : 1);
    const to = e.key === "Home" ? -BUCKETS : e.key === "End" ? BUCKETS : step;
    if (!to) return;
    e.preventDefault();
    e.stopPropagation();
    if (side) last = Math.max(first, Math.min(BUCKETS - 1, last + to));
    else first = Math.max(0, Math.min(last, first + to));
    draw();
    clearTimeout(timer);
    timer = setTimeout(() => done(side), 400);
  };
  const bucketAt = (e) => {
    const { left, width } = box.getBoundingClientRect();
    return Math.max(0, Math.min(BUCKETS - 1, Math.floor(((e.clientX - left) / width) * BUCKETS)));
  };
  box.addEventListener("pointerdown", (e) => {
    if (e.button) return;
    e.preventDefault();
    brush.busy(true);
    const side = e.target.dataset.side, start = side === undefined ? bucketAt(e) : Number(side) ? first : last;
    const move = (at) => {
      const bucket = bucketAt(at);
      first = Math.min(start, bucket);
      last = Math.max(start, bucket);
      draw();
    };
    const up = (at) => {
      box.removeEventListener("pointermove", move);
      brush.busy(false);
      if (at.type === "pointerup") done(null);
    };
    box.setPointerCapture(e.pointerId);
    box.addEventListener("pointermove", move);
    box.addEventListener("pointerup", up, { once: true });
    box.addEventListener("pointercancel", up, { once: true });
  });
  draw();
  if (brush.focus !== null && brush.focus !== undefined) queueMicrotask(() => handles[brush.focus].focus());
  return box;
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
