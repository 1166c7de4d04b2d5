// Requests: what clients have sent, what they got, and what they did wrong.

import { control, query } from "./api.js";
import { clockTime, count, data, dateTime, fill, h, icon, plural, span } from "./dom.js";
import { address, failure, link, page } from "./shell.js";

const PAGE = 100;
const MOST = 1000;
const SHOWN_CHARACTERS = 65536;
const TYPING_MS = 250;
const KEY = /^(api|status):(\S+)$/;

// What a kind of mistake is, and what to change.
const MISTAKES = {
  unsupported: ["Not in Landfall", "The service has this resource and Landfall has not. The compatibility pages list what there is."],
  "unknown-resource": ["Unknown resource", "Check the path, the API version in it and the method."],
  "unknown-object": ["Unknown object", "Check the API name: custom objects end in __c, platform events in __e, change events in ChangeEvent."],
  "unknown-field": ["Unknown field", "Check the name in the describe of the object; custom fields end in __c."],
  "unknown-channel": ["Unknown channel", "Check the channel: /data/\u2026ChangeEvent, /event/\u2026__e, /topic/\u2026 or /u/\u2026"],
  malformed: ["Unreadable request", "Compare the body and its Content-Type with the reference of the API; the answer has the reason."],
  "not-logged-in": ["No login", "Send the access token of a login, over REST as the header Authorization: Bearer."],
  "wrong-order": ["Calls out of order", "Make the calls in the order that the API documents, such as handshake, connect, subscribe."],
};

/** The terms of the filter: keys go into parameters of their own, everything else is searched for. */
function parameters(text) {
  const found = {}, words = [];
  for (const word of text.trim().split(/\s+/)) {
    const [, key, value] = word.match(KEY) ?? [];
    if (key) found[key] = value;
    else words.push(word);
  }
  return { ...found, text: words.join(" ") };
}

const failed = (one) => one.cut || (one.status ?? 0) >= 400 || (one.grpcStatus ?? 0) > 0;

/** What to change: what was probably meant, and how such names or calls are checked. */
const change = ({ kind, hint }) => [hint ? [data(hint[0].toUpperCase() + hint.slice(1)), " "] : null, MISTAKES[kind][1]];

function outcome(one) {
  if (one.cut) return h("span.red", {}, "cut");
  if (one.grpcStatus) return h("span.red", {}, `gRPC ${one.grpcStatus}`);
  if (one.status === undefined || one.ms === undefined) return h("span.muted", {}, one.status ? `${one.status}, open` : "open");
  return failed(one) ? h("span.red", {}, String(one.status)) : String(one.status);
}

