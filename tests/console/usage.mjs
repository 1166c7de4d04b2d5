// The page Usage: its numbers are those of the REST API.

import assert from "node:assert/strict";

export async function usage(server, { open, close, shows }) {
  const { records } = await server.rest("GET", `query?q=${encodeURIComponent("SELECT Name, StartDate, EndDate, Value FROM PlatformEventUsageMetric WHERE Name = 'CHANGE_EVENTS_PUBLISHED'")}`);
  const published = records.filter((one) => one.EndDate.slice(11, 19) === "00:00:00").at(-1).Value;
  assert.ok(published > 0);
  const page = await open(server, "/console/live");
  await page.keyboard.press("g");
  await page.keyboard.press("u");
  await page.waitForURL(/\/usage/);
  await page.getByRole("img", { name: new RegExp(`^Published: .*, ${published} today$`) }).waitFor();
  await page.getByRole("meter", { name: "DailyDeliveredPlatformEvents" }).waitFor();
  await shows(page, "Enhanced Usage Metrics are off");
  await server.create("Account", { Name: "Counted" });
  await page.keyboard.press("r");
  await page.getByRole("img", { name: new RegExp(`^Published: .*, ${published + 1} today$`) }).waitFor();
  await page.getByRole("button", { name: "Show as table" }).click();
  await page.locator("section", { hasText: "Published" }).first().locator("td.num", { hasText: String(published + 1) }).waitFor();
  await page.getByRole("button", { name: /^Show all/ }).click();
  await page.getByRole("meter", { name: "DailyScratchOrgs" }).waitFor();
  // Looking at it is no mistake of a client.
  const { mistakes } = await server.control("GET", "mistakes");
  assert.deepEqual(mistakes.filter((one) => one.message.includes("UsageMetric")), []);
  await close(page);
}
