// Node: the build, the storage, the connections and the settings of the server, and whether it is ready.

import { control } from "./api.js";
import { count, data, fill, h, plural, span } from "./dom.js";
import { address, failure } from "./shell.js";

const REFRESH_MS = 5000;
const HIGH = 0.8;
const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"];

function size(bytes) {
  let value = bytes, unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return unit ? `${value.toFixed(value < 10 ? 1 : 0)} ${UNITS[unit]}` : plural(bytes, "byte");
}

function micros(us) {
  if (us < 1000) return `${us} \u00b5s`;
  return us < 1e6 ? `${(us / 1000).toFixed(us < 1e4 ? 1 : 0)} ms` : `${(us / 1e6).toFixed(1)} s`;
}

const facts = (...rows) => h("dl.facts", {}, rows.filter(Boolean).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
const card = (name, about, ...content) => h("section.card", { "aria-label": name }, h("div.head", {}, h("h2", {}, name), about ? h("span.muted", {}, about) : null), ...content);

function meter(label, used, most) {
  const part = most > 0 ? Math.min(1, used / most) : 0, bar = h("i");
  bar.style.width = `${part * 100}%`;
  return h(`div.meter${part >= HIGH ? ".high" : ""}`, { role: "meter", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": Math.max(1, most), "aria-valuenow": used, "aria-valuetext": `${count(used)} of ${count(most)}` }, bar);
}

function readiness({ ready, reasons }) {
  if (ready && !reasons.length) return null;
  return h("div.bar", { role: "status" }, h("b", {}, ready ? "! Ready, but look at this" : "! Not ready"), h("ul.plain", {}, reasons.map((reason) => h("li", {}, data(reason)))));
}

function build(node) {
  return card("Build", null, facts(["Version", node.version], ["Build", node.build], ["Platform", node.platform], ["Command", `landfall ${node.command}`], ["Address", data(node.address)], ["Running for", span(node.uptimeMs)]));
}

function storage({ storage: own }) {
  const isLow = own.freeBytes !== undefined && own.freeBytes < own.reserveBytes;
  return card("Storage", own.backEnd, facts(
    ["Place", data(own.place)],
    own.fileBytes === undefined ? null : ["Data file and its log", size(own.fileBytes)],
    own.freeBytes === undefined ? null : ["Free on the disk", h(isLow ? "span.amber" : "span", {}, isLow ? "! " : "", size(own.freeBytes))],
    ["Reserve", `${size(own.reserveBytes)}; uploads and jobs are refused below`],
    ["Damaged", own.damaged ? h("span.red", {}, `! ${plural(own.damaged, "block, record or document", "blocks, records and documents")}`) : "none known"],
    ["Checksums", `all compared ${plural(own.checks, "time")} since the start`]));
}

function commits({ commits: made, earliest, tail }) {
  const each = (n) => (made.count ? (n / made.count).toFixed(1) : "0");
  return card("Commits and log", "since the start", facts(
    ["Commits", `${count(made.count)}, ${each(made.commands)} commands and ${each(made.events)} events each`],
    ["Durable after", made.count ? `${micros(made.medianUs)} for half of them, ${micros(made.p99Us)} for 99 of 100` : "none yet"],
    made.count ? ["Longest", micros(made.longestUs)] : null,
    ["Newest event", String(tail)],
    ["Oldest retained", earliest === undefined ? "none is retained" : String(earliest)]));
}

function connections({ connections: open }) {
  const kinds = [["Streaming API", open.sessions, `${plural(open.heldPolls, "poll")} held`], ["Pub/Sub API", open.streams, "streams of subscriptions"], ["Event stream of the console", open.followers, "all orgs of the process"]];
  return card("Connections", `${count(open.open)} of ${count(open.max)}`, h("div.pad", {}, meter("Open connections", open.open, open.max)),
    h("table", {}, h("caption.hidden", {}, "Clients by kind"), h("tbody", {}, kinds.map(([name, n, note]) => h("tr", {}, h("th", { scope: "row" }, name), h("td.num", {}, count(n)), h("td.muted", {}, note))))),
    facts(["Accepted", `${count(open.accepted)} since the start`], ["Had to wait", open.delayed ? h("span.amber", {}, `! ${count(open.delayed)}`) : "none"], ["Not accepted", open.failed ? h("span.red", {}, `! ${count(open.failed)}`) : "none"]));
}

export function nodePage(main, _, parameters) {
  let ended = false, known = null, text = parameters.get("q") ?? "", isSet = parameters.get("set") === "1", timer;
  const state = h("span.state"), note = h("span.muted"), bars = h("div"), cards = h("div.cards.node");
  const input = h("input", { value: text, role: "searchbox", "aria-label": "Filter settings", placeholder: "Filter settings", maxlength: 200, spellcheck: "false", autocomplete: "off", oninput: () => {
    text = input.value.trim();
    address({ q: text });
    drawSettings();
  } });
  const only = h("button.small", { onclick: toggle }, "Only what was set"), settings = h("div");
  const configuration = h("section.card.wide", { "aria-label": "Configuration" }, h("div.head", {}, h("h2", {}, "Configuration"), h("span.muted", {}, "in effect, with the origin of each value"), h("span.push.row", {}, h("div.filter", {}, input), only)), settings);
  fill(main, h("div.toolbar", {}, h("h1", {}, "Node"), state, h("span.push"), note), bars, cards, configuration);

  function toggle() {
    isSet = !isSet;
    address({ set: isSet ? "1" : null }, true);
    drawSettings();
  }

  async function load() {
    clearTimeout(timer);
    try {
      known = await control("GET", "node");
      if (ended) return;
      draw();
    } catch (error) {
      if (!ended && !known) failure(error);
    }
    if (!ended) timer = setTimeout(load, REFRESH_MS);
  }

  function draw() {
    fill(note, `Updated ${new Date().toISOString().slice(11, 19)} UTC`);
    fill(state, h(`span.dot.${known.ready ? "on" : "off"}`), h("b", {}, known.ready ? "Ready" : "Not ready"), h("span.muted", {}, known.ready ? "takes requests" : "requests are refused"));
    fill(bars, readiness(known));
    fill(cards, build(known), storage(known), commits(known), connections(known));
    drawSettings();
  }

  function drawSettings() {
    only.setAttribute("aria-pressed", String(isSet));
    if (!known) return;
    const words = text.toLowerCase().split(/\s+/);
    const shown = known.settings.filter((one) => (!isSet || one.origin !== "default") && words.every((word) => `${one.key} ${one.value ?? ""} ${one.origin}`.toLowerCase().includes(word)));
    const groups = [...new Set(shown.map((one) => one.group))];
    if (!shown.length) return fill(settings, h("p.pad.muted", {}, `None of ${plural(known.settings.length, "setting")} matches.`));
    fill(settings, h("table.settings.stack", {}, h("caption.hidden", {}, "Settings"), h("thead", {}, h("tr", {}, h("th", {}, "Setting"), h("th", {}, "Value"), h("th", {}, "Origin"))),
      groups.map((group) => h("tbody", {}, h("tr.group", {}, h("th", { colspan: 3, scope: "rowgroup" }, group)),
        shown.filter((one) => one.group === group).map((one) => h("tr", {}, h("td.mono", {}, one.key), h("td.mono", {}, one.value === undefined ? h("span.muted", {}, "not set") : data(one.value)), h("td", {}, one.origin === "default" ? h("span.muted", {}, "default") : data(one.origin))))))));
  }

  load();
  return {
    title: "Node",
    keys: { "/": ["filter settings", () => input.focus()], r: ["refresh", load] },
    actions: () => [["Only what was set", toggle, ""]],
    address: (next) => {
      text = input.value = next.get("q") ?? "";
      isSet = next.get("set") === "1";
      drawSettings();
      return true;
    },
    end: () => {
      ended = true;
      clearTimeout(timer);
    },
  };
}
