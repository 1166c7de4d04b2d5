// Events over time, one lane for each topic.

import { KINDS, clockTime, count, h, kindOf, kindOfType, svg } from "./dom.js";

const LANES = 5;
const ORDER = ["update", "create", "published", "delete", "undelete", "gap"];

/** Counts of events by time, topic and kind. */
export class Counts {
  static BUCKETS = 120;

  /** An empty plot over the span of a first answer; `first`: the replay id that counting begins with, null for all that are retained. */
  constructor({ since, until, bucketMs, tail }, first) {
    Object.assign(this, { since, until, bucketMs, tail, first, total: 0, topics: new Map(), ends: [] });
  }

  /** Adds an answer of `events/histogram` over the same span. */
  take(answer) {
    for (const one of answer.counts) this.put(one.bucket, one.topic, kindOfType(one.type), one.events, one.first, one.last);
  }

  /** Adds an event that has been published since. */
  add(event) {
    if (event.replayId <= this.tail) return;
    const at = () => Math.max(0, Math.floor((Date.parse(event.time) - Date.parse(this.since)) / this.bucketMs));
    while (at() >= Counts.BUCKETS) this.fold();
    this.put(at(), event.topic, kindOf(event), 1, event.replayId, event.replayId);
  }

  put(bucket, topic, kind, events, first, last) {
    if (!this.topics.has(topic)) this.topics.set(topic, { name: topic, total: 0, buckets: [] });
    const lane = this.topics.get(topic);
    lane.total += events;
    this.total += events;
    const kinds = (lane.buckets[bucket] ??= {});
    kinds[kind] = (kinds[kind] ?? 0) + events;
    const ends = (this.ends[bucket] ??= { first, last, events: 0 });
    Object.assign(ends, { first: Math.min(ends.first, first), last: Math.max(ends.last, last), events: ends.events + events });
  }

  /** Halves the number of buckets, so that the plot has space for what comes. */
  fold() {
    const halved = (all, join) => all.reduce((into, one, i) => {
      const half = i >> 1;
      into[half] = into[half] === undefined ? one : join(into[half], one);
      return into;
    }, []);
    for (const lane of this.topics.values()) lane.buckets = halved(lane.buckets, sum);
    this.ends = halved(this.ends, (a, b) => ({ first: Math.min(a.first, b.first), last: Math.max(a.last, b.last), events: a.events + b.events }));
    this.bucketMs *= 2;
  }

  /** How many buckets the plot has: up to the newest event. */
  get size() {
    return Math.max(1, this.ends.length);
  }

  /** The time at which a bucket begins. */
  time(bucket) {
    return clockTime(new Date(Date.parse(this.since) + bucket * this.bucketMs).toISOString());
  }

  /** How many events the buckets of a span have. */
  between(from, to) {
    return this.ends.reduce((events, one) => events + (one.last >= from && one.first <= to ? one.events : 0), 0);
  }
}

const sum = (a, b) => {
  const kinds = { ...a };
  for (const [kind, n] of Object.entries(b)) kinds[kind] = (kinds[kind] ?? 0) + n;
  return kinds;
};
const height = (bucket) => Object.values(bucket ?? {}).reduce((a, b) => a + b, 0);
const highestOf = (lane) => lane.buckets.reduce((most, bucket) => Math.max(most, height(bucket)), 1);

/** The lanes of counted events; `note` says which they are; `brush` selects a span of them. */
export function lanes(counts, note, brush) {
  const sorted = [...counts.topics.values()].sort((a, b) => b.total - a.total || (a.name < b.name ? -1 : 1));
  const all = merged(sorted, "all topics"), shown = sorted.slice(0, LANES), others = sorted.slice(LANES);
  if (others.length) shown.push(merged(others, `${others.length} others`));
  const highest = Math.max(...shown.map(highestOf));
  const kinds = Object.entries(KINDS).filter(([kind]) => all.buckets.some((bucket) => bucket?.[kind]));
  return h("section.card.lanes", { "aria-label": "Events over time" },
    h("div.head", {}, h("b", {}, note[0]), h("span.muted", {}, note[1]), note[2],
      h("ul.legend", {}, kinds.map(([kind, [mark, word]]) => h("li", {}, h(`i.f-${kind}`), mark, " ", word)))),
    h("div.plots", {}, shown.map((lane) => row(lane, counts.size, highest)), row(all, counts.size, highestOf(all), ".all"), brushOver(counts, brush)),
    h("div.axis", {}, h("span", {}, counts.time(0)), h("span", {}, counts.time(counts.size), " UTC")));
}

