// Live: events as they are published, newest first.

import { Refused, control, follow, query, readOnly } from "./api.js";
import { clockTime, count, data, fill, h, icon, plural, typeChip, typeOf } from "./dom.js";
import { TABS, asCurl, chips, neighbour, pane, title } from "./event.js";
import { Counts, lanes } from "./lanes.js";
import { address, copy, failure, go, link, page } from "./shell.js";

const PAGE = 100;
const KEPT = 1000;
const PENDING = 1000;
const TYPING_MS = 500;
const DRAW_MS = 100;
const LANES_MS = 1000;
// The events that are counted for the lanes: the newest so many of the log, and this many times more with each look back.
const COUNTED = 20000;
const LOOK_BACK = 5;

export function livePage(main, _, parameters) {
  const live = new Live(main, parameters);
  live.load();
  return {
    title: "Live",
    keys: live.keys(),
    actions: () => live.topics.map((one) => [`Topic ${one}`, () => live.choose([one]), ""]),
    address: (next) => live.fromAddress(next),
    end: () => live.end(),
  };
}

class Live {
  constructor(main, parameters) {
    Object.assign(this, { main, events: [], pending: [], notes: [], topics: [], paused: false, ended: false, stream: null, counts: null, early: null, depth: COUNTED, brushing: false, focusOn: null, next: null, tail: null, earliest: null, total: 0, selected: -1, lost: null, since: 0 });
    this.read(parameters);
    this.build();
  }

  read(parameters) {
    this.text = parameters.get("q") ?? "";
    this.chosen = (parameters.get("topic") ?? "").split(",").filter(Boolean);
    this.to = /^\d+$/.test(parameters.get("to") ?? "") ? Number(parameters.get("to")) : null;
    this.from = this.to !== null && /^\d+$/.test(parameters.get("from") ?? "") ? Number(parameters.get("from")) : null;
    this.open = /^\d+$/.test(parameters.get("event") ?? "") ? Number(parameters.get("event")) : null;
    this.tab = parameters.get("tab") ?? "changes";
    this.form = parameters.get("form") ?? "pubsub";
  }

  /** Back and forward: the same page with other parameters. */
  fromAddress(parameters) {
    const key = () => [this.text, this.chosen.join(), this.from, this.to].join("\n");
    const before = key();
    this.read(parameters);
    this.input.value = this.text;
    if (before !== key()) this.load();
    else this.drawPane();
    return true;
  }

  build() {
    this.state = h("span.state");
    this.pause = h("button.pause", { onclick: () => this.toggle() });
    this.input = h("input", { value: this.text, role: "searchbox", "aria-label": "Filter events", "aria-describedby": "filter-error", placeholder: "Filter: type:UPDATE burlington", maxlength: 1024, spellcheck: "false", autocomplete: "off", oninput: () => this.typed(false), onkeydown: (e) => {
      if (e.key === "Enter") {
        this.typed(true);
        this.input.blur();
      }
    } });
    this.matches = h("span.count");
    this.error = h("p.error", { id: "filter-error" });
    this.topicsBox = h("span");
    this.bars = h("div");
    this.lanesBox = h("div");
    this.listBox = h("div.card.list");
    this.paneBox = null;
    this.split = h("div.split", {}, this.listBox);
    fill(this.main, h("div.toolbar", {}, h("h1", {}, "Live"), this.state, this.pause, h("div.filter", {}, icon("filter"), this.input, this.matches), this.topicsBox), this.error, this.bars, this.lanesBox, this.split,
      h("div.toolbar.muted", {}, this.foot = h("span"), h("span.push", {}, "Reading here counts no delivery")));
    this.error.hidden = true;
    this.body = h("tbody");
    this.table = h("table.events.stack", { "aria-rowcount": -1 }, h("caption.hidden", {}, "Events, newest first"), this.headRow = h("thead"), this.body);
    this.scroll = h("div.scroll", { onscroll: () => this.drawState(), onfocusin: () => this.drawState(), onfocusout: () => setTimeout(() => this.resume(), 0) }, this.table);
    this.more = h("div.more");
    this.drawState();
  }