export function requestsPage(main, _, start) {
  let all = null, more = false, mistakes = null, limit = PAGE, text = start.get("q") ?? "", open = start.get("request"), paused = false, fresh = 0, isFull = false, busy = false, ended = false, asked = 0, typing = null;

  const input = h("input", { type: "search", value: text, "aria-label": "Filter requests", "aria-describedby": "requests-error", placeholder: "status:404 api:rest, path, client or body", spellcheck: "false", oninput: () => {
    clearTimeout(typing);
    typing = setTimeout(search, TYPING_MS);
  } });
  const matched = h("span.count"), error = h("p.error", { id: "requests-error" }), state = h("span.state");
  const pause = h("button.pause", { onclick: () => hold(!paused) });
  const clear = h("button", { onclick: forget }, "Clear");
  const found = h("section.card.mistakes", { "aria-label": "Mistakes of clients", hidden: true });
  const body = h("tbody"), news = h("button.small", { hidden: true, onclick: newest });
  const older = h("div.more");
  const scroller = h("div.scroll", { tabindex: -1 }, h("table.stack.requests", {}, h("caption.hidden", {}, "Requests, the newest first"), h("thead", {}, h("tr", {}, ["Time", "Request", "API", "Client"].map((name) => h("th", {}, name)), h("th.num", {}, "Status"), h("th.num", {}, "Took"))), body));
  const split = h("div.split", {}, h("div.card.list", {}, scroller, older));
  const empty = h("div.empty.card", { hidden: true });
  fill(main, h("div.toolbar", {}, h("h1", {}, "Requests"), h("div.filter", {}, icon("filter"), input, matched), state, news, pause, clear), error, found, empty, split);

  const holding = () => paused || open !== null || scroller.scrollTop > 0;

  function search() {
    clearTimeout(typing);
    if (text === input.value) return;
    text = input.value;
    address({ q: text });
    newest();
  }

  function hold(on) {
    paused = on;
    drawState();
    if (!holding()) newest();
  }

  function newest() {
    limit = PAGE;
    fresh = 0;
    scroller.scrollTop = 0;
    return load();
  }

  /** One request at a time: a slow server gets fewer of them. */
  async function load() {
    const own = ++asked;
    busy = true;
    try {
      const [list, wrong] = await Promise.all([control("GET", `requests${query({ ...parameters(text), limit })}`), control("GET", "mistakes")]);
      if (ended || own !== asked) return;
      ({ requests: all, more } = list);
      mistakes = wrong;
      fresh = 0;
      fill(error);
      input.removeAttribute("aria-invalid");
      draw();
    } catch (refused) {
      if (!ended && own === asked) refuse(refused);
    } finally {
      if (own === asked) busy = false;
    }
  }

  /** While nothing moves: only how many are new. */
  async function look() {
    const own = asked;
    busy = true;
    try {
      const after = all.length ? all[0].number : 0;
      const [list, wrong] = await Promise.all([control("GET", `requests${query({ ...parameters(text), after, limit: PAGE })}`), control("GET", "mistakes")]);
      if (ended || own !== asked) return;
      fresh = list.requests.length;
      isFull = list.more;
      mistakes = wrong;
      drawState();
      drawMistakes();
    } catch (refused) {
      if (!ended && own === asked) refuse(refused);
    } finally {
      if (own === asked) busy = false;
    }
  }

  function refuse(refused) {
    if (refused.code === "journal-off") {
      split.hidden = true;
      empty.hidden = false;
      fill(empty, h("h2", {}, "This org keeps no requests"), h("p", {}, "The setting ", h("code", {}, "journal.requests"), " is 0. Start the org with a higher number to see what clients send."));
    } else if (refused.status === 400) {
      input.setAttribute("aria-invalid", "true");
      fill(error, refused.message);
    } else if (refused.status !== 0) failure(refused);
  }

  function draw() {
    drawState();
    drawMistakes();
    const isEmpty = all.length === 0 && !open;
    empty.hidden = !isEmpty;
    split.hidden = isEmpty;
    if (isEmpty) fill(empty, text.trim() ? [h("h2", {}, "No request matches"), h("button", { onclick: () => { input.value = ""; search(); } }, "Clear the filter")] : [h("h2", {}, "No requests yet"), h("p", {}, "What clients send to the APIs of this org appears here, with the answers.")]);
    const focused = document.activeElement?.dataset?.id;
    fill(body, all.map((one, i) => row(one, i === 0)));
    if (focused) rowOf(focused)?.focus();
    fill(matched, `${count(all.length)}${more ? "+" : ""}`);
    fill(older, more ? (limit < MOST ? h("button.small", { onclick: () => { limit = Math.min(MOST, limit + PAGE); load(); } }, "Show older") : `The newest ${count(MOST)} are shown; a filter finds older ones.`) : "No older requests are kept.");
    drawPane();
  }

  function drawState() {
    const word = paused ? "Paused" : holding() ? "Holding" : "Following";
    fill(state, h(`span.dot${word === "Following" ? ".on" : ""}`, { "aria-hidden": "true" }), h("b", {}, word));
    fill(pause, paused ? "Follow" : "Pause", h("kbd", { "aria-hidden": "true" }, "Space"));
    news.hidden = fresh === 0;
    fill(news, `${count(fresh)}${isFull ? "+" : ""} new`);
  }

  function drawMistakes() {
    const list = mistakes.mistakes;
    found.hidden = list.length === 0;
    if (!list.length) return;
    const wasOpen = found.querySelector("details")?.open ?? false;
    const times = list.reduce((n, one) => n + one.times, 0) + mistakes.further;
    const details = h("details", { open: wasOpen }, h("summary.tight", {}, h("b.amber", {}, `! ${plural(times, "mistake")} of clients`), h("span.muted", {}, ` in ${plural(mistakes.requests, "request")}`)),
      h("ul.pad", {}, list.map((one) => h("li", {}, h("div.row", {}, h("b", {}, MISTAKES[one.kind][0]), h("span.muted", {}, one.times > 1 ? `${count(one.times)} times` : "once"), link(`/requests?request=${one.last}`, `request ${one.last}`)), h("p", {}, data(one.message)), h("p.second", {}, change(one))))));
    const hadFocus = found.contains(document.activeElement) ? document.activeElement.getAttribute("href") ?? "summary" : null;
    fill(found, details);
    if (hadFocus) (hadFocus === "summary" ? details.querySelector("summary") : [...details.querySelectorAll("a")].find((a) => a.getAttribute("href") === hadFocus))?.focus();
  }

  const rowOf = (id) => body.querySelector(`[data-id="${CSS.escape(String(id))}"]`);

  function row(one, first) {
    const id = String(one.number);
    const hasOpen = open !== null && all.some((other) => String(other.number) === open);
    return h("tr", { tabindex: (hasOpen ? id === open : first) ? 0 : -1, "data-id": id, "aria-selected": String(id === open), onclick: () => choose(id) },
      h("td.mono.time", { title: dateTime(one.at) }, clockTime(one.at)), h("td.mono.target", { title: one.target }, h("b", {}, one.method), " ", data(one.target)), h("td", {}, one.api),
      h("td.agent", { title: one.client ?? "" }, one.client ? data(one.client) : h("span.muted", {}, "unnamed")), h("td.num", {}, outcome(one)), h("td.num", {}, one.ms === undefined ? "" : span(one.ms)));
  }

  function choose(id, push = true) {
    open = id;
    address({ request: id }, push);
    for (const line of body.children) {
      line.setAttribute("aria-selected", String(line.dataset.id === id));
      line.tabIndex = line.dataset.id === id ? 0 : -1;
    }
    drawState();
    drawPane();
  }

  async function drawPane() {
    const old = split.querySelector("aside");
    if (open === null) {
      old?.remove();
      return split.classList.remove("open");
    }
    if (old?.dataset.of === open) return;
    const own = open;
    const pane = h("aside.card.pane", { "aria-label": `Request ${own}`, "data-of": own });
    old?.remove();
    split.hidden = false;
    empty.hidden = true;
    split.classList.add("open");
    split.append(pane);
    const close = h("button.quiet.small", { onclick: leave }, "Close", h("kbd", { "aria-hidden": "true" }, "Esc"));
    const head = (title) => h("div.pad", {}, h("div.row", {}, h("h2", {}, title), h("span.push", {}, close)));
    fill(pane, head(`Request ${own}`));
    try {
      const one = await control("GET", `requests/${encodeURIComponent(own)}`);
      if (open === own) fill(pane, head(`Request ${own}`), h("div.scroll", { tabindex: 0, role: "region", "aria-label": "The request and its answer" }, facts(one), wrong(one), content("Request body", one.request), content("Answer body", one.answer)));
    } catch (refused) {
      if (open === own) fill(pane, head(`Request ${own}`), h("div.pad", {}, h("p", {}, h("b.red", {}, refused.code), " ", refused.message)));
    }
  }

  function facts(one) {
    const entries = [["Request", [one.method, " ", data(one.target)]], ["Status", outcome(one)], one.grpcMessage ? ["gRPC message", data(one.grpcMessage)] : null, ["API", one.api], ["Client", one.client ? data(one.client) : "unnamed"], ["Received", dateTime(one.at)], ["Took", one.ms === undefined ? "not over yet" : span(one.ms)]];
    return h("dl.facts", {}, entries.filter(Boolean).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
  }

  function wrong(one) {
    const own = (mistakes?.mistakes ?? []).filter((other) => other.first === one.number || other.last === one.number);
    return own.map((other) => h("div.pad", {}, h("div.bar", {}, h("div", {}, h("b", {}, `! ${MISTAKES[other.kind][0]}`), h("p", {}, data(other.message)), h("p", {}, change(other))))));
  }

  function content(title, one) {
    const kept = one.text === undefined ? null : pretty(one);
    const about = [one.mediaType, plural(one.bytes, "byte"), one.whole ? null : "the beginning is kept"].filter(Boolean).join(", ");
    return [h("h3.pad", {}, title, h("span.muted", {}, ` ${about}`)), kept ? cut(kept) : h("p.tight.muted", {}, one.bytes ? "Binary: not shown" : "empty")];
  }

  function cut(kept) {
    const box = h("pre.code", {}, data(kept.slice(0, SHOWN_CHARACTERS), "span"));
    if (kept.length <= SHOWN_CHARACTERS) return box;
    const all = h("button.small", { onclick: () => { fill(box, data(kept, "span")); all.remove(); } }, `Show all ${count(kept.length)} characters`);
    return [box, h("div.tight", {}, all)];
  }

  function pretty(one) {
    if (!one.whole || !/json/.test(one.mediaType ?? "")) return one.text;
    try {
      return JSON.stringify(JSON.parse(one.text), null, 2);
    } catch {
      // Clients may send what is no JSON: it is shown as sent.
      return one.text;
    }
  }

  function leave() {
    const id = open;
    open = null;
    address({ request: null }, true);
    draw();
    (rowOf(id ?? "") ?? input).focus();
  }

  async function forget() {
    try {
      await control("DELETE", "requests");
      page.say("All requests and mistakes are forgotten.");
      open = null;
      address({ request: null });
      await newest();
    } catch (refused) {
      failure(refused);
    }
  }

  function move(step) {
    const rows = [...body.children];
    const at = rows.indexOf(document.activeElement.closest?.("tr[data-id]"));
    const line = rows[at < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, at + step))];
    line?.focus();
    if (open !== null && line) choose(line.dataset.id, false);
  }

  drawState();
  load();
  const down = ["next request", () => move(1)], up = ["previous request", () => move(-1)];
  return {
    title: "Requests",
    keys: {
      j: down, k: up, ArrowDown: down, ArrowUp: up, "/": ["filter", () => input.focus()], " ": ["pause, follow", () => hold(!paused)], n: ["show new requests", () => newest()],
      Enter: ["open the request", () => {
        const id = document.activeElement.closest?.("tr[data-id]")?.dataset.id;
        if (id) choose(id);
      }],
      Escape: ["close the request", () => open !== null && leave()],
    },
    actions: () => [["Clear requests", forget, ""], ["Only failed logins and tokens", () => { input.value = "status:401"; search(); }, ""]],
    address: (next) => {
      open = next.get("request");
      const wanted = next.get("q") ?? "";
      if (wanted !== text) {
        text = input.value = wanted;
        newest();
      } else if (all) draw();
      return true;
    },
    end: () => {
      ended = true;
      clearTimeout(typing);
    },
    tick: () => {
      if (busy || !all || document.hidden) return;
      if (holding()) look();
      else load();
    },
  };
}