/**
 * Selects buckets by dragging over the plots, or by two handles with arrows. `brush.span` is the lowest and the highest
 * replay id that are selected, or null; `brush.select(from, to)` takes a new one, `brush.clear()` none.
 */
function brushOver(counts, brush) {
  const size = counts.size, span = brush.span;
  let first = 0, last = size - 1, timer;
  if (span) {
    first = Math.max(0, counts.ends.findIndex((one) => one?.last >= span[0]));
    last = Math.max(first, counts.ends.findLastIndex((one) => one?.first <= span[1]));
  }
  const band = h("i.window"), box = h("div.brush", {}, band);
  const handles = [0, 1].map((side) => h("span.handle", { role: "slider", tabindex: 0, "data-side": side, "aria-label": side ? "End of the span" : "Start of the span", "aria-valuemin": 0, "aria-valuemax": size, onkeydown: (e) => onKey(e, side) }));
  box.append(...handles);
  const draw = () => {
    const edges = [first, last + 1];
    band.style.left = `${(first / size) * 100}%`;
    band.style.width = `${((last + 1 - first) / size) * 100}%`;
    band.hidden = first === 0 && last === size - 1 && !span;
    handles.forEach((handle, side) => {
      handle.style.left = `${(edges[side] / size) * 100}%`;
      handle.setAttribute("aria-valuenow", edges[side]);
      handle.setAttribute("aria-valuetext", `${counts.time(edges[side])} UTC`);
    });
  };
  const done = (focus) => {
    const within = counts.ends.slice(first, last + 1).filter(Boolean);
    if (first === 0 && last === size - 1) brush.clear(focus);
    else if (within.length) brush.select(Math.min(...within.map((one) => one.first)), Math.max(...within.map((one) => one.last)), focus);
    else brush.nothing();
  };
  const onKey = (e, side) => {
    const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[e.key] * (e.shiftKey ? 10 : 1);
    const to = e.key === "Home" ? -size : e.key === "End" ? size : step;
    if (!to) return;
    e.preventDefault();
    e.stopPropagation();
    if (side) last = Math.max(first, Math.min(size - 1, last + to));
    else first = Math.max(0, Math.min(last, first + to));
    draw();
    clearTimeout(timer);
    timer = setTimeout(() => done(side), 400);
  };
  const bucketAt = (e) => {
    const { left, width } = box.getBoundingClientRect();
    return Math.max(0, Math.min(size - 1, Math.floor(((e.clientX - left) / width) * size)));
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

function merged(all, name) {
  const buckets = [];
  for (const lane of all) lane.buckets.forEach((bucket, i) => (buckets[i] = buckets[i] ? sum(buckets[i], bucket) : bucket));
  return { name, total: all.reduce((n, lane) => n + lane.total, 0), buckets };
}

function row(lane, size, most, where = "") {
  const plot = svg("svg", { viewBox: `0 0 ${size * 6} 22`, preserveAspectRatio: "none", role: "img", "aria-label": `${lane.name}: ${count(lane.total)} events` });
  lane.buckets.forEach((bucket, i) => {
    let y = 22;
    for (const kind of ORDER) {
      if (!bucket[kind]) continue;
      const bar = Math.max(2, (bucket[kind] / most) * 20);
      y -= bar;
      plot.append(svg("rect", { x: i * 6, y: Math.max(0, y), width: 5, height: bar, class: `f-${kind}` }));
    }
  });
  return h(`div.lane${where}`, {}, h("span.name", { title: lane.name }, lane.name), h("span.num", {}, count(lane.total)), plot);
}
