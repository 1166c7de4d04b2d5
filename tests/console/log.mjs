// Schemas, Replay, and what the page of an event shows of wire forms and deliveries.

import assert from "node:assert/strict";

export async function schemas(server, { open, close, row, shows, search }) {
  const listed = async () => (await server.control("GET", "schemas")).schemas.filter((one) => one.event === "AccountChangeEvent");
  const [before] = await listed();
  await server.rest("POST", "tooling/sobjects/CustomField", { FullName: "Account.Score__c", Metadata: { type: "Number", label: "Score", precision: 5, scale: 0 } });
  const [current] = await listed();
  assert.notEqual(current.id, before.id);
  const page = await open(server, "/console/schemas");
  await row(page, before.id).getByText("former").waitFor();
  await row(page, current.id).click();
  // Bits as bitmaps name them: components after their field.
  const avro = await server.rest("GET", `event/eventSchema/${current.id}?payloadFormat=COMPACT`);
  const bit = avro.fields.findIndex((field) => field.name === "Industry");
  await page.locator("aside tr", { hasText: "Industry" }).filter({ hasText: String(bit) }).waitFor();
  const address = avro.fields.findIndex((field) => field.name === "BillingAddress");
  await page.locator("aside tr", { hasText: `${address}-1` }).filter({ hasText: "City" }).waitFor();
  await page.getByRole("tab", { name: "Difference" }).click();
  await page.locator("aside tr", { hasText: "Score__c" }).filter({ hasText: "added" }).waitFor();
  assert.equal(search(page).get("tab"), "difference");
  await page.reload();
  await page.locator("aside tr", { hasText: "Score__c" }).waitFor();
  await page.goto(`${server.base}/console/schemas/${before.id}?compare=${current.id}`);
  await page.locator("aside tr", { hasText: "Score__c" }).waitFor();
  await page.getByRole("tab", { name: "Avro" }).click();
  await page.locator("aside pre", { hasText: '"namespace": "com.sforce.eventbus"' }).waitFor();
  await page.getByRole("tab", { name: "Event schema" }).click();
  await page.locator("aside pre", { hasText: '"properties"' }).or(page.locator("aside pre", { hasText: '"fields"' })).first().waitFor();
  // With the keyboard alone.
  await page.keyboard.press("Escape");
  await page.locator("aside").waitFor({ state: "detached" });
  await page.keyboard.press("/");
  await page.keyboard.type("Order_Placed");
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.locator("aside tr", { hasText: "Order_Number__c" }).waitFor();
  await page.keyboard.press("2");
  await shows(page, "The event has had no other schema");
  await page.goto(`${server.base}/console/schemas/nothing`);
  await shows(page, "The org has issued no schema nothing");
  // An event of the former schema says what the current one changes.
  await page.goto(`${server.base}/console/live?event=1002&tab=schema`);
  await shows(page, "What the current one changes");
  await page.locator("aside tr", { hasText: "Score__c" }).waitFor();
  await close(page);
}

