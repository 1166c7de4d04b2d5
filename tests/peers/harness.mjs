// What the scenarios stand on: a server that can be killed, a TCP proxy that can be cut, the org over REST, and waits
// that end. Nothing here knows a client.

import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** No wait is longer. */
export const WAIT_MS = 30_000;

const PROGRAM = process.env.LANDFALL_PROGRAM;
const LOGS = process.env.LANDFALL_LOGS;
const PROJECT = process.env.LANDFALL_PEERS_PROJECT;

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until `condition` gives something truthy, and gives it. */
export async function until(what, condition, ms = WAIT_MS) {
  const end = Date.now() + ms;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${typeof what === 'function' ? what() : what}`);
    await pause(5);
  }
}

export function ensure(condition, what) {
  if (!condition) throw new Error(what);
}

export function ensureEqual(found, expected, what) {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: expected ${b}, found ${a}`);
}

/** The lines that `landfall env` prints for a client, and the variables that they need. */
export function snippet(server, client) {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('LANDFALL_'));
  const env = { ...Object.fromEntries(own), XDG_CACHE_HOME: server.folder, XDG_CONFIG_HOME: server.folder };
  const options = ['env', '--client', client, '--target', server.url, '--json'];
  const { code, environment } = JSON.parse(execFileSync(PROGRAM, options, { env, encoding: 'utf8' })).data;
  return { code, env: { ...env, ...environment } };
}

/** A developer org as a process, on a data folder that outlives the process. */
export class Server {
  #process;

  constructor(name) {
    this.folder = mkdtempSync(join(tmpdir(), 'landfall-peers-'));
    mkdirSync(LOGS, { recursive: true });
    this.log = join(LOGS, `${name}.log`);
    rmSync(this.log, { force: true });
  }

  async start() {
    const readyFile = join(this.folder, 'ready');
    rmSync(readyFile, { force: true });
    const log = openSync(this.log, 'a');
    const options = ['dev', '--listen', '127.0.0.1:0', '--data', join(this.folder, 'data'), '--ready-file', readyFile];
    if (PROJECT) options.push('--project', PROJECT);
    const child = spawn(PROGRAM, options, { stdio: ['ignore', log, log] });
    this.#process = child;
    this.url = await until('the server to be ready', () => {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}, see ${this.log}`);
      try {
        return /^http:\/\/127\.0\.0\.1:\d+/.exec(readFileSync(readyFile, 'utf8'))?.[0];
      } catch {
        return undefined;
      }
    });
  }

  /** Ends the process at once, as a power cut would. */
  async kill() {
    await this.#end('SIGKILL');
  }

  /** Ends the process as an operator would. */
  async stop() {
    ensureEqual(await this.#end('SIGTERM'), 0, 'exit code after SIGTERM');
  }

  async dispose() {
    if (this.#process) await this.#end('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  #end(signal) {
    const child = this.#process;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    return ended;
  }
}

/**
 * Stands between client and server, so that connections can be cut and the server can come back elsewhere, while the
 * client goes on with one address.
 */
export class Proxy {
  #server;
  #pairs = new Set();

  /** `target` gives the server's URL at the time of each connection. */
  async start(target) {
    this.#server = net.createServer((client) => this.#accept(client, new URL(target())));
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${this.#server.address().port}`;
  }

  /** Breaks every connection as a failing network does. */
  cut() {
    for (const pair of this.#pairs) pair.cut();
  }

  /** Waits until a request is waiting for its answer and nothing else moves. */
  async pollHeld() {
    await until('a held poll', () => {
      const pairs = [...this.#pairs];
      return pairs.some((pair) => pair.waits) && pairs.every((pair) => Date.now() - pair.movedAt > 60);
    });
  }

  close() {
    this.cut();
    this.#server.close();
  }

  #accept(client, target) {
    const server = net.connect(Number(target.port), target.hostname);
    // Whether the last bytes were the client's, and when they moved.
    const pair = { waits: false, movedAt: Date.now() };
    pair.cut = () => {
      this.#pairs.delete(pair);
      client.resetAndDestroy();
      server.resetAndDestroy();
    };
    this.#pairs.add(pair);
    client.on('data', (bytes) => {
      Object.assign(pair, { waits: true, movedAt: Date.now() });
      server.write(bytes);
    });
    server.on('data', (bytes) => {
      Object.assign(pair, { waits: false, movedAt: Date.now() });
      client.write(bytes);
    });
    for (const [from, to] of [[client, server], [server, client]]) {
      from.on('error', () => pair.cut());
      from.on('end', () => to.end());
      from.on('close', () => {
        this.#pairs.delete(pair);
        to.destroy();
      });
    }
  }
}

/** The org over REST, on a connection of its own, with a login of its own. */
export class Org {
  #server;
  #token;

  constructor(server) {
    this.#server = server;
  }

  async login() {
    this.#token = await login(this.#server.url);
  }

  async create(name) {
    const { status, body } = await this.#send('POST', '/Account', { Name: name });
    ensure(status === 201, `creating ${name}: ${status} ${body}`);
    return JSON.parse(body).id;
  }

  /** Creates accounts in one transaction. */
  async createAll(names) {
    const records = names.map((Name) => ({ attributes: { type: 'Account' }, Name }));
    const { status, body } = await this.#request('POST', 'v59.0/composite/sobjects', { allOrNone: true, records });
    ensure(status === 200 && JSON.parse(body).every(({ success }) => success), `creating ${names}: ${status} ${body}`);
  }

  async update(id, name) {
    const { status, body } = await this.#send('PATCH', `/Account/${id}`, { Name: name });
    ensure(status === 204, `updating ${id}: ${status} ${body}`);
  }

  /** Creates a record of any object, or publishes an event, and gives its id. */
  async insert(kind, fields) {
    const { status, body } = await this.#send('POST', `/${kind}`, fields);
    ensure(status === 201, `creating a ${kind}: ${status} ${body}`);
    return JSON.parse(body).id;
  }

  async change(kind, id, fields) {
    const { status, body } = await this.#send('PATCH', `/${kind}/${id}`, fields);
    ensure(status === 204, `changing ${id}: ${status} ${body}`);
  }

  async delete(id) {
    const { status, body } = await this.#send('DELETE', `/Account/${id}`);
    ensure(status === 204, `deleting ${id}: ${status} ${body}`);
  }

  /** How many accounts have a name. */
  async count(name) {
    const query = `SELECT Id FROM Account WHERE Name = '${name}'`;
    const { status, body } = await this.#request('GET', `v59.0/query?q=${encodeURIComponent(query)}`);
    ensure(status === 200, `${query}: ${status} ${body}`);
    return JSON.parse(body).totalSize;
  }

  /** The id of the one record that a query finds. */
  async one(query) {
    const { status, body } = await this.#request('GET', `v59.0/query?q=${encodeURIComponent(query)}`);
    ensure(status === 200, `${query}: ${status} ${body}`);
    const { records } = JSON.parse(body);
    ensureEqual(records.length, 1, query);
    return records[0].Id;
  }

  /** Pushes texts to a generic channel, or without any asks who listens to it. */
  async push(id, pushEvents) {
    const method = pushEvents ? 'POST' : 'GET';
    const { status, body } = await this.#send(method, `/StreamingChannel/${id}/push`, pushEvents && { pushEvents });
    ensure(status === 200, `${method} push of ${id}: ${status} ${body}`);
    return JSON.parse(body);
  }

  /** Makes, changes or deletes a managed event subscription, and gives the answer, if there is one. */
  managed(method, id, json) {
    return this.#tooling(method, `ManagedEventSubscription/${id}`, json);
  }

  /** Makes a channel of one event, with a filter and enriched fields. */
  async channel(fullName, channelType, selectedEntity, member) {
    await this.#tooling('POST', 'PlatformEventChannel', { FullName: fullName, Metadata: { channelType, label: fullName } });
    const metadata = { eventChannel: fullName, selectedEntity, ...member };
    const name = `${fullName}_${selectedEntity}`.replaceAll('__', '_');
    await this.#tooling('POST', 'PlatformEventChannelMember', { FullName: name, Metadata: metadata });
  }

  async #tooling(method, rest, json) {
    const path = `v62.0/tooling/sobjects/${rest}`;
    const { status, body } = await this.#request(method, path, json);
    ensure(status === 201 || status === 204, `${method} ${path}: ${status} ${body}`);
    return body && JSON.parse(body);
  }

  #send(method, path, json) {
    return this.#request(method, `v59.0/sobjects${path}`, json);
  }

