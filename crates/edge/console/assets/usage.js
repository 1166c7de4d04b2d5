// Usage: published and delivered events, and what of each allocation is used.

import { control, readOnly, rest } from "./api.js";
import { count, data, dateTime, fill, h, span, svg } from "./dom.js";
import { failure } from "./shell.js";

const DAYS = 60;
const DAY_MS = 24 * 3600 * 1000;
const HIGH = 0.8;
const HEIGHT = 160;
const STEP = 10;
const BARS = 7;
// Allocations of events first; all others are behind a button.
const FIRST = ["DailyDeliveredPlatformEvents", "HourlyPublishedPlatformEvents", "DailyStreamingApiEvents", "DailyDurableStreamingApiEvents", "StreamingApiConcurrentClients", "DurableStreamingApiConcurrentClients", "DailyGenericStreamingApiEvents", "DailyApiRequests", "DailyBulkApiBatches", "DataStorageMB"];
const PLAIN = "SELECT Name, StartDate, EndDate, Value FROM PlatformEventUsageMetric";
const ENHANCED = "SELECT EventName, UsageType, Client, Value FROM PlatformEventUsageMetric WHERE TimeSegment = 'Hourly'";

const soql = async (text) => (await rest("GET", `query?q=${encodeURIComponent(text)}`)).records;

/** By event and client; none without the setting of the org, with which the field for it exists. */
async function enhancedMetrics() {
  const { fields } = await rest("GET", "sobjects/PlatformEventUsageMetric/describe");
  return fields.some((field) => field.name === "TimeSegment") ? soql(ENHANCED) : null;
}

/** Daily sums of a metric's kind, the oldest first, zero where there is no row. */
function daily(records, kind, today) {
  const days = Array.from({ length: DAYS }, (_, i) => ({ day: new Date(today - (DAYS - 1 - i) * DAY_MS).toISOString().slice(0, 10), value: 0 }));
  const of = new Map(days.map((one) => [one.day, one]));
  for (const { Name, StartDate, EndDate, Value } of records) {
    // The row of the last 24 hours begins within a day; those of days at midnight.
    const isDay = StartDate.slice(11, 19) === "00:00:00" && Date.parse(StartDate.slice(0, 10)) + DAY_MS === Date.parse(EndDate.slice(0, 10)) && EndDate.slice(11, 19) === "00:00:00";
    const entry = of.get(StartDate.slice(0, 10));
    if (entry && isDay && Name.endsWith(kind)) entry.value += Value;
  }
  return days;
}

/** Round numbers for an axis. */
function top(most) {
  const unit = 10 ** Math.floor(Math.log10(Math.max(1, most)));
  return [1, 2, 5, 10].map((n) => n * unit).find((n) => n >= most);
}

