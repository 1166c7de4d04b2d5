// What clients do when a fault fires: writes the tables in docs/clients/faults.md. `cargo xtask rehearsals` runs this.
//
// Each client is a process with a server of its own, since their libraries do not go together, and a fault fires by count.

import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { Org, Server, ensure, login, pause, until } from './harness.mjs';
import { Client as Requester, EVENT } from './rehearsal-requests.mjs';

const PAGE = process.env.LANDFALL_TABLE;

const TOPIC = '/data/AccountChangeEvent';

/** How long a client has to come back. */
const WATCHED_MS = 12_000;
/** How long it is watched after it has everything: it may get more than that. */
const AFTERWARDS_MS = 1_500;
/** For how long the server refuses connections, which goes for the control interface too, and some time more. */
const REFUSED_MS = 1_500;
/** How long a client has for connecting, subscribing or publishing. */
const SOON_MS = 3_000;
/** What is later than this is said to be late. */
const LATE_MS = 1_000;

/** The clients by the API that they use; the module of each, and its name in the table. */
const APIS = {
  streaming: { cometd: '`cometd`', faye: '`faye`', 'rehearsal-jsforce': '`jsforce`', aiosfstream: '`aiosfstream-ng`' },
  pubsub: { 'pubsub-node': '`salesforce-pubsub-api-client`', 'rehearsal-grpc': '`grpcio`' },
  requests: { 'rehearsal-requests': '`jsforce`', simple_salesforce: '`simple-salesforce`' },
};
const CLIENTS = Object.values(APIS).flatMap(Object.keys);

const on = (method, rest) => ({ method, ...rest });
const topic = (rest) => ({ topic: TOPIC, ...rest });
const polls = on('/meta/connect');
const posts = on('/cometd');

/**
 * For each fault what it is armed with for clients of either API; `early` is before the client subscribes, `first` before it
 * connects, `again` means that it subscribes after an event that it knows. Faults of other requests are below.
 */
const FAULTS = {
  'client-unknown': { streaming: polls },
  'server-moved': { streaming: polls },
  'too-many-connections': { streaming: on('/meta/handshake'), pubsub: on('Subscribe'), first: true },
  // The first request is that which creates a record; then the client polls.
  'token-invalid': { streaming: { after: 1 } },
  unavailable: { streaming: polls, pubsub: topic() },
  'events-daily-limit': { streaming: polls, pubsub: topic() },
  'replay-id-invalid': { streaming: topic(), pubsub: topic(), early: true, again: true },
  trim: { streaming: topic(), pubsub: topic(), early: true, again: true },
  'restart-stream': { streaming: topic(), pubsub: topic(), early: true, again: true },
  'schema-unavailable': { pubsub: topic(), early: true },
  'keepalive-late': { pubsub: topic({ delay: '1m' }), quiet: '5m' },
  'stream-silent': { streaming: polls, pubsub: topic() },
  'stream-ended': { pubsub: topic() },
  'stream-reset': { pubsub: topic() },
  'half-close': { streaming: posts, pubsub: topic() },
  'reset-peer': { streaming: posts },
  refuse: { streaming: on('/cometd', { delay: '1s' }), pubsub: on('Subscribe', { delay: '1s' }), first: true },
  latency: { streaming: on('/cometd', { delay: '1s' }), pubsub: on('Subscribe', { delay: '1s' }), early: true },
  'http-503-html': { streaming: posts },
  'ack-lost': { streaming: posts },
  truncate: { streaming: posts },
  bandwidth: { streaming: on('/cometd', { bytes: 2_000 }), pubsub: on('Subscribe', { bytes: 2_000 }), early: true },
  slice: { streaming: on('/cometd', { bytes: 10, delay: '5ms' }), pubsub: on('Subscribe', { bytes: 10, delay: '5ms' }), early: true },
  delay: { streaming: topic({ delay: '1s' }), pubsub: topic({ delay: '1s' }) },
  'pause-inside': { streaming: topic({ delay: '1s' }), pubsub: topic({ delay: '1s' }), together: true },
  duplicate: { streaming: topic(), pubsub: topic() },
  gap: { streaming: topic(), pubsub: topic() },
  overflow: { streaming: topic(), pubsub: topic() },
  conversion: { streaming: topic(), pubsub: topic() },
  'schema-change': { streaming: topic(), pubsub: topic() },
  'slow-commit': { streaming: topic({ delay: '1s' }), pubsub: topic({ delay: '1s' }) },
  drop: { streaming: topic(), pubsub: topic() },
  'publish-partial': { pubsub: { topic: `/event/${EVENT}` }, publishes: true },
};

