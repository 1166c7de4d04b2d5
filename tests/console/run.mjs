// The console in a browser: every page by mouse and by keyboard, in both themes, with hostile data and a restart.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";
import { channels, members, publishing, pushTopics, capture } from "./channels.mjs";
import { delivery, replay, schemas, wireForms } from "./log.mjs";
import { brush, node } from "./node.mjs";
import { requests } from "./requests.mjs";
import { brokenDecoder, longRun, manyEvents, millionEvents } from "./robust.mjs";
import { serve } from "./serve.mjs";
import { tenTasks } from "./tasks.mjs";
import { usage } from "./usage.mjs";
import { visual } from "./visual.mjs";
import { Server, seed } from "./server.mjs";

const ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const WITHIN_MS = 15000;
const HOSTILE = "<img src=x onerror=\"window.hit=1\"><script>window.hit=1</script>\u202Egnp.exe\u0007";

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGUMENTS });

/** A page of the console; what the browser refuses or throws fails the scenario. */
async function open(server, path, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(WITHIN_MS);
  page.problems = [];
  page.on("pageerror", (error) => page.problems.push(String(error)));
  page.on("console", (message) => {
    if (/Content Security Policy|TrustedHTML/.test(message.text())) page.problems.push(message.text());
  });
  page.on("dialog", (dialog) => page.problems.push(`dialog ${dialog.message()}`));
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== server.base) page.problems.push(`request to ${request.url()}`);
  });
  await page.goto(server.base + path);
  await page.locator("h1").first().waitFor();
  return page;
}

async function close(page) {
  const { problems } = page;
  await page.context().close();
  assert.deepEqual(problems, []);
}

/** What axe finds wrong with the page as it is. */
async function violations(page, what) {
  const found = await new AxeBuilder({ page }).analyze();
  return found.violations.map((one) => `${what}: ${one.id} ${one.nodes[0].html.slice(0, 200)} ${one.nodes[0].failureSummary}`);
}

const row = (page, id) => page.locator(`tr[data-id="${id}"]`);
const shows = (page, text) => page.getByText(text).first().waitFor();
const search = (page) => new URL(page.url()).searchParams;

async function emptyOrg(server) {
  const page = await open(server, "/console");
  await shows(page, "No events yet. Change a record and its event appears here.");
  assert.equal(new URL(page.url()).pathname, "/console/live");
  assert.deepEqual(await violations(page, "empty org"), []);
  // The first event takes the place of the steps, without a reload.
  await server.create("Account", { Name: "The first" });
  await row(page, 1001).waitFor();
  await close(page);
}

async function liveByMouse(server, { last }) {
  const page = await open(server, "/console/live");
  await row(page, last).waitFor();
  await shows(page, "Following");
  await row(page, last).click();
  await shows(page, "in nulledFields");
  assert.equal(search(page).get("event"), String(last));
  // The value before comes from an older event of the record.
  await page.locator("aside tr", { hasText: "Phone" }).getByText("(336) 222-7000").waitFor();
  await page.getByRole("tab", { name: "Bitmap" }).click();
  await page.locator("aside tr", { hasText: "Industry" }).first().waitFor();
  assert.equal(search(page).get("tab"), "bitmap");
  await page.reload();
  await page.getByRole("tab", { name: "Bitmap", selected: true }).waitFor();
  await page.getByRole("tab", { name: "As sent" }).click();
  await page.locator("aside tr", { hasText: "changedFields" }).waitFor();
  await page.getByRole("tab", { name: "CometD, JSON" }).click();
  await shows(page, '"Industry": "Banking"');
  await page.getByRole("button", { name: "Close" }).click();
  await page.locator("aside").waitFor({ state: "detached" });
  await page.goBack();
  await page.locator("aside").waitFor();
  await page.getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "Pause" }).click();
  await shows(page, "Paused");
  const id = await server.create("Contact", { LastName: "While paused" });
  await page.getByRole("button", { name: "1 new" }).click();
  await page.locator("tr", { hasText: id }).waitFor();
  await page.getByRole("button", { name: "Follow" }).click();
  await close(page);
}