export async function replay(server, { open, close, row, shows, search }) {
  const page = await open(server, "/console/live");
  await page.keyboard.press("g");
  await page.keyboard.press("p");
  await page.locator("#replay-at:focus").waitFor();
  await page.keyboard.type("1002");
  await page.keyboard.press("Enter");
  await page.locator(".key-figure", { hasText: "1002" }).waitFor();
  const { tail } = await server.control("GET", "topics");
  const { events } = await server.control("GET", "topics/%2Fdata%2FChangeEvents/count?after=1002");
  await shows(page, `${events} events`);
  assert.equal(search(page).get("at"), "1002");
  await page.locator("td", { hasText: '{"replay":{"/data/ChangeEvents":1002}}' }).waitFor();
  await page.locator("td", { hasText: "AAAAAAAAA+oAAA==" }).waitFor();
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.keyboard.press("y");
  await page.getByText("Copied replay ID").first().waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "1002");
  await page.getByRole("button", { name: "Pub/Sub FetchRequest" }).click();
  assert.deepEqual(JSON.parse(await page.evaluate(() => navigator.clipboard.readText())), { topicName: "/data/ChangeEvents", replayPreset: "CUSTOM", replayId: "AAAAAAAAA+oAAA==", numRequested: 100 });
  // An id that the log cannot go on from is refused, and the page says so before a client finds out.
  await page.keyboard.press("/");
  await page.locator("#replay-at").fill("7");
  await page.keyboard.press("Enter");
  await shows(page, "! Refused.");
  await page.locator("#replay-at").fill(String(tail + 5));
  await page.keyboard.press("Enter");
  await shows(page, "No event has this ID yet");
  // A time: an hour ago everything follows; a channel of its own has its own count.
  await page.locator("#replay-at").fill("1h");
  await page.keyboard.press("Enter");
  await page.locator(".key-figure", { hasText: "1000" }).waitFor();
  await page.getByLabel("Channel").selectOption("/data/LeadChangeEvent");
  await page.locator("td", { hasText: '"/data/LeadChangeEvent"' }).waitFor();
  assert.equal(search(page).get("topic"), "/data/LeadChangeEvent");
  // The point on the time line, by keys and by mouse.
  const slider = page.getByRole("slider", { name: "Point in time" });
  await slider.focus();
  await page.keyboard.press("Home");
  await page.waitForURL(/at=2/);
  await page.keyboard.press("ArrowRight");
  const text = await slider.getAttribute("aria-valuetext");
  await slider.click({ position: { x: 400, y: 20 } });
  await page.waitForFunction((before) => document.querySelector("[role=slider]").getAttribute("aria-valuetext") !== before, text);
  await page.goBack();
  await page.locator("#replay-at").fill("yesterday");
  await page.getByRole("button", { name: "Find" }).click();
  await shows(page, "Not a time, a span or a replay ID.");
  await close(page);
}

export async function wireForms(server, { open, close, shows }, { last }) {
  const page = await open(server, `/console/live?event=${last}&tab=sent`);
  await page.getByRole("tab", { name: "Pub/Sub API, decoded" }).click();
  await page.locator("aside pre", { hasText: '"changedFields"' }).waitFor();
  const decoded = JSON.parse(await page.locator("aside pre").innerText());
  assert.equal(decoded.Industry, "Banking");
  assert.equal(decoded.ChangeEventHeader.entityName, "Account");
  assert.ok(decoded.ChangeEventHeader.changedFields[0].startsWith("0x"));
  assert.equal(decoded.Phone, null);
  await page.getByRole("tab", { name: "Transcript" }).click();
  await page.locator("aside pre", { hasText: '"transactionKey":"$KEY"' }).waitFor();
  await page.goto(`${server.base}/console/event/${last}?form=pubsub`);
  // Pointing at a byte marks the field that it belongs to.
  await page.locator("tr", { hasText: "transactionKey" }).waitFor();
  const line = page.locator(".hex");
  await line.scrollIntoViewIfNeeded();
  const box = await line.boundingBox();
  await page.mouse.move(box.x + 60, box.y + 22);
  await page.locator('tr[aria-selected="true"]', { hasText: "entityName" }).waitFor();
  await shows(page, "entityName: offset");
  await page.locator('tr[aria-selected="true"]').focus();
  await page.keyboard.press("ArrowDown");
  await page.locator('tr[aria-selected="true"]', { hasText: "recordIds" }).waitFor();
  await page.getByRole("button", { name: "Replay from here" }).click();
  await page.waitForURL(new RegExp(`at=${last - 1}`));
  await close(page);
}

export async function delivery(server, { open, close, shows }) {
  const session = await server.session();
  await server.call("POST", "/cometd/62.0", [{ channel: "/meta/subscribe", clientId: session, subscription: "/data/AccountChangeEvent" }], { Authorization: `Bearer ${server.token}` });
  await server.create("Account", { Name: "Waits for its poll" });
  const { tail } = await server.control("GET", "topics");
  const page = await open(server, `/console/live?event=${tail}&tab=delivery`);
  await page.locator("aside tr", { hasText: "! waits: between two polls" }).waitFor();
  await page.keyboard.press("1");
  await page.keyboard.press("5");
  await page.locator("aside tr", { hasText: "! waits: between two polls" }).waitFor();
  await page.locator("aside tr").getByRole("link").first().click();
  await page.waitForURL(new RegExp(`client=${session}`));
  await page.goto(`${server.base}/console/live?event=1002&tab=delivery`);
  await shows(page, "subscribed after it");
  await server.control("DELETE", `subscribers/${session}`);
  await close(page);
}