/** What a program does, with the methods of a client: it creates a record unless something else is said. */
const create = on('/sobjects/Account');
const REQUESTS = {
  'login-refused': { act: 'login' },
  'token-invalid': {},
  unavailable: create,
  'request-limit': {},
  latency: { ...create, delay: '2s' },
  refuse: { ...create, delay: '1s' },
  'reset-peer': create,
  'half-close': create,
  'http-503-html': create,
  truncate: create,
  'ack-lost': create,
  'slow-commit': topic({ delay: '2s' }),
  stamp: topic(),
  'publish-rejected': { topic: `/event/${EVENT}`, act: 'publish' },
  'read-lag': topic({ delay: '5s', act: 'find' }),
  hide: { object: 'Account', field: 'Industry', after: 1, act: 'find' },
  show: { object: 'Account', field: 'Industry', after: 1, act: 'find' },
  'lose-job': { after: 1, act: 'load' },
};

/** The control interface of a server. */
async function control(server, method, path, body) {
  const answer = await fetch(`${server.url}/_landfall/v1/${path}`, { method, body: body && JSON.stringify(body) });
  const text = await answer.text();
  ensure(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return text && JSON.parse(text);
}

/** One client of a server, in the words that all have in common. */
class Subscriber {
  #name;
  #client;

  async open(name, server) {
    const { Client } = await import(`./${name}.mjs`);
    this.#name = name;
    this.#client = new Client();
    const credentials = { authType: 'oauth-client-credentials', loginUrl: server.url, clientId: 'landfall', clientSecret: 'landfall' };
    await this.#client.open(server.url, credentials);
  }

  get isStreaming() {
    return this.#name in APIS.streaming;
  }

  async subscribe(after) {
    const replayId = after ?? -1;
    if (this.isStreaming) await this.#client.subscribe(TOPIC, replayId);
    else if (after === undefined) this.#client.latest(TOPIC);
    else this.#client.after(TOPIC, after);
  }

  /** Publishes two events in one request, and says what it learns of the second. */
  async publishTwo() {
    if (!this.#client.publishBatch) return '-';
    const event = (code) => ({
      payload: {
        CreatedDate: Date.now(),
        CreatedById: '005000000000001AAA',
        Code__c: { string: code },
        Left_At__c: null,
        Urgent__c: null,
        Weight__c: null,
      },
    });
    const results = this.#client.publishBatch(`/event/${EVENT}`, ['one', 'two'].map(event)).catch((error) => ({ error }));
    const answer = await Promise.race([results, pause(SOON_MS)]);
    if (!answer) return '**gets no result**, for neither event';
    if (answer.error) return `reports \`${shortened(String(answer.error))}\``;
    const [, second] = answer;
    return second.error ? `reports \`${shortened(second.error.msg ?? String(second.error))}\` of that event` : '**does not notice**';
  }

  get events() {
    if (this.isStreaming) return this.#client.events;
    return (this.#client.events[TOPIC] ?? []).map(({ payload: { ChangeEventHeader: header, Name: name } }) => ({
      change: header.changeType,
      ids: header.recordIds,
      name,
    }));
  }

  /** What it has reported. */
  get errors() {
    const errors = this.isStreaming ? this.#client.failures.map(({ error }) => error) : this.#client.errors;
    return errors.map((error) => String(error?.message ?? error));
  }

  get hasStopped() {
    return this.isStreaming ? this.#client.isStopped() : this.#client.ended[TOPIC] === true;
  }

  close() {
    return this.#client.close();
  }
}

