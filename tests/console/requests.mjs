// The page Requests: what clients have sent, by mouse and by keyboard.

import assert from "node:assert/strict";

export async function requests(server, { open, close, row, shows, search }) {
  await server.control("DELETE", "requests");
  const page = await open(server, "/console/requests");
  await shows(page, "No requests yet");
  await assert.rejects(server.rest("GET", "query?q=SELECT+Nme+FROM+Account"));
  const [first] = (await server.control("GET", "requests")).requests;
  await shows(page, "Following");
  await row(page, first.number).waitFor();
  await page.getByText("! 1 mistake of clients").click();
  await shows(page, "Unknown field");
  await row(page, first.number).click();
  await page.locator("aside dd", { hasText: "SELECT+Nme" }).waitFor();
  await page.locator("aside").getByText("! Unknown field").waitFor();
  await page.locator("aside pre", { hasText: "INVALID_FIELD" }).waitFor();
  assert.equal(search(page).get("request"), String(first.number));
  // Nothing moves while a request is open.
  await shows(page, "Holding");
  await server.create("Account", { Name: "Seen in Requests", Phone: "0987" });
  const [second] = (await server.control("GET", "requests")).requests;
  await page.getByRole("button", { name: "1 new" }).waitFor();
  assert.equal(await row(page, second.number).count(), 0);
  await page.reload();
  await page.locator("aside pre", { hasText: "INVALID_FIELD" }).waitFor();
  await page.getByRole("button", { name: "Close" }).click();
  await row(page, second.number).waitFor();
  // With the keyboard alone: what was in the body is found, and shown.
  await page.keyboard.press("/");
  await page.keyboard.type("status:201 Seen in Requests");
  await row(page, first.number).waitFor({ state: "detached" });
  assert.equal(search(page).get("q"), "status:201 Seen in Requests");
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.locator("aside pre", { hasText: '"Phone": "0987"' }).waitFor();
  await page.keyboard.press("Escape");
  await page.locator("aside").waitFor({ state: "detached" });
  await page.keyboard.press("Space");
  await shows(page, "Paused");
  await page.keyboard.press("/");
  await page.getByRole("searchbox").fill("api:nothing");
  await page.locator("p.error:not(:empty)").waitFor();
  await page.getByRole("searchbox").fill("");
  await row(page, first.number).waitFor();
  await page.goto(`${server.base}/console/requests?request=99999`);
  await shows(page, "request-not-found");
  // The access token of the client is in none of it.
  assert.ok(!(await page.locator("main").innerText()).includes(server.token));
  await page.keyboard.press("g");
  await page.keyboard.press("l");
  await page.waitForURL(/\/live/);
  await close(page);
}
