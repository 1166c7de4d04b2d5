// The ten questions that somebody asks who has never seen the console: by mouse and by keyboard, with the steps counted.
// One step is one click or one key chord; typing a value counts as one.

import assert from "node:assert/strict";
import { Server, seed } from "./server.mjs";

/** A page whose steps are counted. */
class Steps {
  constructor(page) {
    this.page = page;
    this.taken = 0;
  }

  async click(name, role = "button") {
    this.taken++;
    await (typeof name === "string" || name instanceof RegExp ? this.page.getByRole(role, { name }).first() : name).click();
  }

  async press(...keys) {
    this.taken++;
    for (const key of keys) await this.page.keyboard.press(key);
  }

  async type(text) {
    this.taken++;
    await this.page.keyboard.type(text);
  }

  async fill(locator, text) {
    this.taken++;
    await locator.fill(text);
  }
}

const FILTER = { role: "searchbox", name: "Filter events" };

/** Each: the most steps by mouse and by keyboard, both ways, and what is on the screen then. */
function tasks(server, { shows, row }) {
  const filter = (page) => page.getByRole(FILTER.role, { name: FILTER.name });
  const settled = async (page, text) => {
    await page.waitForURL(new RegExp(`q=${encodeURIComponent(text).replaceAll("%20", "(\\+|%20)")}`));
  };
  return [
    {
      question: "Did my change of Burlington Textiles arrive, and what did it change?",
      steps: [2, 5],
      mouse: async (go, { last }) => {
        await go.fill(filter(go.page), "Burlington");
        await settled(go.page, "Burlington");
        await go.click(row(go.page, last));
      },
      keyboard: async (go) => {
        await go.press("/");
        await go.type("Burlington");
        await go.press("Enter");
        await settled(go.page, "Burlington");
        await go.page.getByText("Andy Young").waitFor({ state: "detached" });
        await go.press("j");
        await go.press("Enter");
      },
      answer: async (page) => {
        const changes = page.locator("aside tr");
        await changes.filter({ hasText: "Phone" }).getByText("(336) 222-7000").waitFor();
        await changes.filter({ hasText: "Industry" }).getByText("Banking").waitFor();
      },
    },
    {
      question: "Which client is behind, and since when?",
      clients: true,
      steps: [2, 4],
      mouse: async (go) => {
        await go.click(/^Subscribers/, "link");
        await go.click("Only with lag");
      },
      keyboard: async (go) => {
        await go.press("g", "s");
        await go.page.waitForURL(/subscribers/);
        await go.press("Control+k");
        await go.type("only with lag");
        await go.press("Enter");
      },
      answer: async (page) => {
        await page.waitForURL(/lagging=1/);
        const line = page.locator("tr", { hasText: "/data/AccountChangeEvent" });
        await line.getByText(/\d+ events?/).first().waitFor();
        await line.getByRole("meter").waitFor();
      },
    },
    {
      question: "A client is connected but gets nothing. Why?",
      clients: true,
      steps: [2, 3],
      mouse: async (go, { silent }) => {
        await go.click(/^Subscribers/, "link");
        await go.click(row(go.page, silent));
      },
      keyboard: async (go, { silent }) => {
        await go.press("g", "s");
        await row(go.page, silent).waitFor();
        // Sessions are in the order of their ids.
        const ids = await go.page.locator("tr[data-id]").evaluateAll((rows) => rows.map((one) => one.dataset.id));
        for (let i = 0; i <= ids.indexOf(silent); i++) await go.page.keyboard.press("j");
        go.taken++;
        await go.press("Enter");
      },
      answer: (page) => shows(page, "The client has a session but subscribes to nothing"),
    },
    {
      question: "Why did the field Rating not arrive in an event?",
      steps: [3, 4],
      mouse: async (go, { last }) => {
        await go.click("Search or run a command");
        await go.type(String(last));
        await go.click(`Event ${last}`, "option");
      },
      keyboard: async (go, { last }) => {
        await go.press("Control+k");
        await go.type(String(last));
        await go.press("Enter");
      },
      answer: async (page) => {
        const table = page.locator("section", { hasText: "changedFields" }).first();
        await table.locator("tr", { hasText: "Industry" }).first().waitFor();
        assert.equal(await table.locator("tr", { hasText: "Rating" }).count(), 0);
      },
    },
    {
      question: "What do the bits of a nested bitmap mean?",
      steps: [3, 4],
      mouse: async (go) => {
        await go.click("Search or run a command");
        await go.type("1002");
        await go.click("Event 1002", "option");
      },
      keyboard: async (go) => {
        await go.press("Control+k");
        await go.type("1002");
        await go.press("Enter");
      },
      answer: async (page) => {
        await shows(page, "components of field 4, BillingAddress");
        await page.locator("tr", { hasText: "City" }).first().waitFor();
      },
    },
    {
      question: "Which records were written together with contact Andy Young?",
      steps: [3, 5],
      mouse: async (go, { andy }) => {
        await go.fill(filter(go.page), "Andy Young");
        await settled(go.page, "Andy Young");
        await go.click(row(go.page, andy));
        await go.click(go.page.locator("aside").getByRole("link", { name: /^[0-9a-f]{8}-/ }));
      },
      keyboard: async (go) => {
        await go.press("/");
        await go.type("Andy Young");
        await go.press("Enter");
        await settled(go.page, "Andy Young");
        await go.page.getByText("Burlington").first().waitFor({ state: "detached" });
        await go.press("j");
        await go.press("t");
      },
      answer: async (page, { andy }) => {
        await page.waitForURL(/q=tx/);
        await row(page, andy).waitFor();
        await row(page, andy - 1).waitFor();
        assert.equal(await page.locator("tr.bracketed").count(), 2);
      },
    },
    {
      question: "From which replay ID must I subscribe to receive everything since a time of day?",
      steps: [3, 4],
      mouse: async (go, { since }) => {
        await go.click("Replay", "link");
        await go.fill(go.page.getByLabel("From", { exact: true }), since.at);
        await go.page.keyboard.press("Enter");
        await go.click("Copy replay ID");
      },
      keyboard: async (go, { since }) => {
        await go.press("g", "p");
        // The field for the time has the focus.
        await go.page.locator("#replay-at:focus").waitFor();
        await go.type(since.at);
        await go.press("Enter");
        await go.page.locator("section[aria-label=Position]:focus").waitFor();
        await go.press("y");
      },
      answer: async (page, { since }) => {
        await shows(page, "Copied replay ID");
        assert.equal(await page.evaluate(() => navigator.clipboard.readText()), String(since.id));
        const bytes = Buffer.alloc(10);
        bytes.writeBigUInt64BE(BigInt(since.id), 0);
        const forms = page.getByRole("table", { name: "Forms of the replay ID" });
        for (const form of [`{"replay":{"/data/ChangeEvents":${since.id}}}`, bytes.toString("base64")]) await forms.getByText(form, { exact: true }).waitFor();
      },
    },
    {
      question: "Make a change succeed but lose its answer, and see whether the client sends twice.",
      steps: [4, 6],
      mouse: async (go) => {
        await go.click(/^Faults and clock/, "link");
        await go.page.getByLabel("Fault", { exact: true }).waitFor();
        go.taken++;
        await go.page.getByLabel("Fault", { exact: true }).selectOption("ack-lost");
        await go.fill(go.page.getByLabel("Fires next"), "1");
        await go.click(go.page.getByRole("button", { name: /^Arm\b/ }).last());
      },
      keyboard: async (go) => {
        await go.press("g", "f");
        await go.page.getByLabel("Fault", { exact: true }).waitFor();
        await go.press("Control+k");
        await go.type("ack-lost");
        await go.press("Enter");
        await go.press("Control+Enter");
      },
      answer: async (page) => {
        await page.locator("tr", { hasText: "ack-lost" }).getByText(/fired 0/).first().waitFor();
        // A client that tries again has made two records.
        await assert.rejects(server.create("Account", { Name: "Sent once?" }));
        await page.locator("tr", { hasText: "ack-lost" }).getByText(/fired 1/).first().waitFor();
        await server.control("DELETE", "faults");
        await server.create("Account", { Name: "Sent once?" });
        await page.goto(`${server.base}/console/live?q=${encodeURIComponent("object:Account \"Sent once?\"")}`);
        await page.locator("tr[data-id]").nth(1).waitFor();
      },
    },
    {
      question: "How long until the daily allocation of deliveries is used up, and who uses it?",
      steps: [1, 2],
      mouse: (go) => go.click("Usage", "link"),
      keyboard: (go) => go.press("g", "u"),
      answer: async (page) => {
        await page.getByRole("meter", { name: "DailyDeliveredPlatformEvents" }).waitFor();
        await page.getByText(/Used up in|lasts for the day|Nothing of the daily allocation/).first().waitFor();
        await shows(page, "By event and client");
      },
    },
    {
      question: "What would my consumer do if its saved replay ID were too old?",
      steps: [3, 5],
      mouse: async (go) => {
        await go.click(/^Faults and clock/, "link");
        await go.click(go.page.getByRole("button", { name: /^\+?\s*73 ?h/ }).first());
        await shows(go.page, /\d+ events, up to \d+, leave the log/);
        await shows(go.page, /access tokens? ends? unless used/);
        await go.click("Advance 73h");
      },
      keyboard: async (go) => {
        await go.press("g", "f");
        await go.page.getByLabel("Fault", { exact: true }).waitFor();
        await go.press("Control+k");
        await go.type("advance 73h");
        await go.press("Enter");
        await shows(go.page, /\d+ events, up to \d+, leave the log/);
        await go.press("Control+Enter");
      },
      answer: async (page) => {
        for (let i = 0; i < 100; i++) {
          const { earliest } = await server.control("GET", "topics");
          if (earliest === undefined) return;
          await page.waitForTimeout(50);
        }
        throw new Error("the old events are still retained");
      },
      restores: true,
    },
  ];
}