/** What clients throw from callbacks of their own. */
let thrown = [];
const note = (error) => thrown.push(String(error?.message ?? error));
process.on('uncaughtException', note).on('unhandledRejection', note);

/** Waits for a step of a client, which may fail, and may never end. */
const soon = (step) => Promise.race([step.catch(note), pause(SOON_MS)]);

/** Rehearses a fault with a client, and says what it did. */
async function rehearse(server, org, name, fault) {
  const { streaming, pubsub, publishes = false, first = false, early = false, again = false, quiet, together = false } = FAULTS[fault];
  const armed = name in APIS.streaming ? streaming : pubsub;
  if (!armed) return undefined;
  await control(server, 'DELETE', 'faults');
  const arm = () => control(server, 'POST', 'faults', { fault, ...armed });
  const subscriber = new Subscriber();
  const reported = (thrown = []);
  try {
    if (publishes) {
      await subscriber.open(name, server);
      await arm();
      return await subscriber.publishTwo();
    }
    if (first) await arm();
    await soon(subscriber.open(name, server));
    let after;
    if (again) {
      await org.create('Earlier');
      ({ events: [{ replayId: after }] } = await control(server, 'GET', 'events?limit=1'));
    }
    if (early) await arm();
    await soon(subscriber.subscribe(after));
    await subscribed(server);
    if (fault === 'refuse') await pause(REFUSED_MS);
    if (!early && !first) await arm();
    if (quiet) await control(server, 'POST', 'clock/advance', { by: quiet });
    await control(server, 'DELETE', 'requests');
    const names = await cause(org, fault, together);
    const waited = await watch(subscriber, names);
    const { faults: [{ fired }] } = await control(server, 'GET', 'faults');
    ensure(fired > 0, `${fault} has not fired for ${name}`);
    const { requests } = await control(server, 'GET', 'requests?text=/meta/handshake');
    reported.push(...subscriber.errors);
    return told(subscriber, { names, reported, handshakes: requests.length, waited });
  } finally {
    await Promise.race([subscriber.close().catch(() => {}), pause(1_000)]);
    const { subscribers } = await control(server, 'GET', 'subscribers');
    for (const { id } of subscribers) await control(server, 'DELETE', `subscribers/${id}`).catch(() => {});
  }
}

/** Has a program meet a fault with a request, and says what it was told and what has come of it. */
async function ask(server, org, name, fault) {
  const { act = 'create', ...armed } = REQUESTS[fault];
  await control(server, 'POST', 'reset');
  const record = `${fault} of ${name}`;
  const isPython = name === 'simple_salesforce';
  const acts = isPython ? python(server, await login(server.url)) : await requester(server);
  if (!acts[act]) return '-';
  if (act === 'find' && fault !== 'read-lag') await org.create(record);
  if (fault === 'show') await control(server, 'POST', 'faults', { fault: 'hide', object: 'Account', field: 'Industry' });
  await control(server, 'POST', 'faults', { fault, ...armed });
  if (act === 'find') await acts.create(`${record}, before`).catch(note);
  if (fault === 'read-lag') await org.create(record);
  const begin = Date.now();
  const late = pause(WATCHED_MS).then(() => ({ isWaiting: true }));
  const met = acts[act](record).then((found) => ({ found }), (error) => ({ error }));
  const { found, error, isWaiting } = await Promise.race([met, late]);
  const waited = Date.now() - begin;
  if (fault === 'refuse') await pause(REFUSED_MS);
  const { faults } = await control(server, 'GET', 'faults');
  const { fired } = faults.at(-1);
  ensure(fired > 0, `${fault} has not fired for ${name}`);
  await control(server, 'POST', 'clock/advance', { by: '10m' });
  if (isWaiting) return '**waits on**';
  return answered({ act, error, found, waited, saved: await org.count(record) });
}

