// What goes wrong or gets large under a page: undecodable events, hundreds in a second, ten minutes, a million.
// Undecodable ones are made by changing what the server answers.

import assert from "node:assert/strict";

export async function brokenDecoder(server, { open, close, shows, row }, { last }) {
  const page = await open(server, "/console/live");
  await row(page, last).waitFor();
  const broken = (event) => {
    if (!event.payload) return event;
    const bytes = Buffer.from(event.payload, "base64");
    // A length that leads behind the end.
    bytes[1] = 0xff;
    bytes[2] = 0x7f;
    return { ...event, payload: bytes.toString("base64"), data: undefined, header: undefined, error: "the payload ends within the field ChangeEventHeader" };
  };
  await page.route(/_landfall\/v1\/events/, async (route) => {
    const answer = await route.fetch();
    const body = await answer.json();
    const json = Array.isArray(body.events) ? { ...body, events: body.events.map(broken) } : broken(body);
    await route.fulfill({ response: answer, json });
  });
  await page.goto(`${server.base}/console/live?event=${last}&tab=sent`);
  // The bytes are there, with one line that says why they are not decoded.
  await page.locator("aside .hex").waitFor();
  assert.match(await page.locator("aside .hex").innerText(), /0000 {2}/);
  await page.locator("aside .error").first().waitFor();
  await page.goto(`${server.base}/console/event/${last}`);
  await page.locator(".hex").waitFor();
  await close(page);
}

/** Hundreds of events in a second: nothing is lost, the state and the count say what is not on the screen. */
export async function manyEvents(server, { open, close, shows }) {
  const page = await open(server, "/console/live");
  await page.locator("tr[data-id]").first().waitFor();
  const before = (await server.control("GET", "topics")).tail;
  await page.getByRole("button", { name: /^Pause/ }).click();
  const records = Array.from({ length: 200 }, (_, i) => ({ attributes: { type: "Account" }, Name: `Many ${i}` }));
  const begun = Date.now();
  for (let i = 0; i < 7; i++) await server.rest("POST", "composite/sobjects", { records });
  const { tail } = await server.control("GET", "topics");
  assert.equal(tail - before, 1400);
  await page.getByRole("button", { name: /^1,000\+ new/ }).waitFor();
  await page.getByRole("button", { name: /^Follow/ }).click();
  await page.locator(`tr[data-id="${tail}"]`).waitFor();
  await shows(page, "1,000+ match");
  // The lanes count all that is retained, not what is in the list.
  await page.locator(".lanes").getByText(new RegExp(`^${(tail - 1000).toLocaleString("en-US")} events$`)).waitFor();
  await page.locator(".lanes").getByText("exact").waitFor();
  assert.ok(await page.locator("tr[data-id]").count() <= 1000);
  // The rest is behind a button, without a gap.
  const oldest = await page.locator("tr[data-id]").last().getAttribute("data-id");
  await page.getByRole("button", { name: "Show older events" }).click();
  await page.locator(`tr[data-id="${Number(oldest) - 1}"]`).waitFor();
  assert.ok(Date.now() - begun < 60000);
  await close(page);
}

/** Ten minutes of events; on request, since it takes that long: `cargo xtask console longRun`. */
export async function longRun(server, { open, close }) {
  const page = await open(server, "/console/live");
  await page.locator("tr[data-id]").first().waitFor();
  const session = await page.context().newCDPSession(page);
  const heap = async () => {
    await session.send("HeapProfiler.collectGarbage");
    return (await session.send("Runtime.getHeapUsage")).usedSize / 1e6;
  };
  const records = Array.from({ length: 200 }, (_, i) => ({ attributes: { type: "Account" }, Name: `Long ${i}` }));
  const publish = async (ms) => {
    const end = Date.now() + ms;
    while (Date.now() < end) {
      const next = Date.now() + 400;
      await server.rest("POST", "composite/sobjects", { records });
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - Date.now())));
    }
  };
  await publish(60000);
  const first = await heap();
  await publish(Number(process.env.LONG_RUN_MS ?? 540000));
  const last = await heap();
  console.log(`heap ${first.toFixed(1)} MB after a minute, ${last.toFixed(1)} MB at the end`);
  assert.ok(last < first + 5, `${first} MB became ${last} MB`);
  await close(page);
}

/** A million stored events; on request: `cargo xtask console millionEvents`. */
export async function millionEvents(server, { open, close, shows }) {
  const records = Array.from({ length: 200 }, (_, i) => ({ attributes: { type: "Account" }, Name: `Million ${i}` }));
  const wanted = Number(process.env.EVENTS ?? 1000000);
  const before = (await server.control("GET", "topics")).tail;
  const worker = async () => {
    while ((await server.control("GET", "topics")).tail - before < wanted) await server.rest("POST", "composite/sobjects", { records });
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
  const begun = Date.now();
  const page = await open(server, "/console/live");
  await page.locator("tr[data-id]").first().waitFor();
  const rows = Date.now() - begun;
  // A search that finds nothing ends after a part of the log and says how far it went.
  const searched = Date.now();
  await page.goto(`${server.base}/console/live?q=${encodeURIComponent("nothing-like-this")}`);
  await shows(page, "back to");
  console.log(`first rows after ${rows} ms, a part of a search after ${Date.now() - searched} ms`);
  assert.ok(rows < 3000, `${rows} ms`);
  await close(page);
}
