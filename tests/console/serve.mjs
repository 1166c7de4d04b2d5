// The console of a production node: after a login, read-only, with masked fields.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Server } from "./server.mjs";

const USER = "ops@example.com";
const PASSWORD = "correct horse battery staple";
const SECRET = "a-secret-of-24-letters-00";
const PHONE = "555-0199";

/** A production node whose console masks phone numbers. */
export class Production extends Server {
  arguments() {
    const file = (name, text) => {
      const path = join(this.folder, name);
      writeFileSync(path, text, { mode: 0o600 });
      return path;
    };
    const config = `listen = "127.0.0.1:${this.port}"\ndata = ${JSON.stringify(this.data)}\n[events]\ncapture_all = true\n[console]\nenabled = true\nmasked_fields = ["Phone"]\n`
      + `[admin]\nusername = "${USER}"\npassword_file = ${JSON.stringify(file("password", PASSWORD))}\n[connected_app]\nclient_id = "app"\nclient_secret_file = ${JSON.stringify(file("secret", SECRET))}\n`;
    return ["serve", "--config", file("landfall.toml", config)];
  }

  async logIn() {
    const form = new URLSearchParams({ grant_type: "client_credentials", client_id: "app", client_secret: SECRET });
    const answer = await fetch(`${this.base}/services/oauth2/token`, { method: "POST", body: form });
    this.token = (await answer.json()).access_token;
  }
}

async function enter(page, password = PASSWORD) {
  await page.getByLabel("User name").fill(USER);
  await page.getByLabel("Password").fill(password);
  await page.keyboard.press("Enter");
}

export async function serve({ open, close, shows, violations }) {
  const server = await Production.start();
  try {
    const acme = await server.create("Account", { Name: "Acme", Phone: PHONE, Website: "acme.example" });
    const page = await open(server, "/console");
    await page.getByRole("dialog", { name: "Log in" }).waitFor();
    assert.deepEqual(await violations(page, "login"), []);
    await enter(page, "wrong");
    await shows(page, "wrong user name or password");
    await enter(page);
    await page.locator("tr", { hasText: acme }).waitFor();
    await shows(page, "Read-only");
    // No script reads the session, and a reload needs no login.
    assert.equal(await page.evaluate(() => document.cookie), "");
    const [cookie] = await page.context().cookies();
    assert.deepEqual([cookie.httpOnly, cookie.sameSite], [true, "Strict"]);
    await page.reload();
    const line = page.locator("tr", { hasText: acme });
    await line.waitFor();
    // New events arrive.
    const later = await server.create("Contact", { LastName: "Later", Phone: PHONE });
    await page.locator("tr", { hasText: later }).waitFor();
    for (const name of ["Faults and clock", "Requests"]) assert.equal(await page.getByRole("link", { name }).count(), 0, name);
    // What is masked is nowhere.
    await page.locator("tr", { hasText: acme }).first().click();
    await shows(page, "acme.example");
    for (const tab of ["As sent", "Bitmap", "Changes"]) {
      await page.getByRole("tab", { name: tab }).click();
      assert.ok(!(await page.locator("body").innerText()).includes(PHONE), tab);
    }
    await page.goto(`${server.base}/console/records?object=Account&record=${acme}&soql=${encodeURIComponent("SELECT FIELDS(ALL) FROM Account LIMIT 5")}`);
    await page.locator("th", { hasText: "Website" }).last().waitFor();
    await page.locator("td", { hasText: "masked" }).first().waitFor();
    assert.ok(!(await page.locator("body").innerText()).includes(PHONE));
    assert.equal(await page.getByRole("button", { name: /^(New|Save|Delete)/ }).count(), 0);
    await page.getByLabel("SOQL").fill(`SELECT Id FROM Account WHERE Phone = '${PHONE}'`);
    await page.keyboard.press("Control+Enter");
    await shows(page, "Phone is masked in the console");
    await page.goto(`${server.base}/console/faults`);
    await shows(page, "Only in landfall dev");
    await page.goto(`${server.base}/console/node`);
    await page.locator("tr", { hasText: "console.enabled" }).getByText(/landfall\.toml:\d+:\d+/).waitFor();
    assert.ok(!(await page.locator("body").innerText()).includes(PASSWORD));
    await readings(server, page, { shows });
    const found = [];
    for (const path of ["/live", "/replay?at=earliest", "/subscribers", `/records?object=Account&record=${acme}`, "/channels/data/AccountChangeEvent", "/schemas", "/usage", "/node"]) {
      for (const theme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme: theme });
        await page.goto(`${server.base}/console${path}`);
        await page.locator("h1").waitFor();
        await page.waitForTimeout(300);
        found.push(...(await violations(page, `${path} ${theme}`)));
      }
      await page.setViewportSize({ width: 320, height: 700 });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      if (wide > 320) found.push(`${path} is ${wide} wide in 320`);
      await page.setViewportSize({ width: 1440, height: 900 });
    }
    assert.deepEqual(found, []);
    await expired(server, page, { shows });
    await page.getByRole("button", { name: /Log out$/ }).click();
    await page.getByRole("dialog", { name: "Log in" }).waitFor();
    await close(page);
  } finally {
    await server.end();
  }
}

/** Replay, Channels and Schemas say what they say in a developer org, and offer nothing that changes the org. */
async function readings(server, page, { shows }) {
  const none = async (role, name) => assert.equal(await page.getByRole(role, { name }).count(), 0, `${role} ${name}`);
  await page.getByRole("link", { name: "Replay" }).click();
  await page.getByLabel("From").fill("15m");
  await page.keyboard.press("Enter");
  await shows(page, "all since");
  await page.getByRole("link", { name: "Channels" }).click();
  await page.locator('tr[data-id="/data/AccountChangeEvent"]').click();
  await shows(page, "Schema ID");
  await shows(page, "Retained");
  await none("button", "New PushTopic");
  await none("button", "New channel");
  await none("switch", /^Capture changes/);
  await page.locator("aside .facts a[href*='/schemas/']").click();
  await page.locator("aside tr", { hasText: "BillingAddress" }).first().waitFor();
  await page.getByRole("tab", { name: "Avro" }).click();
  await shows(page, '"AccountChangeEvent"');
  await page.goto(`${server.base}/console/channels/data/ChangeEvents`);
  await shows(page, "On it");
  assert.equal(await page.locator("aside form").count(), 0);
  await none("button", /^(Change|Remove|Delete) /);
  await page.goto(`${server.base}/console/pushtopics/new`);
  await shows(page, "Only in landfall dev");
}

/** The session ends under the page, as by its idle time; what came meanwhile is there after the next login. */
async function expired(server, page, { shows }) {
  await page.goto(`${server.base}/console/live`);
  await page.locator("tr[data-id]").first().waitFor();
  const cookies = await page.context().cookies();
  const header = cookies.map((one) => `${one.name}=${one.value}`).join("; ");
  const answer = await fetch(`${server.base}/console/session`, { method: "DELETE", headers: { cookie: header } });
  assert.equal(answer.status, 204);
  const missed = await server.create("Account", { Name: "While logged out" });
  await shows(page, "Logged out since");
  await page.getByRole("button", { name: "Log in" }).click();
  await enter(page);
  await page.getByText("Logged out since").waitFor({ state: "detached" });
  await page.locator("tr", { hasText: missed }).waitFor();
}
