// Channels, publishing and PushTopics: by mouse and by keyboard, with hostile texts.

import assert from "node:assert/strict";
import { Server } from "./server.mjs";

const EVENT = "/event/Order_Placed__e";
const TOOLING = "tooling/sobjects";
const newest = async (server, topic) => (await server.control("GET", `events?topic=${encodeURIComponent(topic)}&limit=1`)).events[0];

export async function channels(server, { open, close, row, shows, search }) {
  await server.rest("POST", `${TOOLING}/PlatformEventChannel`, { FullName: "Sales__chn", Metadata: { channelType: "data", label: "Sales" } });
  await server.rest("POST", `${TOOLING}/PlatformEventChannelMember`, { FullName: "Sales_chn_AccountChangeEvent", Metadata: { eventChannel: "Sales__chn", selectedEntity: "AccountChangeEvent", enrichedFields: [{ name: "Industry" }], filterExpression: "Name LIKE '<b>%'" } });
  const page = await open(server, "/console/channels");
  await shows(page, "Changes of every object are captured");
  await row(page, "/data/Sales__chn").getByText("Channel of 1").waitFor();
  await row(page, "/data/Sales__chn").click();
  await page.locator("aside td", { hasText: "Name LIKE '<b>%'" }).waitFor();
  await page.locator("aside td", { hasText: "Industry" }).waitFor();
  await page.locator("aside dd", { hasText: "72 h" }).waitFor();
  assert.equal(new URL(page.url()).pathname, "/console/channels/data/Sales__chn");
  // A member leads to its own channel, and back again.
  await page.getByRole("link", { name: "AccountChangeEvent", exact: true }).click();
  await page.locator("aside h2", { hasText: "/data/AccountChangeEvent" }).waitFor();
  await page.locator("aside dd", { hasText: /^\d+ events?, 1001/ }).waitFor();
  await page.goBack();
  await page.locator("aside h2", { hasText: "/data/Sales__chn" }).waitFor();
  await page.reload();
  await page.locator("aside h2", { hasText: "/data/Sales__chn" }).waitFor();
  // Who subscribes is a link.
  const session = await server.session();
  await server.call("POST", "/cometd/62.0", [{ channel: "/meta/subscribe", clientId: session, subscription: "/data/Sales__chn" }], { Authorization: `Bearer ${server.token}` });
  await row(page, "/data/Sales__chn").getByRole("link", { name: "1 subscriber" }).click();
  await page.waitForURL(/subscribers\?q=/);
  await row(page, session).waitFor();
  // With the keyboard alone.
  await page.keyboard.press("g");
  await page.keyboard.press("c");
  await page.waitForURL(/\/channels$/);
  await row(page, EVENT).waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("order_placed");
  await row(page, "/data/Sales__chn").waitFor({ state: "detached" });
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.locator("aside h2", { hasText: EVENT }).waitFor();
  assert.equal(search(page).get("q"), "order_placed");
  await page.keyboard.press("Escape");
  await page.locator("aside").waitFor({ state: "detached" });
  await page.goto(`${server.base}/console/channels/data/NothingChangeEvent`);
  await shows(page, "channel-not-found");
  await server.control("DELETE", `subscribers/${session}`);
  await close(page);
}

export async function publishing(server, { open, close, row, shows, HOSTILE }) {
  const page = await open(server, `/console/channels${EVENT}?publish=1`);
  await page.locator("aside form :is(input, select):focus").waitFor();
  // What the schema has, with types; not what the service fills in.
  await page.getByLabel("Order_Number__c").waitFor();
  assert.equal(await page.getByLabel("CreatedDate").count(), 0);
  // A refusal is shown in the words of the API, and the form stays.
  await page.getByLabel("Total__c").fill("many");
  await page.getByRole("button", { name: /^Publish/ }).click();
  await page.locator("aside form .error:not(:empty)").waitFor();
  // With the keyboard alone, from the address of the form.
  await page.getByLabel("Order_Number__c").focus();
  await page.keyboard.press("Control+a");
  await page.keyboard.type(HOSTILE.slice(0, 20));
  // The time stays empty.
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Control+a");
  await page.keyboard.type("12.5");
  await page.keyboard.press("Control+Enter");
  const outcome = page.locator("aside form p", { hasText: "Published as event" });
  await outcome.waitFor();
  const event = await newest(server, EVENT);
  assert.equal(event.data.payload.Order_Number__c, HOSTILE.slice(0, 20));
  assert.equal(event.data.payload.Total__c, 12.5);
  assert.equal(await page.evaluate(() => window.hit), undefined);
  // The last values are kept, also after a reload.
  assert.equal(await page.getByLabel("Total__c").inputValue(), "12.5");
  await page.reload();
  await page.getByLabel("Total__c").waitFor();
  assert.equal(await page.getByLabel("Total__c").inputValue(), "12.5");
  await page.keyboard.press("Control+Enter");
  await outcome.getByRole("link", { name: String(event.replayId + 1) }).click();
  await page.waitForURL(new RegExp(`/event/${event.replayId + 1}`));
  await close(page);
  // A text on a generic channel.
  await server.create("StreamingChannel", { Name: "/u/notices/All" });
  const other = await open(server, "/console/channels/u/notices/All");
  await other.getByLabel("Text", { exact: true }).fill(HOSTILE);
  await other.getByRole("button", { name: /^Push/ }).click();
  await other.locator("aside form p", { hasText: "Published as event" }).waitFor();
  assert.equal((await newest(server, "/u/notices/All")).data.payload, HOSTILE);
  await close(other);
}

