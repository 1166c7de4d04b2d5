// Runs the scenarios with one client: `node run.mjs CLIENT [SCENARIO]`. Prints `ok NAME` or `FAILED NAME: why`.
//
// `cargo xtask peers` runs this from `target/peers`, where the clients are installed.

import { Org, Proxy, Server } from './harness.mjs';
import { scenarios as bayeux } from './scenarios.mjs';

const [clientName, only] = process.argv.slice(2);
// A client of another protocol brings scenarios of its own.
const { Client, scenarios = bayeux } = await import(`./${clientName}.mjs`);

let failures = 0;
let current;

// A client that throws from a callback of its own fails the scenario it runs in, not the run.
process.on('uncaughtException', (error) => current?.(error));
process.on('unhandledRejection', (error) => current?.(error));

for (const [name, scenario] of Object.entries(scenarios)) {
  if (only && only !== name) continue;
  const title = `${clientName} ${name}`;
  const start = Date.now();
  try {
    await run(`${clientName}-${name}`, scenario);
    console.log(`ok ${title} (${Date.now() - start} ms)`);
  } catch (error) {
    failures += 1;
    console.log(`FAILED ${title}: ${error?.stack ?? error}`);
  }
}
// The clients keep timers and connections of their own.
process.exit(failures === 0 ? 0 : 1);

async function run(name, scenario) {
  const server = new Server(name);
  const proxy = new Proxy();
  const clients = [];
  const client = () => {
    clients.push(new Client());
    return clients.at(-1);
  };
  try {
    await server.start();
    await proxy.start(() => server.url);
    const org = new Org(server);
    await org.login();
    const thrown = new Promise((_, reject) => (current = reject));
    await Promise.race([scenario({ server, proxy, org, client }), thrown]);
  } finally {
    current = undefined;
    // A client that cannot say goodbye any more is no failure of the scenario.
    const goodbye = Promise.all(clients.map((one) => one.close().catch(() => {})));
    await Promise.race([goodbye, new Promise((resolve) => setTimeout(resolve, 2_000))]);
    if (proxy.url) proxy.close();
    await server.dispose();
  }
}