async function liveByKeyboard(server, { last }) {
  const page = await open(server, "/console/live");
  await row(page, last).waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("fild:Industry");
  await shows(page, 'Position 1: "fild" is not a key; did you mean "field"?');
  await page.getByRole("searchbox").fill("");
  await page.keyboard.type("type:UPDATE field:Industry");
  await page.keyboard.press("Enter");
  await row(page, last - 1).waitFor({ state: "detached" });
  assert.equal(search(page).get("q"), "type:UPDATE field:Industry");
  // By the name of the record, by a value, and without what is excluded.
  for (const [text, shown, hidden] of [["pyramid -type:GAP*", 1004, last], ["Amount>=100000 OR nulled:Phone", last, 1004], ["type:GAP*", last - 1, last], ["type:UPDATE field:Industry", last, last - 1]]) {
    await page.getByRole("searchbox").fill(text);
    await page.keyboard.press("Enter");
    await row(page, shown).waitFor();
    await row(page, hidden).waitFor({ state: "detached" });
  }
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.locator("aside:focus").waitFor();
  await page.keyboard.press("3");
  await shows(page, "Bit n names field n of schema");
  await page.keyboard.press("[");
  await page.waitForURL(/event=1003/);
  await page.keyboard.press("Escape");
  await page.locator("aside").waitFor({ state: "detached" });
  await page.keyboard.press("j");
  await page.keyboard.press("t");
  await page.waitForURL(/q=tx/);
  await page.keyboard.press("Control+k");
  await page.keyboard.type("1003");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/event\/1003/);
  await page.keyboard.press("g");
  await page.keyboard.press("s");
  await page.waitForURL(/\/subscribers/);
  await page.keyboard.press("?");
  await shows(page, "Switch single keys off");
  await page.keyboard.press("Escape");
  await close(page);
}

async function eventPage(server) {
  const page = await open(server, "/console/event/1003");
  await shows(page, "components of field 4, BillingAddress");
  await page.locator("tr", { hasText: "City" }).first().waitFor();
  await page.getByLabel("Explain another value").fill("4-0x01");
  await page.locator("[aria-live] tr", { hasText: "Street" }).waitFor();
  await page.locator("tr", { hasText: "transactionKey" }).hover();
  await shows(page, "offset 59, 37 bytes");
  // Keys are text in an input: out of it first.
  await page.keyboard.press("Escape");
  await page.keyboard.press("[");
  await page.waitForURL(/\/event\/1002/);
  await page.keyboard.press("]");
  await page.waitForURL(/\/event\/1003/);
  await page.goto(`${server.base}/console/event/999999`);
  await shows(page, "event-not-found");
  await close(page);
}

async function subscribers(server) {
  const page = await open(server, "/console/subscribers");
  await shows(page, "No subscribers");
  const id = await server.session();
  await row(page, id).click();
  await shows(page, "The client has a session but subscribes to nothing");
  // What the client calls itself: the User-Agent of these tests.
  await row(page, id).getByText("node", { exact: true }).waitFor();
  await page.keyboard.press("Escape");
  await page.locator("aside").waitFor({ state: "detached" });
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Disconnect" }).focus();
  await page.keyboard.press("Enter");
  await shows(page, "is not connected any more");
  await close(page);
}

async function records(server, { burlington }) {
  const page = await open(server, "/console/records?object=Account");
  await row(page, burlington).click();
  await page.getByLabel("Phone", { exact: true }).fill("123");
  await shows(page, "Save 1 field");
  await page.getByRole("button", { name: /^Save 1 field/ }).click();
  await page.locator("section tr", { hasText: "123" }).first().waitFor();
  assert.equal((await server.rest("GET", `sobjects/Account/${burlington}`)).Phone, "123");
  // With the keyboard alone: create, by the form in focus.
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.keyboard.press("e");
  await page.locator("form input:focus").waitFor();
  await page.keyboard.type("Made by keyboard");
  await page.keyboard.press("Control+Enter");
  await page.locator("table tr", { hasText: "Made by keyboard" }).first().waitFor();
  await page.getByLabel("SOQL").fill("SELECT Nothing FROM Account");
  await page.keyboard.press("Control+Enter");
  await shows(page, "INVALID_FIELD");
  await close(page);
}