export async function pushTopics(server, { open, close, row, shows, HOSTILE }) {
  const page = await open(server, "/console/channels");
  await page.getByRole("button", { name: "New PushTopic" }).click();
  await page.locator("#topic-Name:focus").waitFor();
  await page.keyboard.type("Bankers");
  await page.getByLabel("Query").fill("SELECT Id, Nme FROM Account");
  await page.locator("#topic-error", { hasText: "Nme" }).waitFor();
  // What the query before it matched stays.
  await page.getByLabel("Query").fill("SELECT Id, Name FROM Account WHERE Industry = 'Banking'");
  await page.locator("td", { hasText: "Burlington Textiles" }).waitFor();
  await shows(page, "1 record matches now");
  await page.locator(".facts dd", { hasText: "Name" }).first().waitFor();
  await page.locator("pre", { hasText: '"channel": "/topic/Bankers"' }).waitFor();
  await page.keyboard.press("Control+Enter");
  await page.waitForURL(/channels\/topic\/Bankers/);
  await page.locator("aside dd", { hasText: "PushTopic of Account" }).waitFor();
  const [stored] = (await server.rest("GET", "query?q=SELECT+Query,NotifyForOperationDelete+FROM+PushTopic")).records;
  assert.equal(stored.Query, "SELECT Id, Name FROM Account WHERE Industry = 'Banking'");
  // A record that matches shows as text in the preview.
  await server.create("Account", { Name: HOSTILE, Industry: "Banking" });
  await page.getByRole("button", { name: "Edit PushTopic" }).click();
  await shows(page, "2 records match now");
  await page.locator("td", { hasText: "<img src=x" }).waitFor();
  assert.equal(await page.evaluate(() => window.hit), undefined);
  await page.getByLabel("Delete", { exact: true }).uncheck();
  await page.getByRole("button", { name: /^Save/ }).click();
  await page.waitForURL(/channels\/topic\/Bankers/);
  assert.equal((await server.rest("GET", "query?q=SELECT+NotifyForOperationDelete+FROM+PushTopic")).records[0].NotifyForOperationDelete, false);
  // With the keyboard alone: the editor, and out of it.
  await page.goto(`${server.base}/console/pushtopics/Bankers`);
  await page.getByLabel("Query").waitFor();
  await page.keyboard.press("e");
  await page.locator("#topic-Query:focus").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.waitForURL(/channels\/topic\/Bankers/);
  await page.goto(`${server.base}/console/pushtopics/Bankers`);
  await page.getByRole("button", { name: "Delete" }).click();
  await page.waitForURL(/channels$/);
  await row(page, "/topic/Bankers").waitFor({ state: "detached" });
  await page.goto(`${server.base}/console/pushtopics/${encodeURIComponent(HOSTILE)}`);
  await shows(page, "There is no PushTopic");
  await close(page);
}

export async function capture(_, { open, close, row, shows }) {
  // A switch is there where objects are selected one by one.
  const other = await Server.start({ LANDFALL_EVENTS_CAPTURE_ALL: "false" });
  try {
    const page = await open(other, "/console/channels");
    await shows(page, "0 objects captured");
    const account = page.getByRole("switch", { name: "Capture changes: AccountChangeEvent" });
    await account.click();
    await shows(page, "1 object captured");
    await page.getByRole("switch", { name: "Capture changes: AccountChangeEvent", checked: true }).waitFor();
    await other.create("Account", { Name: "Captured" });
    assert.equal((await newest(other, "/data/AccountChangeEvent")).header.changeType, "CREATE");
    // With the keyboard alone.
    await page.getByRole("switch", { name: "Capture changes: AccountChangeEvent", checked: true }).focus();
    await page.keyboard.press("Enter");
    await shows(page, "0 objects captured");
    await page.locator('[role="switch"]:focus').waitFor();
    await close(page);
  } finally {
    await other.end();
  }
}