async function requester(server) {
  const client = new Requester();
  await client.open(server.url);
  return Object.fromEntries(['login', 'create', 'publish', 'load', 'find'].map((act) => [act, (name) => client[act](name)]));
}

/** The methods of simple-salesforce, each in a process; it logs in at the vendor's hosts only, so it has a token. */
function python(server, token) {
  const script = fileURLToPath(new URL('rehearsal_requests.py', import.meta.url));
  const secure = server.url.replace('http:', 'https:');
  const env = { ...process.env, REQUESTS_CA_BUNDLE: `${server.folder}/data/tls/ca.pem` };
  const run = async (act, name) => {
    const options = [script, secure, token, act, name];
    const { stdout } = await promisify(execFile)(process.env.LANDFALL_PYTHON, options, { env, timeout: 2 * WATCHED_MS });
    const { found, error } = JSON.parse(stdout);
    if (error) throw new Error(error);
    return found;
  };
  return Object.fromEntries(['create', 'publish', 'load', 'find'].map((act) => [act, (name) => run(act, name)]));
}

/** What a program was told, in words, and what has come of it. */
function answered({ act, error, found, waited, saved }) {
  const did = [];
  if (error) did.push(`reports \`${shortened(error.errorCode ?? error.message ?? String(error))}\``);
  if (act === 'find' && !error) did.push(found > 0 ? 'finds the record' : '**does not find** the record');
  if (act === 'create' || act === 'load') {
    if (saved > 1) did.push('**doubles** the record');
    else if (error) did.push(saved === 1 ? '**the record is saved**' : 'nothing is saved');
    else did.push(saved === 1 ? 'saves the record' : '**loses** the record');
  }
  if (did.length === 0) did.push('goes on');
  if (waited > LATE_MS) did.push(`after ${Math.round(waited / 1000)} s`);
  return did.join(', ');
}

/** Waits until the server waits for events, unless the fault keeps the client from it. */
async function subscribed(server) {
  const waits = async () => {
    const { subscribers } = await control(server, 'GET', 'subscribers');
    return subscribers.some(({ state }) => state === 'waiting for events');
  };
  await until('a subscription', waits, 2_000).catch(() => {});
}

/** Changes records, in one transaction or one after the other, and gives their names. */
async function cause(org, fault, together) {
  const names = ['one', 'two', 'three'].map((number) => `${fault} ${number}`);
  if (together) {
    await org.createAll(names);
    return names;
  }
  for (const name of names) {
    await org.create(name);
    // A poll that was held has been answered, and the next one has come.
    await pause(300);
  }
  return names;
}

/** Watches until a client has everything, or will have nothing more, and gives how long that took. */
async function watch(subscriber, names) {
  const begin = Date.now();
  const has = (name) => subscriber.events.some((event) => event.name === name);
  const isDone = () => names.every(has) || (Date.now() - begin > AFTERWARDS_MS && subscriber.hasStopped);
  await until('everything', isDone, WATCHED_MS).catch(() => {});
  const waited = Date.now() - begin;
  await pause(AFTERWARDS_MS);
  return waited;
}