  #request(method, path, json) {
    const body = json && JSON.stringify(json);
    const headers = { Authorization: `Bearer ${this.#token}` };
    if (body) headers['Content-Type'] = 'application/json';
    return request(`${this.#server.url}/services/data/${path}`, method, headers, body);
  }
}

/** Logs in with the password grant and gives the access token. */
export async function login(url) {
  const { status, body } = await form(`${url}/services/oauth2/token`, {
    grant_type: 'password',
    client_id: 'landfall',
    client_secret: 'landfall',
    username: 'admin@landfall.test',
    password: 'landfall',
  });
  ensure(status === 200, `login: ${status} ${body}`);
  return JSON.parse(body).access_token;
}

export async function revoke(url, token) {
  const { status, body } = await form(`${url}/services/oauth2/revoke`, { token });
  ensure(status === 200, `revoke: ${status} ${body}`);
}

function form(url, fields) {
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
  return request(url, 'POST', headers, new URLSearchParams(fields).toString());
}

function request(url, method, headers, body) {
  return new Promise((resolve, reject) => {
    const length = body ? { 'Content-Length': Buffer.byteLength(body) } : {};
    const sent = http.request(url, { method, headers: { ...headers, ...length }, timeout: WAIT_MS, agent: false });
    sent.on('timeout', () => sent.destroy(new Error(`no answer from ${method} ${url}`)));
    sent.on('error', reject);
    sent.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (text += chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode, body: text }));
    });
    sent.end(body);
  });
}

/** An event as the scenarios compare it: a notification of a PushTopic, one that has its payload, or a change event. */
export function summary(message) {
  const { payload, sobject, event } = message.data;
  if (sobject) return { channel: message.channel, replayId: event.replayId, type: event.type, sobject };
  const header = payload.ChangeEventHeader;
  if (!header) return { channel: message.channel, replayId: event.replayId, payload };
  return {
    channel: message.channel,
    replayId: event.replayId,
    entity: header.entityName,
    change: header.changeType,
    ids: header.recordIds,
    name: payload.Name,
  };
}
