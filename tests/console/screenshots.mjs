// The pictures of README.md and docs/console.md, from seeded servers:
// LANDFALL_PROGRAM=target/debug/landfall node screenshots.mjs docs/images

import { chromium } from "playwright-core";
import { Server, seed } from "./server.mjs";

const folder = process.argv[2];
if (!folder) throw new Error("name a folder for the pictures");
const server = await Server.start();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });

/** What a page shows once it is drawn: name, address, theme, height, and what is done before the picture. */
const PICTURES = [
  ["live", "/live", "light", 640, span],
  ["event", "/event/1002", "light", 1020],
  ["subscribers", "/subscribers?client=", "dark", 560, silent],
  ["faults", "/faults?by=73h", "light", 900],
  ["node", "/node", "dark", 900],
];

/** A span over the newest events. */
async function span(page) {
  const box = await page.locator(".brush").boundingBox();
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * 0.55, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width - 1, y, { steps: 5 });
  await page.mouse.up();
}

/** One client that subscribes to nothing, and one that does not ask for its events. */
async function silent(page) {
  await page.locator("tr", { hasText: "Handshaked, no subscription" }).first().click();
}

try {
  await seed(server);
  await server.session();
  await server.subscribe(await server.session(), "/data/AccountChangeEvent");
  await server.create("Account", { Name: "Grand Hotels" });
  await server.control("POST", "faults", { fault: "gap", topic: "/data/AccountChangeEvent" });
  for (const [name, path, colorScheme, height, act] of PICTURES) {
    const page = await browser.newPage({ viewport: { width: 1280, height }, colorScheme });
    await page.goto(`${server.base}/console${path}`);
    await page.waitForTimeout(2500);
    if (act) {
      await act(page);
      await page.waitForTimeout(1500);
    }
    await page.mouse.move(0, 0);
    await page.screenshot({ path: `${folder}/console-${name}.png` });
    await page.close();
  }
} finally {
  await browser.close();
  await server.end();
}