  filter() {
    return { filter: this.text || undefined, topic: this.chosen.join(",") || undefined };
  }

  typed(now) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.input.value.trim() === this.text) return;
      this.text = this.input.value.trim();
      address({ q: this.text });
      this.load();
    }, now ? 0 : TYPING_MS);
  }

  choose(topics) {
    this.chosen = topics;
    address({ topic: topics.join(",") }, true);
    this.load();
  }

  async load() {
    const before = this.run, run = (this.run = {});
    try {
      const [topics, found] = await Promise.all([control("GET", "topics"), control("GET", `events${query({ ...this.filter(), limit: PAGE, from: this.from, to: this.to })}`)]);
      if (this.run !== run || this.ended) return;
      this.stream?.end();
      this.refused(null);
      this.topics = topics.topics.filter((one) => one.kind !== "channel").map((one) => one.channel);
      this.take(found);
      this.drawTopics();
      this.redraw();
      if (this.to === null) this.follow(found.tail);
      else this.drawState();
      // A span is of what is counted already, so that its ends stay where they were put.
      const counted = JSON.stringify(this.filter());
      if (this.to === null || !this.counts || this.counted !== counted) this.count();
      this.counted = counted;
    } catch (error) {
      if (this.run !== run || this.ended) return;
      if (!(error instanceof Refused)) throw error;
      if (error.status === 0) {
        this.lost = { since: new Date(), wait: 2000, after: null };
        this.drawBars();
        setTimeout(() => this.run === run && !this.ended && this.load(), 2000);
        return;
      }
      // The result of the filter before stays, and goes on.
      this.run = before;
      this.refused(error);
    }
  }

  refused(error) {
    this.error.hidden = !error;
    this.input.setAttribute("aria-invalid", String(Boolean(error)));
    fill(this.error, error ? error.message.replace(/^position (\d+) of the filter: /, "Position $1: ") : "");
  }

  /** Counts the newest events of the log by time, as far back as was asked for; a part of them a call. */
  async count() {
    const counting = (this.counting = {});
    const current = () => this.counting === counting && !this.ended;
    this.early = [];
    try {
      const first = this.earliest === null ? null : Math.max(this.earliest, this.tail - this.depth + 1);
      const oldest = first === null || first === this.earliest ? null : (await control("GET", `events${query({ to: first, limit: 1 })}`)).events[0]?.time;
      let counts = null, next;
      do {
        const found = await control("GET", `events/histogram${query({ ...this.filter(), since: counts?.since ?? oldest, until: counts?.until, to: next, buckets: Counts.BUCKETS })}`);
        if (!current()) return;
        counts ??= new Counts(found, first !== this.earliest && first !== null ? first : null);
        counts.take(found);
        next = found.next;
      } while (next !== undefined && current());
      if (!current()) return;
      for (const event of this.early) counts.add(event);
      this.early = null;
      this.counts = counts;
      this.plotted = Date.now();
      this.drawLanes();
    } catch (error) {
      if (current() && !(error instanceof Refused)) throw error;
    }
  }

  take(found) {
    Object.assign(this, { events: found.events, pending: [], notes: [], next: found.next ?? null, tail: found.tail, earliest: found.earliest ?? null, lost: null, since: 0 });
  }

  follow(after) {
    const run = this.run;
    const own = (act) => (...values) => this.run === run && !this.ended && act(...values);
    this.stream = follow(this.filter(), after, {
      state: own((on, position, wait) => {
        page.connection(on);
        if (on === !this.lost) return;
        this.lost = on ? null : { since: this.lost?.since ?? new Date(), wait, after: position };
        this.drawBars();
      }),
      refused: own((error) => failure(error)),
      frame: own((event, value) => this.frame(event, value)),
    });
  }

  frame(event, value) {
    if (event === "tail") {
      this.tail = value.tail;
      this.earliest = value.earliest ?? null;
      this.drawFoot();
      return;
    }
    if (event === "event") {
      this.tail = Math.max(this.tail, value.replayId);
      this.earliest ??= value.replayId;
      this.counts?.add(value);
      this.early?.push(value);
      this.pending.unshift(value);
      this.since++;
      this.arrived = Date.now();
      // What nobody looks at is not kept without end; it is read again when it is shown.
      if (this.pending.length > PENDING) this.pending.length = PENDING;
      if (this.early?.length > PENDING) this.early.shift();
    } else if (event === "skipped") {
      const why = value.reason === "not retained" ? "are no longer retained" : "are not shown: this page was too slow";
      this.recount ??= setTimeout(() => {
        this.recount = null;
        if (!this.ended) this.count();
      }, LANES_MS);
      this.pending.unshift({ note: `${plural(value.count, "event")} (${value.from} to ${value.to}) ${why}` });
    } else if (event === "reset") {
      this.events = [];
      this.pending = [{ note: "The org was reset; earlier ids no longer exist" }];
      this.count();
    }
    this.scheduled ??= setTimeout(() => {
      this.scheduled = null;
      if (!this.ended) this.resume();
    }, DRAW_MS);
  }

  // ---- States: following, holding, paused

  status() {
    if (this.to !== null) return "past";
    if (this.paused) return "paused";
    const inList = this.scroll.contains(document.activeElement);
    return this.open !== null || inList || this.scroll.scrollTop > 8 ? "holding" : "following";
  }

  toggle() {
    if (this.to !== null) {
      this.unbrush(null);
      return;
    }
    this.paused = !this.paused;
    this.resume();
  }

  resume() {
    if (this.ended) return;
    if (this.status() === "following") this.show();
    else this.drawState();
  }

  /** Moves what has arrived into the list. */
  show() {
    if (this.pending.length) {
      const arrived = this.pending.filter((event) => !event.note).length;
      const gaps = this.pending.filter((event) => !event.note && typeOf(event).startsWith("GAP_")).length;
      if (arrived) page.say(`${plural(arrived, "new event")}${gaps ? `, ${plural(gaps, "gap event")}` : ""}`, false);
      const all = [...this.pending, ...this.events];
      if (all.length > KEPT) this.next = (all.slice(0, KEPT).findLast((event) => !event.note)?.replayId ?? 1) - 1;
      this.events = all.slice(0, KEPT);
      this.pending = [];
      this.redraw();
    }
    this.drawState();
  }

  showNew() {
    this.scroll.scrollTop = 0;
    this.show();
    this.rowAt(0)?.focus();
  }

  drawState() {
    const status = this.status();
    const waiting = this.pending.filter((event) => !event.note).length;
    const fresh = waiting ? h("button.quiet.small", { onclick: () => this.showNew() }, `${count(waiting)}${waiting >= PENDING ? "+" : ""} new`, h("kbd", { "aria-hidden": "true" }, "n")) : null;
    const texts = {
      following: [h("span.dot.on"), h("b", {}, "Following"), h("span.muted", {}, this.events.length ? "new events on top" : "no events yet")],
      holding: [h("span.dot"), h("b", {}, "Holding"), fresh ?? h("span.muted", {}, "nothing moves")],
      paused: [h("span.dot.off"), h("b", {}, "Paused"), fresh ?? h("span.muted", {}, "0 new")],
      past: [h("span.dot"), h("b", {}, "Not following"), h("span.muted", {}, this.from === null ? `up to ${this.to}` : `${this.from} to ${this.to}`)],
    };
    const key = `${status} ${waiting} ${this.events.length > 0} ${this.from} ${this.to}`;
    if (key === this.drawn) return;
    this.drawn = key;
    fill(this.state, texts[status]);
    // A press that is under way loses its click if what was pressed is replaced.
    const label = this.to !== null || this.paused ? "Follow" : "Pause";
    if (this.pause.firstChild?.textContent !== label) fill(this.pause, label, h("kbd", { "aria-hidden": "true" }, "Space"));
  }

  // ---- Drawing

  drawBars() {
    if (!this.lost) return fill(this.bars);
    const since = clockTime(this.lost.since.toISOString()).slice(0, 8);
    fill(this.bars, h("div.bar", { role: "alert" }, h("b", {}, `! Not connected since ${since} UTC`), h("span", {}, this.lost.after ? `Trying again. Nothing is lost: the list resumes after ${this.lost.after}.` : "Trying again."), h("button.small", { onclick: () => (this.stream ? this.stream.now() : this.load()) }, "Try now")));
  }

  drawFoot() {
    fill(this.foot, this.earliest ? `Oldest retained ${this.earliest}, newest ${this.tail}` : "No event is retained");
  }

  drawTopics() {
    const checks = this.topics.map((one) => {
      const box = h("input", { type: "checkbox", checked: this.chosen.includes(one), onchange: () => this.choose(box.checked ? [...this.chosen, one] : this.chosen.filter((other) => other !== one)) });
      return h("label", {}, box, one);
    });
    const search = h("input", { placeholder: "Find a topic", "aria-label": "Find a topic", oninput: () => checks.forEach((label) => (label.hidden = !label.textContent.toLowerCase().includes(search.value.toLowerCase()))) });
    const list = h("ul.checks", { hidden: true }, h("li", {}, search), h("li", {}, h("button", { onclick: () => this.choose([]) }, "All topics")), h("li", {}, checks));
    const label = this.chosen.length === 1 ? this.chosen[0].split("/").pop() : this.chosen.length ? `${this.chosen.length} topics` : "All topics";
    const button = h("button", { "aria-expanded": "false", onclick: () => show(list.hidden) }, label, " \u25be");
    const show = (open) => {
      list.hidden = !open;
      button.setAttribute("aria-expanded", String(open));
      (open ? search : button).focus();
    };
    const box = h("div.menu.down", { onkeydown: (e) => {
      if (e.key !== "Escape" || list.hidden) return;
      e.stopPropagation();
      show(false);
    }, onfocusout: (e) => {
      if (box.contains(e.relatedTarget) || !e.relatedTarget) return;
      list.hidden = true;
      button.setAttribute("aria-expanded", "false");
    } }, button, list);
    fill(this.topicsBox, box);
  }

  redraw() {
    this.drawFoot();
    const shown = this.events.filter((event) => !event.note);
    fill(this.matches, shown.length ? `${count(shown.length)}${this.next ? "+" : ""} match` : "");
    const filtered = this.text || this.chosen.length;
    if (!this.events.length && !this.next) {
      fill(this.lanesBox);
      fill(this.listBox, filtered ? this.nothing() : firstSteps());
      this.listBox.classList.toggle("card", Boolean(filtered));
      this.drawPane();
      this.drawState();
      return;
    }
    this.listBox.classList.add("card");
    if (this.scroll.parentNode !== this.listBox) fill(this.listBox, this.scroll, this.more);
    this.drawRows();
    this.drawMore();
    // The plot costs more than the rows: once a second.
    const wait = LANES_MS - (Date.now() - (this.plotted ?? 0));
    clearTimeout(this.plot);
    this.plot = setTimeout(() => {
      this.plotted = Date.now();
      if (!this.ended) this.drawLanes();
    }, Math.max(0, wait));
    this.drawPane();
    this.drawState();
  }

  drawLanes() {
    const counts = this.counts;
    if (!counts?.total || this.paneBox) return fill(this.lanesBox);
    // What is dragged or has the focus is not replaced, unless another span is shown.
    if (this.brushing || (this.lanesBox.contains(document.activeElement) && this.focusOn === null && this.drawnFrom === this.from)) return;
    this.drawnFrom = this.from;
    const whole = counts.first === null ? "exact" : `counted from ${counts.first} on`;
    // The list says how many, if it has all of the span; buckets may reach beyond its ends.
    const listed = this.events.filter((event) => !event.note).length;
    const inSpan = this.from === null ? null : this.next === null ? plural(listed, "event") : `about ${plural(counts.between(this.from, this.to), "event")}`;
    const note = inSpan === null ? [plural(counts.total, "event"), whole] : [inSpan, `in the span, of ${plural(counts.total, "event")}, ${whole}`];
    const back = counts.first === null ? null : h("button.small", { onclick: () => this.lookBack() }, "Look further back");
    const clear = this.from === null ? null : h("button.small", { onclick: () => this.unbrush(null) }, "Clear the span", h("kbd", { "aria-hidden": "true" }, "Esc"));
    fill(this.lanesBox, lanes(counts, [...note, [back, clear]], {
      span: this.from === null ? null : [this.from, this.to], focus: this.focusOn, busy: (on) => (this.brushing = on),
      select: (from, to, focus) => this.brush(from, to, focus), clear: (focus) => this.unbrush(focus), nothing: () => this.nothingIn(),
    }));
    this.focusOn = null;
  }

  lookBack() {
    this.depth *= LOOK_BACK;
    page.say("Counting older events.");
    this.count();
  }

  /** Shows a span of what is plotted. */
  brush(from, to, focus) {
    Object.assign(this, { from, to, focusOn: focus, plotted: 0 });
    address({ from, to }, true);
    page.say(`Span from replay ID ${from} to ${to}.`);
    this.load();
  }

  unbrush(focus) {
    if (this.to === null) {
      this.plotted = 0;
      return this.drawLanes();
    }
    Object.assign(this, { from: null, to: null, focusOn: focus, plotted: 0 });
    address({ from: null, to: null }, true);
    this.load();
  }

  nothingIn() {
    page.say("No event in this span.");
    document.activeElement.blur?.();
    this.plotted = 0;
    this.drawLanes();
  }

  nothing() {
    return h("div.empty", {}, h("h2", {}, "No event matches"), h("p", {}, this.since ? `${plural(this.since, "event")} arrived since you set this filter.` : "New events that match appear here."), h("button", { onclick: () => {
      this.chosen = [];
      this.text = this.input.value = "";
      Object.assign(this, { from: null, to: null });
      address({ q: null, topic: null, from: null, to: null }, true);
      this.load();
    } }, "Clear the filter"));
  }

  drawRows() {
    const narrow = this.open !== null;
    const oneTopic = this.chosen.length === 1;
    fill(this.headRow, h("tr", {}, h("th", {}, "Time ", h("span.muted", {}, "UTC"), " \u2193"), h("th.num", {}, "Replay ID"), h("th", {}, "Change"), narrow || oneTopic ? null : h("th", {}, "Topic"), h("th", {}, "Record"), narrow ? null : h("th", {}, "Changed fields"), narrow ? null : h("th.num", {}, "Bytes")));
    const focused = document.activeElement?.dataset?.id;
    this.rows = new Map();
    const kept = new Map([...this.body.children].map((row) => [row.key, row]));
    const rows = this.events.map((event, i) => {
      if (event.note) return h("tr.note", {}, h("td", { colspan: 7 }, "! ", event.note));
      const bracket = this.bracket(i);
      const key = `${event.replayId} ${narrow} ${oneTopic} ${bracket}`;
      const row = kept.get(key) ?? this.row(event, narrow, oneTopic, bracket);
      row.key = key;
      row.setAttribute("aria-selected", String(event.replayId === this.open));
      row.setAttribute("tabindex", "-1");
      this.rows.set(event.replayId, row);
      return row;
    });
    this.body.replaceChildren(...rows);
    const stop = (this.open !== null && this.rows.get(this.open)) || this.rows.values().next().value;
    stop?.setAttribute("tabindex", "0");
    if (focused) this.rows.get(Number(focused))?.focus();
  }

  /** Whether neighbours are of the same transaction: the first, last or a middle row of them, and how many. */
  bracket(i) {
    const key = (at) => this.events[at]?.header?.transactionKey;
    const own = key(i);
    if (!own) return "";
    const above = key(i - 1) === own, below = key(i + 1) === own;
    if (!above && !below) return "";
    return above && below ? "middle" : above ? "last" : "first";
  }

  row(event, narrow, oneTopic, bracket) {
    const id = event.header?.recordIds[0];
    const name = title(event);
    const place = bracket ? `event ${event.header.sequenceNumber} of a transaction` : null;
    const row = h(bracket ? "tr.bracketed" : "tr", { "data-id": event.replayId, onclick: () => this.select(event.replayId, false) },
      h(bracket ? `td.mono.bracket.${bracket}` : "td.mono", {}, clockTime(event.time), place ? h("span.hidden", {}, `, ${place}`) : null),
      h("td.num.mono", {}, link(`/event/${event.replayId}`, String(event.replayId))), h("td.type-cell", {}, typeChip(event)),
      narrow || oneTopic ? null : h("td.mono.opt.topic", { title: event.topic }, event.topic),
      h("td.record", { title: name ?? "" }, name ? [data(name.slice(0, 120)), " "] : null, id ? h("code.muted", {}, id) : null),
      narrow ? null : h("td.opt", {}, chips(event), bracket === "first" ? h("span.muted", {}, ` ${event.header.sequenceNumber} in transaction`) : null),
      narrow ? null : h("td.num.opt", {}, count(event.size)));
    row.querySelector("a").setAttribute("tabindex", "-1");
    row.addEventListener("focus", () => {
      for (const other of this.body.querySelectorAll('[tabindex="0"]')) other.setAttribute("tabindex", "-1");
      row.setAttribute("tabindex", "0");
    });
    return row;
  }

  drawMore() {
    fill(this.more, this.next ? [h("button.small", { onclick: () => this.older() }, "Show older events"), h("span", {}, `back to ${this.next}`)] : `All ${plural(this.events.filter((event) => !event.note).length, "event")} that match, back to the oldest that is retained`);
  }

  async older() {
    const run = this.run;
    try {
      const found = await control("GET", `events${query({ ...this.filter(), limit: PAGE, from: this.from, to: this.next })}`);
      if (this.run !== run) return;
      this.events = [...this.events, ...found.events];
      this.next = found.next ?? null;
      this.redraw();
    } catch (error) {
      failure(error);
    }
  }

  // ---- The pane

  async select(id, into) {
    this.open = id;
    address({ event: id }, true);
    this.drawRows();
    this.drawPane();
    this.rows.get(id)?.focus();
    if (into) this.paneBox?.focus();
  }

  close() {
    if (this.open === null) return;
    const id = this.open;
    this.open = null;
    address({ event: null, tab: null, form: null }, true);
    this.tab = "changes";
    this.drawPane();
    this.drawRows();
    this.rows.get(id)?.focus();
    this.drawLanes();
  }

  async drawPane() {
    const hadFocus = this.paneBox?.contains(document.activeElement);
    this.paneBox?.remove();
    this.paneBox = null;
    this.split.classList.toggle("open", this.open !== null);
    if (this.open === null) {
      this.drawState();
      return;
    }
    const id = this.open;
    let event = [...this.events, ...this.pending].find((one) => one.replayId === id);
    if (!event) {
      event = await control("GET", `events/${id}`).catch((error) => failure(error));
      if (this.open !== id || this.ended || !event) return;
    }
    this.shown = event;
    fill(this.lanesBox);
    this.paneBox?.remove();
    this.paneBox = pane(event, this.tab, this.form, {
      tab: (tab) => this.turn({ tab }, ".tabs [aria-selected=true]"), form: (form) => this.turn({ form }, "[role=tabpanel] .tabs [aria-selected=true]"),
      close: () => this.close(), older: () => this.step(false), newer: () => this.step(true),
    });
    this.split.append(this.paneBox);
    if (hadFocus) this.paneBox.focus();
    this.drawState();
  }

  async turn(change, focus) {
    Object.assign(this, change);
    address(change, true);
    await this.drawPane();
    this.paneBox?.querySelector(focus)?.focus();
  }

  async step(newer) {
    if (!this.shown || this.open === null) return;
    const next = await neighbour(this.shown, newer).catch((error) => failure(error));
    if (next) this.select(next.replayId, false);
    else if (next === null) page.say(newer ? "No newer event of this record." : "No older event of this record is retained.");
  }

  // ---- Keys

  rowAt(i) {
    return [...this.body.querySelectorAll("tr[data-id]")][i];
  }

  move(step) {
    const rows = [...this.body.querySelectorAll("tr[data-id]")];
    const at = rows.indexOf(document.activeElement.closest?.("tr[data-id]"));
    const from = at >= 0 ? at : this.open !== null ? rows.indexOf(this.rows?.get(this.open)) : -1;
    const row = rows[from < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, from + step))];
    row?.focus();
    row?.scrollIntoView({ block: "nearest" });
    if (this.open !== null && row) this.select(Number(row.dataset.id), false);
  }

  focusedId() {
    const row = document.activeElement.closest?.("tr[data-id]");
    return row ? Number(row.dataset.id) : this.open;
  }

  keys() {
    const event = () => [...this.events].find((one) => one.replayId === this.focusedId()) ?? (this.open === null ? null : this.shown);
    const down = ["next row", () => this.move(1)], up = ["previous row", () => this.move(-1)];
    return {
      j: down, k: up, ArrowDown: down, ArrowUp: up,
      Enter: ["open the event", () => this.focusedId() && this.select(this.focusedId(), true)],
      Escape: ["close the event or the span", () => (this.open === null && this.from !== null ? this.unbrush(null) : this.close())],
      " ": ["pause or follow", () => this.toggle()],
      n: ["show new events", () => this.showNew()],
      "/": ["filter", () => this.input.focus()],
      ...Object.fromEntries(TABS.map(([tab, label], i) => [String(i + 1), [`tab ${label}`, () => this.open !== null && this.turn({ tab }, ".tabs [aria-selected=true]")]])),
      "[": ["older event of this record", () => this.step(false)], "]": ["newer event of this record", () => this.step(true)],
      t: ["events of this transaction", () => {
        const key = event()?.header?.transactionKey;
        if (key) go(`/live?q=${encodeURIComponent(`tx:${key}`)}`);
      }],
      y: ["copy replay ID", () => event() && copy(String(event().replayId), "replay ID")],
      ".": ["copy as curl", () => event() && copy(asCurl(event()), "curl command")],
    };
  }

  end() {
    this.ended = true;
    this.stream?.end();
    for (const timer of [this.timer, this.scheduled, this.plot, this.recount]) clearTimeout(timer);
  }
}

