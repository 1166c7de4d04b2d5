// The main pages as pictures, compared with those of the repository. An org with a seed and a clock that stands still shows
// the same on every run; what differs then is the page. `UPDATE=1` with `REFERENCES` naming a folder writes them anew.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Server } from "./server.mjs";

const SIZE = { width: 1024, height: 640 };
// Browsers of other versions draw the edges of letters otherwise: a pixel differs beyond the one, a page beyond the other.
const CHANNEL_MAX = 64;
const SHARE_MAX = 0.02;
const SETTINGS = { LANDFALL_RANDOM_SEED: "7", LANDFALL_CLOCK: "2030-01-01T09:00:00Z" };

/** Each: name, address, theme. */
const PAGES = (last) => [
  ["live", "/live", "light"],
  ["event", `/live?event=${last}&tab=bitmap`, "dark"],
  ["bytes", `/event/${last}`, "light"],
  ["subscribers", "/subscribers", "dark"],
  ["records", "/records?object=Account", "light"],
  ["channels", "/channels/event/Order_Placed__e?publish=1", "light"],
  ["replay", `/replay?at=${last - 2}`, "light"],
  ["faults", "/faults?by=73h", "dark"],
];

/** Events of several kinds and times; returns the last one. */
async function org(server) {
  const later = (by) => server.control("POST", "clock/advance", { by });
  const account = await server.create("Account", { Name: "Burlington Textiles", Industry: "Apparel", Phone: "(336) 222-7000", BillingCity: "Burlington" });
  await later("40s");
  for (const name of ["Pyramid Construction", "Dickenson plc", "Grand Hotels"]) {
    await server.create("Account", { Name: name });
    await later("25s");
  }
  const lead = await server.create("Lead", { LastName: "Brownell", Company: "Western Telecom" });
  await later("50s");
  await server.rest("DELETE", `sobjects/Lead/${lead}`);
  await server.create("Order_Placed__e", { Order_Number__c: "A-1", Total__c: 12.5 });
  await later("10s");
  await server.control("POST", "faults", { fault: "gap" });
  await server.update("Account", account, { Industry: "Energy" });
  await later("30s");
  await server.session();
  await server.subscribe(await server.session(), "/data/AccountChangeEvent");
  await server.update("Account", account, { Industry: "Banking", Phone: null, BillingCity: "Raleigh" });
  return (await server.control("GET", "topics")).tail;
}

/** The share of pixels in which two pictures differ, computed by the browser: no library reads pictures here. */
async function difference(page, one, other) {
  return page.evaluate(async ([pictures, most]) => {
    const drawn = await Promise.all(pictures.map(async (text) => {
      const picture = await createImageBitmap(await (await fetch(`data:image/png;base64,${text}`)).blob());
      const context = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
      context.drawImage(picture, 0, 0);
      return context.getImageData(0, 0, picture.width, picture.height);
    }));
    const [a, b] = drawn;
    if (a.width !== b.width || a.height !== b.height) return 1;
    let differing = 0;
    for (let i = 0; i < a.data.length; i += 4) {
      if ([0, 1, 2].some((channel) => Math.abs(a.data[i + channel] - b.data[i + channel]) > most)) differing++;
    }
    return differing / (a.width * a.height);
  }, [[one, other].map((picture) => picture.toString("base64")), CHANNEL_MAX]);
}

export async function visual({ open, close }) {
  const server = await Server.start(SETTINGS);
  const found = [];
  try {
    const last = await org(server);
    for (const [name, path, colorScheme] of PAGES(last)) {
      const page = await open(server, `/console${path}`, { colorScheme, viewport: SIZE });
      await page.waitForTimeout(1500);
      // The port is another one each time.
      const picture = await page.screenshot({ mask: [page.getByText(new URL(server.base).host)], animations: "disabled" });
      await close(page);
      const file = join(process.env.REFERENCES ?? import.meta.dirname, `reference-${name}.png`);
      if (process.env.UPDATE) {
        writeFileSync(file, picture);
        continue;
      }
      const blank = await open(server, "/console/live");
      await blank.goto("about:blank");
      const share = await difference(blank, readFileSync(file), picture);
      await blank.context().close();
      if (share > SHARE_MAX) found.push(`${name} differs in ${(share * 100).toFixed(1)} % of its pixels`);
    }
  } finally {
    await server.end();
  }
  assert.deepEqual(found, []);
}
