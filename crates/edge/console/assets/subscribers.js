// Subscribers: who receives events, how far behind, and what to do about it.

import { control, readOnly } from "./api.js";
import { count, data, fill, h, plural, span } from "./dom.js";
import { address, copy, failure, inTrouble, page, refresh } from "./shell.js";

const PROTOCOLS = { cometd: "Streaming API", pubsub: "Pub/Sub API" };
const RETENTION_MS = 72 * 3600 * 1000;

/** What a state means: in a word, what happened, what to change. */
function meaning(subscriber) {
  const waits = subscriber.subscriptions.some((one) => one.lag > 0);
  switch (subscriber.state) {
    case "without subscription": return ["Handshaked, no subscription", "The client has a session but subscribes to nothing: it receives nothing.", "Subscribe after each handshake, with the last replay ID that was received."];
    case "without requested events": return waits ? ["No credit", "Events wait, but the client has requested no more of them.", "Send a FetchRequest with num_requested before the credit is used up; without credit the stream ends after a while."] : ["No credit", "The client has received all the events that it requested. No event waits.", "Send a FetchRequest before the next event is due."];
    case "between two polls": return ["Between two polls", "The client has not sent its next /meta/connect yet. It may still be busy with the events of the last one.", "Send /meta/connect again as soon as an answer arrives; a session without one ends after 40 seconds."];
    default: return waits ? ["Receiving", "Events are on their way to the client.", null] : ["Waiting for events", "The client has received everything.", null];
  }
}

/** What a client is called: the first word of its User-Agent, or its user. */
const nameOf = (one) => one.client?.split(" ")[0].slice(0, 40) || one.username;

