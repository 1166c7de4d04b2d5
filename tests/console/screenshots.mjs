// The pictures of docs/console.md, from a seeded server: LANDFALL_PROGRAM=target/debug/landfall node screenshots.mjs FOLDER

import { chromium } from "playwright-core";
import { Server, seed } from "./server.mjs";

const folder = process.argv[2];
const server = await Server.start();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
try {
  await seed(server);
  for (const [name, path, colorScheme, height] of [["live", "/live", "light", 620], ["event", "/event/1002", "light", 1020]]) {
    const page = await browser.newPage({ viewport: { width: 1280, height }, colorScheme });
    await page.goto(`${server.base}/console${path}`);
    await page.waitForTimeout(2500);
    await page.screenshot({ path: `${folder}/console-${name}.png` });
  }
} finally {
  await browser.close();
  await server.end();
}