function plot(title, about, days, asTable, kind) {
  const sum = days.reduce((n, one) => n + one.value, 0), today = days[days.length - 1], most = top(Math.max(...days.map((one) => one.value)));
  const head = [h("h2", {}, title), h("p.muted", {}, about), h("p.key-figure", {}, count(today.value), h("span.unit", {}, " today"))];
  if (asTable) {
    const used = days.filter((one) => one.value).reverse();
    return h("section.card.pad.plot", { "aria-label": title }, head, h("table", {}, h("caption.hidden", {}, `${title} by day`), h("thead", {}, h("tr", {}, h("th", {}, "Day (UTC)"), h("th.num", {}, "Events"))), h("tbody", {}, used.length ? used.map((one) => h("tr", {}, h("td", {}, one.day), h("td.num", {}, count(one.value)))) : h("tr", {}, h("td", { colspan: 2 }, `none in ${DAYS} days`)))));
  }
  const bars = days.map((one, i) => {
    const height = one.value ? Math.max(2, (one.value / most) * HEIGHT) : 0;
    return svg("rect", { x: i * STEP + 1, y: HEIGHT - height, width: BARS, height, class: `${kind}${i === days.length - 1 ? " partial" : ""}` }, svg("title", {}, `${one.day}: ${count(one.value)}`));
  });
  const image = svg("svg", { viewBox: `0 0 ${DAYS * STEP} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": `${title}: ${count(sum)} in ${DAYS} days, ${count(today.value)} today` }, ...bars);
  return h("section.card.pad.plot", { "aria-label": title }, head, h("div.axes", { "aria-hidden": "true" }, h("span", {}, count(most)), h("span", {}, "0")), image, h("div.ends", { "aria-hidden": "true" }, h("span", {}, days[0].day), h("span", {}, `${today.day}, not complete`)));
}

function allocation(name, { Max, Remaining }) {
  const used = Max - Remaining, part = Max > 0 ? used / Max : 0, bar = h("i");
  bar.style.width = `${Math.min(100, part * 100)}%`;
  const percent = part === 0 ? "0 %" : part < 0.001 ? "under 0.1 %" : `${(part * 100).toFixed(1)} %`;
  return h("li", {}, h("div.row", {}, h("code", {}, data(name)), h("span.push.second", {}, h("b", {}, count(used)), ` of ${count(Max)} `, h(part >= HIGH ? "b.amber" : "span", {}, part >= HIGH ? `! ${percent}` : percent))),
    h(`div.meter${part >= HIGH ? ".high" : ""}`, { role: "meter", "aria-label": name, "aria-valuemin": 0, "aria-valuemax": Math.max(1, Max), "aria-valuenow": used, "aria-valuetext": `${count(used)} of ${count(Max)}` }, bar));
}

/** When a daily allocation of events is used up, if the day goes on as it has been since midnight; null if it is not. */
function forecast({ Max, Remaining }, now) {
  const midnight = Math.floor(now / DAY_MS) * DAY_MS, used = Max - Remaining;
  if (used <= 0) return null;
  const end = now + (Remaining * Math.max(1, now - midnight)) / used;
  return end < midnight + DAY_MS ? end : null;
}

/** What is said of the daily allocation of deliveries. */
function outlook(limits, now) {
  const allocation = limits.DailyDeliveredPlatformEvents;
  if (!allocation) return null;
  const used = allocation.Max - allocation.Remaining, end = forecast(allocation, now);
  if (allocation.Remaining <= 0) return h("div.bar", {}, h("b", {}, "! The daily allocation of deliveries is used up."));
  if (end) return h("div.bar", {}, h("b", {}, `! Used up in ${span(end - now)}, at ${dateTime(new Date(end).toISOString()).slice(11, 16)} UTC`), h("span", {}, "if deliveries go on as since midnight."));
  return h("p.pad.second", {}, used > 0 ? "As deliveries have been since midnight, the daily allocation lasts for the day." : "Nothing of the daily allocation of deliveries is used.");
}

function byClient(records) {
  if (!records) return h("p.pad.second", {}, "Enhanced Usage Metrics are off: only totals are known. Deploy ", h("code", {}, "PlatformEventSettings"), " with ", h("code", {}, "enableEnhancedUsageMetrics"), " to see events and clients.");
  const rows = [...records].sort((a, b) => b.Value - a.Value);
  return h("table", {}, h("caption.hidden", {}, "By event and client"), h("thead", {}, h("tr", {}, h("th", {}, "Event"), h("th", {}, "Client"), h("th", {}, "Usage"), h("th.num", {}, "Events"))), h("tbody", {}, rows.length ? rows.map((one) => h("tr", {}, h("td.mono", {}, data(one.EventName)), h("td", {}, data(one.Client)), h("td", {}, one.UsageType === "DELIVERY" ? "delivered" : "published"), h("td.num", {}, count(one.Value)))) : h("tr", {}, h("td", { colspan: 4 }, "No events in the last 24 hours."))));
}

export function usagePage(main) {
  let ended = false, asTable = false, isWhole = false, known = null;
  const note = h("span.muted"), table = h("button", { onclick: () => { asTable = !asTable; draw(); } }, "Show as table");
  const content = h("div.usage");
  fill(main, h("div.toolbar", {}, h("h1", {}, "Usage"), note, h("span.push"), table, h("button", { onclick: load }, "Refresh")), content);

  async function load() {
    try {
      // The clock of the org decides what the day is; that of a production node is the machine's.
      const clock = readOnly ? { now: new Date().toISOString() } : control("GET", "clock");
      const [metrics, limits, enhanced, { now }] = await Promise.all([soql(PLAIN), rest("GET", "limits"), enhancedMetrics(), clock]);
      if (ended) return;
      known = { metrics, limits, enhanced, now: Date.parse(now), today: Date.parse(now.slice(0, 10)) };
      fill(note, `As of ${now.slice(11, 19)} UTC; days in UTC`);
      draw();
    } catch (error) {
      if (!ended) failure(error);
    }
  }

  function draw() {
    if (!known) return;
    const { metrics, limits, enhanced, now, today } = known;
    table.setAttribute("aria-pressed", String(asTable));
    const names = Object.keys(limits), first = FIRST.filter((name) => limits[name]);
    const shown = isWhole ? [...first, ...names.filter((name) => !first.includes(name))] : first;
    const all = h("button.small", { "aria-expanded": String(isWhole), onclick: () => { isWhole = !isWhole; draw(); content.querySelector(".allocations button").focus(); } }, isWhole ? "Show fewer" : `Show all ${names.length}`);
    fill(content, plot("Published", "change events and platform events", daily(metrics, "_PUBLISHED", today), asTable, "f-published"), plot("Delivered", "once for each subscriber", daily(metrics, "_DELIVERED", today), asTable, "f-delivered"),
      h("section.card.allocations", {}, h("div.head", {}, h("h2", {}, "Allocations"), h("span.muted", {}, "names and values of ", h("code", {}, "/limits"))), outlook(limits, now), h("ul", {}, shown.map((name) => allocation(name, limits[name]))), h("div.more", {}, all)),
      h("section.card.clients", {}, h("div.head", {}, h("h2", {}, "By event and client"), h("span.muted", {}, "last 24 hours")), byClient(enhanced)));
  }

  load();
  return { title: "Usage", keys: { r: ["refresh", load] }, actions: () => [["Show plots as tables", () => table.click(), ""]], end: () => { ended = true; } };
}
