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

export async function members(server, { open, close, row, shows, search }) {
  const listed = async (channel) => (await server.control("GET", `topics/${encodeURIComponent(channel)}`)).members;
  const page = await open(server, "/console/channels");
  await row(page, EVENT).waitFor();
  await page.getByRole("button", { name: "New channel" }).click();
  await page.locator("#channel-name:focus").waitFor();
  assert.equal(new URL(page.url()).pathname, "/console/channels/new");
  // A refusal of the service is shown at the form, which stays as it is.
  await page.keyboard.type("1 Service");
  await page.getByRole("button", { name: /^Create/ }).click();
  await page.locator("#channel-error:not(:empty)").waitFor();
  assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), "1 Service");
  await page.getByLabel("Name", { exact: true }).fill("Service");
  await shows(page, "Clients subscribe to /data/Service__chn.");
  await page.getByRole("button", { name: /^Create/ }).click();
  await page.locator("aside h2", { hasText: "/data/Service__chn" }).waitFor();
  await shows(page, "Nothing is on this channel");
  await row(page, "/data/Service__chn").getByText("Channel of 0").waitFor();
  // The first member is the next step: its form has the focus.
  await page.locator("#member-event:focus").waitFor();
  await page.getByLabel("Event", { exact: true }).selectOption("AccountChangeEvent");
  await page.getByLabel("Filter expression").fill("Nothing = 1");
  await page.getByRole("button", { name: /^Add/ }).click();
  await page.locator("#member-error", { hasText: "Nothing" }).waitFor();
  assert.deepEqual(await listed("/data/Service__chn"), []);
  await page.getByLabel("Filter expression").fill("Name LIKE '<b>%'");
  await page.getByLabel("Enriched fields").fill("Industry, Phone");
  await page.getByRole("button", { name: /^Add/ }).click();
  await page.locator("aside td", { hasText: "Name LIKE '<b>%'" }).waitFor();
  await row(page, "/data/Service__chn").getByText("Channel of 1").waitFor();
  assert.deepEqual(await listed("/data/Service__chn"), [{ channel: "/data/AccountChangeEvent", event: "AccountChangeEvent", name: "Service_chn_AccountChangeEvent", filter: "Name LIKE '<b>%'", enrichedFields: ["Industry", "Phone"] }]);
  // What is on the channel cannot be added again, but changed.
  assert.equal(await page.locator('#member-event option[value="AccountChangeEvent"]').count(), 0);
  await page.getByRole("button", { name: "Change AccountChangeEvent" }).click();
  await page.locator("#member-filter:focus").waitFor();
  assert.equal(await page.getByLabel("Enriched fields").inputValue(), "Industry, Phone");
  await page.getByLabel("Filter expression").fill("");
  await page.getByLabel("Enriched fields").fill("Phone");
  await page.getByRole("button", { name: /^Save/ }).click();
  await page.locator("aside td", { hasText: "Name LIKE '<b>%'" }).waitFor({ state: "detached" });
  const [changed] = await listed("/data/Service__chn");
  assert.deepEqual([changed.filter, changed.enrichedFields], [undefined, ["Phone"]]);
  await page.getByRole("button", { name: "Remove AccountChangeEvent" }).click();
  await shows(page, "Nothing is on this channel");
  assert.deepEqual(await listed("/data/Service__chn"), []);
  // With the keyboard alone: a channel of platform events, a member, and both deleted.
  await page.goto(`${server.base}/console/channels`);
  await row(page, EVENT).waitFor();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("new channel");
  await page.keyboard.press("Enter");
  await page.locator("#channel-name:focus").waitFor();
  await page.keyboard.type("Orders__chn");
  await page.keyboard.press("Tab");
  await page.keyboard.type("Platform");
  await page.keyboard.press("Control+Enter");
  await page.locator("aside h2", { hasText: "/event/Orders__chn" }).waitFor();
  await page.locator("#member-event:focus").waitFor();
  await page.keyboard.type("Order_Pl");
  await page.keyboard.press("Control+Enter");
  const removal = page.getByRole("button", { name: "Remove Order_Placed__e" });
  await removal.waitFor();
  assert.equal((await listed("/event/Orders__chn"))[0].event, "Order_Placed__e");
  await removal.focus();
  await page.keyboard.press("Enter");
  await removal.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Delete channel" }).focus();
  await page.keyboard.press("Enter");
  await row(page, "/event/Orders__chn").waitFor({ state: "detached" });
  assert.equal(search(page).get("add"), null);
  await page.goto(`${server.base}/console/channels/data/Service__chn?add=1`);
  await page.locator("#member-event:focus").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("e");
  await page.locator("#member-event:focus").waitFor();
  await page.getByRole("button", { name: "Delete channel" }).click();
  await page.waitForURL(/channels$/);
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
