// A developer org as a process, and what the tests do to it without the console.

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const START_MS = 30000;

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().on("error", reject).listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

const METADATA = 'xmlns="http://soap.sforce.com/2006/04/metadata"';
// The platform event of the org: a text that is required, a number, a checkbox, a time.
const EVENT_FIELDS = {
  Order_Number__c: "<label>Order Number</label><length>20</length><required>true</required><type>Text</type>",
  Total__c: "<label>Total</label><precision>16</precision><scale>2</scale><type>Number</type>",
  Express__c: "<label>Express</label><defaultValue>false</defaultValue><type>Checkbox</type>",
  Placed_At__c: "<label>Placed At</label><type>DateTime</type>",
};

/** A project with the platform event Order_Placed__e. */
function writeProject(folder) {
  const object = join(folder, "force-app/main/default/objects/Order_Placed__e");
  mkdirSync(join(object, "fields"), { recursive: true });
  writeFileSync(join(folder, "sfdx-project.json"), JSON.stringify({ packageDirectories: [{ path: "force-app", default: true }], sourceApiVersion: "62.0" }));
  writeFileSync(join(object, "Order_Placed__e.object-meta.xml"), `<CustomObject ${METADATA}><deploymentStatus>Deployed</deploymentStatus><eventType>HighVolume</eventType><label>Order Placed</label><pluralLabel>Orders Placed</pluralLabel><publishBehavior>PublishImmediately</publishBehavior></CustomObject>`);
  for (const [name, content] of Object.entries(EVENT_FIELDS)) writeFileSync(join(object, `fields/${name}.field-meta.xml`), `<CustomField ${METADATA}><fullName>${name}</fullName>${content}</CustomField>`);
}

export class Server {
  /** With settings, such as `{LANDFALL_EVENTS_CAPTURE_ALL: "false"}`. */
  static async start(settings = {}) {
    const server = new this();
    server.settings = settings;
    server.port = await freePort();
    server.base = `http://127.0.0.1:${server.port}`;
    server.folder = mkdtempSync(join(tmpdir(), "landfall-console-"));
    server.data = join(server.folder, "data");
    server.project = join(server.folder, "project");
    writeProject(server.project);
    await server.run();
    return server;
  }

  arguments() {
    return ["dev", "--listen", `127.0.0.1:${this.port}`, "--data", this.data, "--project", this.project];
  }

  async run() {
    const program = process.env.LANDFALL_PROGRAM;
    if (!program) throw new Error("LANDFALL_PROGRAM names no program");
    this.child = spawn(program, this.arguments(), { stdio: "ignore", env: { ...process.env, ...this.settings } });
    const end = Date.now() + START_MS;
    for (;;) {
      const ready = await fetch(`${this.base}/readyz`).then((answer) => answer.ok, () => false);
      if (ready) break;
      if (Date.now() > end || this.child.exitCode !== null) throw new Error("the server does not start");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await this.logIn();
  }

  async logIn() {
    this.token = (await this.control("POST", "logins", {})).accessToken;
  }

  stop() {
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill("SIGTERM");
    return ended;
  }

  async end() {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async call(method, path, body, headers = {}) {
    const answer = await fetch(this.base + path, { method, headers: { "Content-Type": "application/json", ...headers }, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  control(method, path, body) {
    return this.call(method, `/_landfall/v1/${path}`, body);
  }

  rest(method, path, body) {
    return this.call(method, `/services/data/v62.0/${path}`, body, { Authorization: `Bearer ${this.token}` });
  }

  async create(object, fields) {
    return (await this.rest("POST", `sobjects/${object}`, fields)).id;
  }

  update(object, id, fields) {
    return this.rest("PATCH", `sobjects/${object}/${id}`, fields);
  }

  /** A session of the Streaming API that subscribes to nothing. */
  async session() {
    const messages = [{ channel: "/meta/handshake", version: "1.0", supportedConnectionTypes: ["long-polling"] }];
    const [answer] = await this.call("POST", "/cometd/62.0", messages, { Authorization: `Bearer ${this.token}` });
    return answer.clientId;
  }

  /** Subscribes a session, which then asks for nothing: what is published waits for it. */
  subscribe(clientId, subscription) {
    return this.call("POST", "/cometd/62.0", [{ channel: "/meta/subscribe", clientId, subscription }], { Authorization: `Bearer ${this.token}` });
  }
}

/** The org of the pictures in the documentation; returns the ids that the tests name. */
export async function seed(server) {
  const burlington = await server.create("Account", { Name: "Burlington Textiles", Industry: "Apparel", Phone: "(336) 222-7000", BillingCity: "Burlington", NumberOfEmployees: 9000 });
  await server.update("Account", burlington, { BillingCity: "Raleigh", NumberOfEmployees: 9200 });
  const pyramid = await server.create("Account", { Name: "Pyramid Construction", Industry: "Construction" });
  const lead = await server.create("Lead", { FirstName: "Shelly", LastName: "Brownell", Company: "Western Telecom" });
  await server.rest("POST", "composite/tree/Account", { records: [{ attributes: { type: "Account", referenceId: "a" }, Name: "Dickenson plc", Industry: "Consulting", Contacts: { records: [{ attributes: { type: "Contact", referenceId: "c" }, FirstName: "Andy", LastName: "Young" }] } }] });
  await server.create("Opportunity", { Name: "Pyramid Emergency Generators", StageName: "Prospecting", CloseDate: "2030-12-01", Amount: 100000 });
  await server.update("Lead", lead, { Status: "Working - Contacted" });
  await server.rest("DELETE", `sobjects/Lead/${lead}`);
  await server.control("POST", "faults", { fault: "gap" });
  await server.update("Account", pyramid, { Industry: "Engineering" });
  await server.update("Account", burlington, { Industry: "Banking", Phone: null });
  return { burlington, last: (await server.control("GET", "topics")).tail };
}