/** What a client did, in words: what it reported, whether it came back and when, what it lost and what came twice. */
function told(subscriber, { names, reported, handshakes, waited }) {
  const { events, hasStopped, isStreaming } = subscriber;
  const did = [];
  const said = reported.map(shortened).filter(Boolean);
  if (said.length > 0) did.push(`reports \`${said[0]}\``);
  if (handshakes > 0) did.push('sends a handshake');
  if (hasStopped) did.push(isStreaming ? 'stops' : 'its stream ends');
  const odd = events.filter(({ change, ids }) => change.startsWith('GAP') || ids[0].endsWith('*'));
  const received = names.filter((name) => events.some((event) => event.name === name));
  const missed = names.length - received.length - odd.length;
  const isTwice = names.some((name) => events.filter((event) => event.name === name).length > 1);
  if (isTwice) did.push('**doubles** an event');
  if (odd.length > 0) did.push('passes the event on');
  if (missed <= 0 && !isTwice && odd.length === 0) {
    did.push(waited > LATE_MS ? `loses nothing, after ${Math.round(waited / 1000)} s` : 'loses nothing');
  }
  if (missed > 0 && received.length + odd.length === 0) did.push(hasStopped ? '**does not come back**' : '**receives nothing more**');
  else if (missed > 0 && hasStopped) did.push('**does not come back**');
  else if (missed > 0) did.push(missed === 1 ? '**loses** an event' : `**loses** ${missed} events`);
  return did.join(', ');
}

/** The part of a message that is the same each time. */
function shortened(text) {
  const [line] = text.replace(/ rpcId:.*/s, '').replace(/request to \S+ failed, reason: /, '').replace(/\b\d{4,}\b/g, 'N').replaceAll('|', '/').split('\n');
  return line.length > 90 ? `${line.slice(0, 90)}…` : line;
}

/** Rehearses all faults with one client, and prints what it did as JSON. */
async function column(name) {
  const server = new Server(`rehearsals-${name}`);
  try {
    await server.start();
    const org = new Org(server);
    await org.login();
    const only = process.env.LANDFALL_REHEARSED;
    const column = {};
    const [faults, meet] = name in APIS.requests ? [REQUESTS, ask] : [FAULTS, rehearse];
    for (const fault of Object.keys(faults)) {
      if (!only || fault === only) column[fault] = await meet(server, org, name, fault);
    }
    writeFileSync(1, `${JSON.stringify(column)}\n`);
  } finally {
    await server.dispose();
  }
}

/** Writes the tables between their marks. */
async function tables() {
  const run = promisify(execFile);
  const columns = {};
  // Two at a time: each client has its server, and what takes long is waiting.
  const waiting = [...CLIENTS];
  const work = async () => {
    for (let client; (client = waiting.shift()); ) {
      columns[client] = JSON.parse((await run(process.execPath, [process.argv[1], client])).stdout);
    }
  };
  await Promise.all([work(), work(), work()]);
  for (const [api, clients] of Object.entries(APIS)) write(api, clients, columns);
  const faults = new Set([...Object.keys(FAULTS), ...Object.keys(REQUESTS)]);
  console.log(`ok rehearsals (${faults.size} faults, ${CLIENTS.length} clients)`);
}

/** Writes the table of an API. */
function write(api, clients, columns) {
  const row = (cells) => `| ${cells.join(' | ')} |\n`;
  const table = api === 'requests' ? REQUESTS : FAULTS;
  const faults = Object.keys(table).filter((fault) => api === 'requests' || table[fault][api]);
  const rows = faults.map((fault) => {
    const { method } = api === 'requests' ? table[fault] : table[fault][api];
    const where = method ? ` on \`${method}\`` : '';
    return row([`\`${fault}\`${where}`, ...Object.keys(clients).map((client) => columns[client][fault])]);
  });
  const titles = Object.values(clients);
  const text = [row(['fault', ...titles]), `|${'---|'.repeat(titles.length + 1)}\n`, ...rows].join('');
  const page = readFileSync(PAGE, 'utf8');
  const [begin, end] = [`<!-- ${api} -->\n`, `<!-- end of ${api} -->\n`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  ensure(from >= 0 && to > from, `${PAGE} has no marks for ${api}`);
  writeFileSync(PAGE, page.slice(0, from + begin.length) + text + page.slice(to));
}

const [name] = process.argv.slice(2);
await (name ? column(name) : tables()).catch((error) => {
  console.error(`FAILED rehearsals: ${error?.stack ?? error}`);
  process.exitCode = 1;
});
// The clients keep timers and connections of their own.
process.exit();