/** Every task, each way, on a fresh page of an org that has nothing but its seed. */
export async function tenTasks(tools) {
  const server = await Server.start();
  try {
    await all(server, await seed(server), tools);
  } finally {
    await server.end();
  }
}

async function all(server, seeded, tools) {
  const { events } = await server.control("GET", "events?limit=500");
  const andy = events.find((event) => event.data?.payload?.Name?.LastName === "Young").replayId;
  const change = events.find((event) => event.header?.changeType === "UPDATE" && event.header.recordIds.includes(seeded.burlington)).replayId;
  await server.control("PUT", "snapshots/tasks");
  for (const task of tasks(server, tools)) {
    for (const [way, most] of [["mouse", task.steps[0]], ["keyboard", task.steps[1]]]) {
      const what = `${task.question} By ${way}`;
      const silent = task.clients ? await clients(server) : null;
      const page = await tools.open(server, "/console");
      await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
      await page.locator("tr[data-id]").first().waitFor();
      const go = new Steps(page);
      const since = await minuteAgo(server);
      try {
        await task[way](go, { ...seeded, last: change, andy, silent, since });
        await task.answer(page, { ...seeded, last: change, andy, silent, since });
      } catch (error) {
        throw new Error(`${what}: ${error.message}`);
      }
      assert.ok(go.taken <= most, `${what}: ${go.taken} steps, at most ${most}`);
      await tools.close(page);
      if (task.restores) {
        await server.control("POST", "snapshots/tasks");
        await server.logIn();
      }
    }
  }
}

/** A time of day, and the replay ID from which a client gets what came since. */
async function minuteAgo(server) {
  const { now } = await server.control("GET", "clock");
  const time = new Date(Date.parse(now) - 60000).toISOString();
  const { replayId } = await server.control("GET", `topics/%2Fdata%2FChangeEvents/position?at=${time.slice(0, 17)}00Z`);
  return { at: time.slice(11, 16), id: replayId };
}

/** A client that is behind, and one that subscribes to nothing, whose id is returned. Both end soon without a request. */
async function clients(server) {
  for (const { id } of (await server.control("GET", "subscribers")).subscribers) await server.control("DELETE", `subscribers/${id}`);
  await server.subscribe(await server.session(), "/data/AccountChangeEvent");
  await server.create("Account", { Name: "Waits for the client that is behind" });
  return server.session();
}
