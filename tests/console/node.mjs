// The page Node, and the brush of Live.

import assert from "node:assert/strict";

export async function node(server, { open, close, shows, search }) {
  const page = await open(server, "/console/live");
  await page.keyboard.press("g");
  await page.keyboard.press("n");
  await page.waitForURL(/\/node/);
  await shows(page, "takes requests");
  await page.getByRole("meter", { name: "Open connections" }).waitFor();
  await page.locator("tr", { hasText: "listen" }).getByText("--listen").first().waitFor();
  await page.getByRole("button", { name: "Only what was set" }).click();
  await page.locator("tr", { hasText: "retention_hours" }).waitFor({ state: "detached" });
  assert.equal(search(page).get("set"), "1");
  await page.reload();
  await page.locator("tr", { hasText: "--data" }).first().waitFor();
  await page.goBack();
  await page.keyboard.press("/");
  await page.keyboard.type("retention");
  await page.locator("tr", { hasText: "events.retention_hours" }).getByText("default").first().waitFor();
  await page.getByRole("searchbox", { name: "Filter settings" }).fill("nothing like it");
  await shows(page, "settings matches");
  await close(page);
}

export async function brush(server, { open, close, row, shows, search }) {
  const last = (await server.control("GET", "topics")).tail;
  const page = await open(server, "/console/live");
  await row(page, last).waitFor();
  await row(page, 1001).waitFor();
  // By mouse: the last part of the lanes.
  const box = page.locator(".brush");
  await box.waitFor();
  const { x, y, width, height } = await box.boundingBox();
  await page.mouse.move(x + width * 0.5, y + height / 2);
  await page.mouse.down();
  await page.mouse.move(x + width - 1, y + height / 2, { steps: 4 });
  await page.mouse.up();
  await page.waitForURL(/from=\d+&to=\d+/);
  await shows(page, "Not following");
  await row(page, 1001).waitFor({ state: "detached" });
  await row(page, last).waitFor();
  const span = search(page).toString();
  await page.reload();
  await row(page, last).waitFor();
  assert.equal(search(page).toString(), span);
  assert.equal(await row(page, 1001).count(), 0);
  await page.keyboard.press("Escape");
  await row(page, 1001).waitFor();
  assert.equal(search(page).get("from"), null);
  // By keyboard: from the start, ten steps at a time.
  await page.getByRole("slider", { name: "Start of the span" }).focus();
  for (let i = 0; i < 6; i++) await page.keyboard.press("Shift+ArrowRight");
  await page.waitForURL(/from=\d+&to=\d+/);
  await row(page, 1001).waitFor({ state: "detached" });
  await page.getByRole("slider", { name: "Start of the span" }).focus();
  await page.keyboard.press("Home");
  await row(page, 1001).waitFor();
  assert.equal(search(page).get("from"), null);
  // Back leads to the span.
  await page.goBack();
  await row(page, 1001).waitFor({ state: "detached" });
  await page.keyboard.press("Escape");
  await row(page, 1001).waitFor();
  await close(page);
}