function firstSteps() {
  if (readOnly) return h("section.card.first", {}, h("div.pad", {}, h("h2", {}, "No event is retained"), h("p.second", {}, "The next event that is published appears here.")));
  const step = (n, name, text, command) => h("div.step", {}, h("b.muted", {}, n), h("div", {}, h("h3", {}, name), h("p.second", {}, text), h("pre", {}, command)), h("button.small", { onclick: () => copy(command, "command") }, "Copy"));
  const target = location.origin;
  return h("section.card.first", {}, h("div.pad", {}, h("h2", {}, "No events yet. Change a record and its event appears here."), h("p.second", {}, "Objects whose changes are captured publish an event for each change.")),
    step("1", "Create a record", "Here under Records, or with any Salesforce client.", `TOKEN=$(curl -s -X POST ${target}/_landfall/v1/logins | sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/')\ncurl ${target}/services/data/v62.0/sobjects/Account \\\n  -H "Authorization: Bearer $TOKEN" \\\n  -H "Content-Type: application/json" -d '{"Name":"Acme"}'`),
    step("2", "Receive it in your own client", "Streaming API and Pub/Sub API are on the same port.", `landfall tail --target ${target} /data/AccountChangeEvent`),
    step("3", "Publish a platform event", "They come with a project.", "landfall dev --project ./force-app"));
}