async function faultsAndClock(server) {
  const page = await open(server, "/console/faults");
  await page.getByLabel("Fault", { exact: true }).selectOption("gap");
  await page.getByRole("button", { name: /^Arm\b/ }).last().click();
  await shows(page, "! 1 fault armed");
  await page.getByRole("button", { name: "Disarm", exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.getByText("! 1 fault armed").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Freeze", exact: true }).click();
  await shows(page, "! Frozen: time does not pass in this org");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("advance 2m");
  await page.keyboard.press("Enter");
  await shows(page, "The clock will be");
  const before = (await server.control("GET", "clock")).now;
  await page.keyboard.press("Control+Enter");
  const advanced = async () => Date.parse((await server.control("GET", "clock")).now) - Date.parse(before);
  for (let i = 0; i < 100 && (await advanced()) === 0; i++) await page.waitForTimeout(50);
  assert.equal(await advanced(), 120000);
  // A frozen clock stops no page.
  await page.keyboard.press("Escape");
  await page.goto(`${server.base}/console/live`);
  const id = await server.create("Account", { Name: "In frozen time" });
  await page.locator("tr", { hasText: id }).waitFor();
  await server.control("PUT", "clock", { mode: "running" });
  await close(page);
}

async function hostile(server) {
  const id = await server.create("Account", { Name: HOSTILE, Description: HOSTILE });
  const { tail } = await server.control("GET", "topics");
  for (const path of ["/live", `/live?event=${tail}`, `/live?event=${tail}&tab=sent&form=cometd`, `/event/${tail}`, `/records?object=Account&record=${id}`, `/live?q=${encodeURIComponent(JSON.stringify(HOSTILE.slice(0, 30)))}`]) {
    const page = await open(server, `/console${path}`);
    await shows(page, "<img src=x");
    assert.equal(await page.evaluate(() => window.hit), undefined, path);
    assert.equal(await page.evaluate(() => document.querySelectorAll("main img, main script").length), 0, path);
    assert.ok(!(await page.locator("main").innerText()).includes("\u202E"), path);
    await close(page);
  }
}

async function restart(server) {
  const page = await open(server, "/console/live");
  const before = await server.create("Account", { Name: "Before the restart" });
  await page.locator("tr", { hasText: before }).waitFor();
  await server.stop();
  await shows(page, "Not connected since");
  await server.run();
  const after = await server.create("Account", { Name: "After the restart" });
  await page.locator("tr", { hasText: after }).waitFor();
  await page.getByText("Not connected since").waitFor({ state: "detached" });
  await close(page);
}

async function otherOrigins(server) {
  const other = createServer((_, answer) => answer.end("<!doctype html><title>other</title>"));
  await new Promise((resolve) => other.listen(0, "127.0.0.1", resolve));
  const page = await (await browser.newContext()).newPage();
  await page.goto(`http://127.0.0.1:${other.address().port}/`);
  const before = (await server.control("GET", "clock")).mode;
  const outcome = await page.evaluate(async (base) => {
    const tries = [["GET", "events"], ["POST", "logins"], ["PUT", "clock"], ["POST", "clock/advance"]];
    return Promise.all(tries.map(([method, path]) => fetch(`${base}/_landfall/v1/${path}`, { method, body: method === "GET" ? undefined : '{"mode":"frozen"}' }).then((answer) => answer.status, () => "refused")));
  }, server.base);
  assert.deepEqual(outcome, ["refused", "refused", "refused", "refused"]);
  // Simple requests reach the server, which does nothing for them.
  const blind = await page.evaluate((base) => fetch(`${base}/_landfall/v1/faults`, { method: "POST", mode: "no-cors", body: '{"fault":"gap"}' }).then((answer) => answer.type), server.base);
  assert.equal(blind, "opaque");
  assert.equal((await server.control("GET", "clock")).mode, before);
  const armed = (await server.control("GET", "faults")).faults.filter((fault) => fault.state === "armed");
  assert.deepEqual(armed, []);
  await page.context().close();
  other.close();
}

async function everyPage(server, { burlington, last }) {
  const { schema } = await server.control("GET", `events/${last}`);
  await server.session();
  await server.rest("POST", "tooling/sobjects/PlatformEventChannel", { FullName: "Audited__chn", Metadata: { channelType: "data", label: "Audited" } });
  await server.rest("POST", "tooling/sobjects/PlatformEventChannelMember", { FullName: "Audited_chn_AccountChangeEvent", Metadata: { eventChannel: "Audited__chn", selectedEntity: "AccountChangeEvent", enrichedFields: [{ name: "Phone" }], filterExpression: "Industry = 'Banking'" } });
  const found = [];
  for (const colorScheme of ["light", "dark"]) {
    for (const path of ["/live", `/live?event=${last}`, `/live?event=${last}&tab=sent`, `/live?event=${last}&tab=bitmap`, "/live?q=nothing-like-it", "/event/1003", "/subscribers", `/records?object=Account&record=${burlington}`, "/faults?by=73h", "/requests", "/requests?request=2", "/usage", "/node", "/node?set=1", "/channels", "/channels/data/ChangeEvents", "/channels/new", "/channels/data/Audited__chn?add=1", "/channels/event/Order_Placed__e", "/pushtopics/new", "/schemas", `/schemas/${schema}`, `/schemas/${schema}?tab=avro`, "/replay", `/replay?at=${last - 3}`, `/live?event=${last}&tab=schema`, `/live?event=${last}&tab=delivery`]) {
      const page = await open(server, `/console${path}`, { colorScheme });
      await page.waitForTimeout(400);
      found.push(...(await violations(page, `${path} ${colorScheme}`)));
      await page.setViewportSize({ width: 320, height: 700 });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      if (wide > 320) found.push(`${path} is ${wide} wide in 320`);
      if (colorScheme === "light") found.push(...(await violations(page, `${path} narrow`)));
      await close(page);
    }
  }
  assert.deepEqual(found, []);
}

const TOOLS = { open, close, row, shows, search, violations, HOSTILE };
/** Those that take long run by their name alone. */
const ON_REQUEST = { longRun: (server) => longRun(server, TOOLS), millionEvents: (server) => millionEvents(server, TOOLS) };
const SCENARIOS = { liveByMouse, liveByKeyboard, eventPage, subscribers, records, faultsAndClock, requests: (server) => requests(server, TOOLS), usage: (server) => usage(server, TOOLS), ...Object.fromEntries(Object.entries({ channels, members, publishing, pushTopics, capture, schemas, replay, wireForms, delivery }).map(([name, run]) => [name, (server, seeded) => run(server, TOOLS, seeded)])), node: (server) => node(server, TOOLS), brush: (server) => brush(server, TOOLS), brokenDecoder: (server, seeded) => brokenDecoder(server, TOOLS, seeded), serve: () => serve(TOOLS), hostile, otherOrigins, everyPage, restart, manyEvents: (server) => manyEvents(server, TOOLS), tenTasks: () => tenTasks(TOOLS), visual: () => visual(TOOLS) };

let failed = 0;
async function check(name, run) {
  const begun = Date.now();
  try {
    await run();
    console.log(`ok ${name} (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed++;
    console.log(`FAILED ${name}: ${String(error.stack ?? error).replaceAll("\n", " | ").slice(0, 6000)}`);
  }
}

const server = await Server.start();
const only = process.argv[2];
try {
  await check("emptyOrg", () => emptyOrg(server));
  const seeded = await seed(server);
  for (const [name, run] of Object.entries({ ...SCENARIOS, ...(only ? ON_REQUEST : {}) })) if (!only || only === name) await check(name, () => run(server, seeded));
} finally {
  await browser.close();
  await server.end();
}
process.exit(failed ? 1 : 0);
