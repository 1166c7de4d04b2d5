// Faults and clock: what an org does wrong on purpose, and what time it is there.

import { control } from "./api.js";
import { data, dateTime, fill, h, plural } from "./dom.js";
import { address, copy, failure, page, refresh } from "./shell.js";

const STEPS = [["1m", "1 min"], ["2h", "2 h"], ["25h", "25 h"], ["73h", "73 h"]];
const SPAN = /^(\d+(ms|s|m|h|d))+$/;

export function faultsPage(main, _, parameters) {
  let reading = null, faults = null, topics = [], kinds = [], by = parameters.get("by") ?? "", shownClock = "";
  const time = h("div.key-figure"), mode = h("p"), freeze = h("button", { onclick: () => turn() }), due = h("div", { "aria-live": "polite" });
  const other = h("input", { "aria-label": "Advance by", placeholder: "other, 90m", maxlength: 40, value: STEPS.some(([value]) => value === by) ? "" : by, oninput: () => pick(other.value.trim(), other) });
  other.style.width = "110px";
  const steps = h("span.row", {}, STEPS.map(([value, label]) => h("button", { "data-by": value, "aria-pressed": "false", onclick: () => { other.value = ""; pick(value); } }, label)));
  const advanceButton = h("button.primary", { type: "submit" }, "Advance");
  const setTo = h("input", { "aria-label": "Set the clock to", placeholder: "2030-01-01T09:00:00Z", maxlength: 40 });
  const armed = h("div"), armedNote = h("span.muted"), disarmAll = h("button.small", { onclick: () => act(() => control("DELETE", "faults")) }, "Disarm all");
  const form = h("form.gap", { onsubmit: (e) => { e.preventDefault(); arm(); } });
  fill(main, h("div.toolbar", {}, h("h1", {}, "Faults and clock"), h("span.muted", {}, "only in landfall dev; these act on this org alone")),
    h("div.cards", {},
      h("section.card", { id: "clock" }, h("div.head", {}, h("h2", {}, "Clock"), freeze),
        h("div.pad.gap", {}, h("div", {}, time, mode), h("form", { class: "gap", onsubmit: (e) => { e.preventDefault(); advance(); } },
          h("div.row", {}, h("span.second", {}, "Advance by"), steps, other), due, h("div.row", {}, advanceButton)), h("form.row", { onsubmit: (e) => { e.preventDefault(); set(); } }, h("span.second", {}, "Set to"), h("span", {}, setTo), h("button", { type: "submit" }, "Set and freeze")),
        h("p.muted", {}, "The clock is never set back."))),
      h("div.gap", {},
        h("section.card", { id: "armed" }, h("div.head", {}, h("h2", {}, "Armed faults"), armedNote, disarmAll), armed),
        h("section.card", { id: "new" }, h("div.head", {}, h("h2", {}, "New fault")), h("div.pad", {}, form)))));

  function drawClock() {
    if (!reading) return;
    const frozen = reading.mode === "frozen";
    const text = reading.now.slice(0, 19).replace("T", " ");
    fill(time, text, " ", h("span.muted", {}, "UTC"));
    fill(mode, frozen ? h("span.amber", {}, "! Frozen: time does not pass in this org") : h("span.second", {}, "Running"));
    fill(freeze, frozen ? "Resume" : "Freeze");
  }

  function pick(value, from) {
    by = value;
    address({ by });
    for (const button of steps.children) button.setAttribute("aria-pressed", String(button.dataset.by === by));
    const valid = SPAN.test(by);
    advanceButton.disabled = !valid;
    fill(advanceButton, valid ? `Advance ${by}` : "Advance");
    if (from) from.setAttribute("aria-invalid", String(Boolean(by) && !valid));
    drawDue();
  }

  async function drawDue() {
    if (!reading || !SPAN.test(by)) return fill(due, h("p.muted", {}, by ? "A span is a number and a unit: 90s, 15m, 73h, 1d12h." : "Choose a span to see what falls due."));
    const wanted = by;
    try {
      const found = await control("POST", "clock/preview", { by });
      if (wanted !== by) return;
      const line = (name, text) => h("tr", {}, h("td", {}, h("b", {}, name)), h("td", {}, text));
      fill(due, h("p", {}, "The clock will be ", h("b", {}, dateTime(found.now)), "."), h("table", {}, h("caption.hidden", {}, "What falls due"), h("tbody", {},
        line("Events", found.events ? `${plural(found.events, "event")}, up to ${found.lastEvent}, ${found.events === 1 ? "leaves" : "leave"} the log: published before ${dateTime(found.eventsBefore)}` : "no event leaves the log"),
        line("Tokens", found.logins ? `${plural(found.logins, "access token")} ${found.logins === 1 ? "ends" : "end"} unless used before; this page logs in again` : "no access token ends"),
        line("Clients", found.sessions ? `${plural(found.sessions, "session")} of the Streaming API ${found.sessions === 1 ? "ends" : "end"} unless the client sends something before` : "no session of the Streaming API ends"))));
      fill(advanceButton, `Advance ${by}`);
    } catch (error) {
      fill(due, h("p.error", {}, error.message));
    }
  }

  async function act(call, said) {
    try {
      const result = await call();
      if (said) page.say(said);
      await refresh();
      return result;
    } catch (error) {
      failure(error);
      return null;
    }
  }

  const turn = () => act(() => control("PUT", "clock", { mode: reading?.mode === "frozen" ? "running" : "frozen" }));
  async function advance() {
    if (!SPAN.test(by)) return;
    if (await act(() => control("POST", "clock/advance", { by }), `The clock was advanced by ${by}.`)) drawDue();
  }
  async function set() {
    if (await act(() => control("PUT", "clock", { mode: "frozen", now: setTo.value.trim() }), "The clock was set.")) setTo.value = "";
  }

  function drawArmed() {
    if (!faults) return;
    const on = faults.filter((fault) => fault.state !== "spent").length;
    fill(armedNote, faults.length ? `${on} armed, ${faults.length - on} used up` : "");
    disarmAll.hidden = !faults.length;
    const focused = document.activeElement?.dataset?.fault;
    fill(armed, faults.length ? h("table.stack", {}, h("caption.hidden", {}, "Faults"), h("tbody", {}, faults.map(faultRow))) : h("p.pad.muted", {}, "No fault is armed."));
    if (focused) armed.querySelector(`[data-fault="${CSS.escape(focused)}"]`)?.focus();
  }

  function faultRow(fault) {
    const times = fault.next ? `fired ${fault.fired} of ${fault.next}` : `fired ${fault.fired}`;
    return h("tr", {}, h("td", {}, h("div", {}, h("b", {}, fault.fault), " ", sentence(fault)), h("div.muted", {}, fault.id, ", ", plural(fault.matched, "occasion"), " matched", fault.state === "waiting" ? ", waits for its time" : "")),
      h("td.num", {}, h(fault.state === "armed" ? "span.amber" : "span.muted", {}, times)),
      h("td.num", {}, fault.state === "spent" ? h("button.small", { "data-fault": fault.id, onclick: () => act(() => control("POST", "faults", again(fault))) }, "Arm again") : h("button.small", { "data-fault": fault.id, onclick: () => act(() => control("DELETE", `faults/${fault.id}`), "Disarmed.") }, "Disarm")));
  }

  function again(fault) {
    const { id, matched, fired, state, ...rest } = fault;
    return rest;
  }

  function sentence(fault) {
    const where = [fault.topic ? ["on ", h("code", {}, data(fault.topic))] : null, fault.client ? [" for client ", h("code", {}, data(fault.client))] : null, fault.user ? [" for ", data(fault.user)] : null, fault.method ? [" at ", h("code", {}, data(fault.method))] : null, fault.delay ? [" by ", fault.delay] : null, fault.bytes ? [` with ${fault.bytes} bytes`] : null, fault.after ? [" after ", plural(fault.after, "occasion")] : null, fault.every && (fault.every > 1 || !fault.next) ? [fault.every === 1 ? " every time" : ` every ${fault.every} times`] : null];
    return where.filter(Boolean);
  }

  // ---- The form, made from the document of the control interface

  function drawForm(document) {
    const reads = document.paths["/faults"].post.requestBody.content["application/json"].schema;
    kinds = reads.properties.fault.enum;
    const rows = Object.entries(reads.properties).map(([name, property]) => {
      const id = `fault-${name}`;
      const options = name === "fault" ? kinds : name === "topic" ? ["", ...topics] : null;
      const control = options ? h("select", { id, name }, options.map((value) => h("option", { value }, value || "any topic"))) : h("input", { id, name, placeholder: placeholders[name] ?? "", inputmode: property.type === "integer" ? "numeric" : null, maxlength: 300, "aria-describedby": `${id}-help` });
      return h("div", {}, h("label", { for: id }, labels[name] ?? name), control, h("span.muted", { id: `${id}-help` }, property.description));
    });
    const preview = h("div.preview", { "aria-live": "polite" });
    const draw = () => fill(preview, h("code", {}, `POST /_landfall/v1/faults ${JSON.stringify(body())}`));
    form.addEventListener("input", draw);
    fill(form, h("div.grid2", {}, rows), preview, h("div.row", {}, h("button.primary", { type: "submit" }, "Arm", h("kbd", { "aria-hidden": "true" }, "Ctrl Enter")), h("button", { type: "button", onclick: () => copy(`curl -X POST ${location.origin}/_landfall/v1/faults -d '${JSON.stringify(body()).replaceAll("'", "'\\''")}'`, "curl command") }, "Copy as curl")));
    form.numbers = Object.entries(reads.properties).filter(([, property]) => property.type === "integer").map(([name]) => name);
    draw();
  }

  function body() {
    const values = {};
    for (const [name, value] of new FormData(form)) {
      const text = value.trim();
      if (text) values[name] = form.numbers?.includes(name) && /^-?\d+$/.test(text) ? Number(text) : text;
    }
    return values;
  }

  async function arm() {
    const values = body();
    if (await act(() => control("POST", "faults", values), `Armed ${values.fault}.`)) form.querySelector("button").focus();
  }

  Promise.all([control("GET", "openapi.json"), control("GET", "topics")]).then(([document, found]) => {
    topics = found.topics.map((one) => one.channel);
    drawForm(document);
  }, failure);
  pick(by);
  refresh();
  return {
    title: "Faults and clock",
    keys: {},
    actions: () => [["Freeze or resume the clock", turn, ""], ...STEPS.map(([value]) => [`Advance ${value}`, () => { pick(value); advanceButton.focus(); }, ""]), ...kinds.map((kind) => [`Fault ${kind}`, () => { form.elements.fault.value = kind; form.dispatchEvent(new Event("input")); form.elements.fault.focus(); }, ""])],
    command: (text) => {
      const span = /^advance (\S+)$/.exec(text)?.[1];
      return span && SPAN.test(span) ? [`Advance ${span}: show what falls due`, () => { other.value = span; pick(span, other); advanceButton.focus(); }, ""] : null;
    },
    tick: (state) => {
      const first = !reading;
      reading = state.clock;
      faults = state.faults;
      drawClock();
      const key = JSON.stringify(faults);
      if (key !== shownClock) drawArmed();
      shownClock = key;
      if (first) drawDue();
    },
  };
}

const labels = { fault: "Fault", topic: "Topic", client: "Client", user: "User", method: "Method", next: "Fires next", every: "Every", after: "After", from: "From", to: "To", delay: "Delay", bytes: "Bytes" };
const placeholders = { next: "1", method: "POST /sobjects/Account", from: "2030-01-01T09:00:00Z", to: "2030-01-01T10:00:00Z", delay: "250ms", bytes: "1000", user: "admin@landfall.test" };