export function subscribersPage(main, _, parameters) {
  let all = null, open = parameters.get("client"), lagging = parameters.get("lagging") === "1", updated = null, text = parameters.get("q") ?? "";
  const input = h("input", { value: text, "aria-label": "Filter subscribers", placeholder: "Client, user, topic or state", spellcheck: "false", oninput: () => {
    text = input.value;
    address({ q: text });
    draw();
  } });
  const only = h("button", { onclick: () => toggle() }, "Only with lag");
  const note = h("span.muted");
  const body = h("tbody");
  const list = h("div.card.list", {}, h("div.scroll", {}, h("table.stack", {}, h("caption.hidden", {}, "Subscribers"), h("thead", {}, h("tr", {}, ["Client", "State", "Topic and position", "Lag"].map((name) => h("th", {}, name)))), body)));
  const empty = h("div.empty.card", {}, h("h2", {}, "No subscribers"), h("p", {}, "Clients of the Streaming API and the Pub/Sub API appear here as soon as they connect."), h("pre", {}, `landfall tail --target ${location.origin} /data/AccountChangeEvent`));
  const split = h("div.split", {}, list);
  fill(main, h("div.toolbar", {}, h("h1", {}, "Subscribers"), h("div.filter", {}, input), only, note), empty, split);
  empty.hidden = split.hidden = true;

  const toggle = () => {
    lagging = !lagging;
    address({ lagging: lagging ? "1" : null }, true);
    draw();
  };
  const matching = () => all.filter((one) => (!lagging || one.subscriptions.some((s) => s.lag > 0)) && [one.id, one.username, one.client ?? "", one.state, PROTOCOLS[one.protocol], meaning(one)[0], ...one.subscriptions.map((s) => s.channel)].join("\n").toLowerCase().includes(text.trim().toLowerCase()));
  const choose = (id) => {
    open = id;
    address({ client: id }, true);
    draw();
  };

  function draw() {
    only.setAttribute("aria-pressed", String(lagging));
    if (!all) return;
    fill(note, updated ? `Updated ${updated} UTC` : "");
    empty.hidden = all.length > 0;
    split.hidden = all.length === 0 && !open;
    list.hidden = all.length === 0;
    const focused = document.activeElement?.dataset?.id;
    const shown = matching();
    fill(body, shown.map((one, i) => row(one, i === 0)), shown.length ? null : h("tr", {}, h("td", { colspan: 4 }, `None of ${plural(all.length, "subscriber")} matches.`)));
    if (focused) body.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
    drawPane();
  }

  function row(one, first) {
    const [word] = meaning(one);
    const lag = one.subscriptions.reduce((n, s) => n + s.lag, 0), waits = Math.max(0, ...one.subscriptions.map((s) => s.lagMs));
    const trouble = inTrouble(one);
    const line = h("tr", { tabindex: (open ? one.id === open : first) ? 0 : -1, "data-id": one.id, "aria-selected": String(one.id === open), onclick: () => choose(one.id) },
      h("td", { title: one.client ?? "" }, h("b", {}, data(nameOf(one))), h("div.muted", {}, PROTOCOLS[one.protocol], ", ", data(one.username)), h("div.muted", {}, h("code", {}, one.id))),
      h("td", {}, trouble ? h("span.amber", {}, "! ", word) : h("span", {}, h("span.dot.on", { "aria-hidden": "true" }), " ", word), one.requested === undefined ? null : h("div.muted", {}, `requested ${count(one.requested)}`)),
      h("td", {}, one.subscriptions.length ? one.subscriptions.slice(0, 2).map((s) => h("div", {}, h("code", {}, data(s.channel)), h("span.muted", {}, ` position ${s.replayId}`))) : h("span.muted", {}, "none"), one.subscriptions.length > 2 ? h("div.muted", {}, `and ${one.subscriptions.length - 2} more`) : null),
      h("td", {}, one.subscriptions.length ? [h("b", {}, plural(lag, "event")), lag ? ` ${span(waits)}` : "", meter(waits)] : h("span.muted", {}, "not subscribed")));
    return line;
  }

  function meter(ms) {
    const part = Math.min(1, Math.log1p(ms / 1000) / Math.log1p(RETENTION_MS / 1000));
    const bar = h("i");
    bar.style.width = `${Math.max(2, part * 100)}%`;
    return h(`div.meter${ms > 10000 ? ".high" : ""}`, { role: "meter", "aria-label": "Lag, to the end of retention", "aria-valuemin": 0, "aria-valuemax": RETENTION_MS, "aria-valuenow": Math.round(ms), "aria-valuetext": span(ms) }, bar);
  }

  function drawPane() {
    const hadFocus = split.children[1]?.contains(document.activeElement) ? document.activeElement.textContent : null;
    split.children[1]?.remove();
    split.classList.toggle("open", Boolean(open));
    if (!open) return;
    const one = all.find((other) => other.id === open);
    const close = h("button.quiet.small", { onclick: () => leave() }, "Close", h("kbd", { "aria-hidden": "true" }, "Esc"));
    if (!one) {
      split.append(h("aside.card.pane", { "aria-label": "Subscriber" }, h("div.pad", {}, h("div.row", {}, h("h2", {}, "Disconnected"), h("span.push", {}, close)), h("p.second", {}, "The subscriber ", h("code", {}, open), " is not connected any more."))));
      return;
    }
    const [word, happened, change] = meaning(one);
    const trouble = inTrouble(one);
    const subscribe = one.subscriptions.map((s) => JSON.stringify({ channel: "/meta/subscribe", subscription: s.channel, ext: { replay: { [s.channel]: s.replayId } } })).join("\n");
    split.append(h("aside.card.pane", { "aria-label": `Subscriber ${nameOf(one)}` },
      h("div.pad", {}, h("div.row", {}, h("h2", {}, data(nameOf(one))), h("span.push", {}, close)), one.client ? h("p.second", {}, data(one.client)) : null, h("p.second", {}, data(one.username), `, ${PROTOCOLS[one.protocol]}, ${one.protocol === "cometd" ? "client ID" : "RPC ID"} `, h("code", {}, one.id))),
      h("div.scroll", {}, h("div.pad", {}, h("div.bar", {}, h("div", {}, h(trouble ? "b" : "strong", {}, trouble ? "! " : "", word), h("p", {}, happened)))), change ? h("div.pad", {}, h("h3", {}, "What to change"), h("p.second", {}, change)) : null,
        h("h3.pad", {}, "Subscriptions"), one.subscriptions.length ? h("table", {}, h("thead", {}, h("tr", {}, h("th", {}, "Topic"), h("th.num", {}, "Position"), h("th.num", {}, "Lag"), h("th.num", {}, "Waits"))), h("tbody", {}, one.subscriptions.map((s) => h("tr", {}, h("td.mono", {}, data(s.channel)), h("td.num.mono", {}, String(s.replayId)), h("td.num", {}, count(s.lag)), h("td.num", {}, s.lag ? span(s.lagMs) : "0"))))) : h("p.pad.muted", {}, "none")),
      h("div.foot", {}, one.protocol === "cometd" && subscribe ? h("button.small", { onclick: () => copy(subscribe, "subscribe messages") }, "Copy subscribe") : null, readOnly ? null : h("button.small.danger", { onclick: () => disconnect(one) }, "Disconnect"))));
    if (hadFocus) [...split.children[1].querySelectorAll("button")].find((button) => button.textContent === hadFocus)?.focus();
  }

  function leave() {
    const id = open;
    open = null;
    address({ client: null }, true);
    draw();
    (body.querySelector(`[data-id="${CSS.escape(id ?? "")}"]`) ?? input).focus();
  }

  async function disconnect(one) {
    try {
      await control("DELETE", `subscribers/${encodeURIComponent(one.id)}`);
      page.say(one.protocol === "cometd" ? "The session is forgotten; its next connect is refused." : "The stream has ended.");
      await refresh();
    } catch (error) {
      failure(error);
    }
  }

  function move(step) {
    const rows = [...body.querySelectorAll("tr[data-id]")];
    const at = rows.indexOf(document.activeElement.closest?.("tr[data-id]"));
    const row = rows[at < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, at + step))];
    row?.focus();
    if (open && row) choose(row.dataset.id);
  }

  draw();
  refresh();
  const down = ["next subscriber", () => move(1)], up = ["previous subscriber", () => move(-1)];
  return {
    title: "Subscribers",
    keys: {
      j: down, k: up, ArrowDown: down, ArrowUp: up, "/": ["filter", () => input.focus()],
      Enter: ["open the subscriber", () => {
        const id = document.activeElement.closest?.("tr[data-id]")?.dataset.id;
        if (id) choose(id);
      }],
      Escape: ["close the subscriber", () => open && leave()],
    },
    actions: () => [["Only with lag", toggle, ""]],
    address: (next) => {
      open = next.get("client");
      lagging = next.get("lagging") === "1";
      text = input.value = next.get("q") ?? "";
      draw();
      return true;
    },
    tick: ({ clock, subscribers }) => {
      all = subscribers;
      updated = (clock?.now ?? new Date().toISOString()).slice(11, 19);
      draw();
    },
  };
}
