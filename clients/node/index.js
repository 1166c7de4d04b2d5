// An org of Landfall for tests: started or joined, reset between tests, with its clock and its faults in their hands.
// Each method of an org is a call of the control interface.

import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joined } from 'node:path';

const API_VERSION = '59.0';
// The credentials of the first org of a developer's process, which listens on loopback only.
const USERNAME = 'admin@landfall.test';
const PASSWORD = 'landfall';
const CLIENT = 'landfall';
const READY_MS = 60_000;
const STOP_MS = 20_000;

/** A call that was refused: `code` does not change between versions, `message` may. */
export class ControlError extends Error {
  constructor(status, code, message) {
    super(`${code}: ${message}`);
    this.name = 'ControlError';
    this.status = status;
    this.code = code;
  }
}

/** An org. */
export class Org {
  #close;

  constructor(given, close = async () => {}) {
    Object.assign(this, given);
    this.clock = new Clock(this);
    this.#close = close;
  }

  /** Ends what was started for it. Once is enough. */
  async close() {
    const close = this.#close;
    this.#close = async () => {};
    await close();
  }

  /** A call of the REST API; `path` begins after the version. */
  async rest(method, path, body) {
    const answer = await this.#send(method, `/services/data/v${API_VERSION}/${path}`, body);
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return content(answer);
  }

  /** Logs in again, as a client does whose access token has expired, and uses the new access token from now on. */
  async login() {
    this.accessToken = await login(this);
    return this.accessToken;
  }

  /** Returns to how the org began: `seed`, `empty`, or the name of a snapshot. */
  reset({ to = 'seed', keepSubscribers = false } = {}) {
    return this.control('POST', 'reset', { to, keepSubscribers });
  }

  save(name) {
    return this.control('PUT', `snapshots/${encodeURIComponent(name)}`);
  }

  load(name) {
    return this.control('POST', `snapshots/${encodeURIComponent(name)}`);
  }

  async snapshots() {
    return (await this.control('GET', 'snapshots')).snapshots;
  }

  async remove(name) {
    await this.control('DELETE', `snapshots/${encodeURIComponent(name)}`);
  }

  difference(name, other) {
    const query = other === undefined ? '' : `?${new URLSearchParams({ with: other })}`;
    return this.control('GET', `snapshots/${encodeURIComponent(name)}/difference${query}`);
  }

  arm(fault, whereAndWhen = {}) {
    return this.control('POST', 'faults', { fault, ...whereAndWhen });
  }

  async faults() {
    return (await this.control('GET', 'faults')).faults;
  }

  async unfired() {
    return (await this.faults()).filter(({ fired }) => fired === 0);
  }

  async disarm(id) {
    await this.control('DELETE', id === undefined ? 'faults' : `faults/${encodeURIComponent(id)}`);
  }

  async requests(filter = {}) {
    return (await this.control('GET', `requests?${new URLSearchParams(filter)}`)).requests;
  }

  request(number) {
    return this.control('GET', `requests/${number}`);
  }

  async mistakes() {
    return (await this.control('GET', 'mistakes')).mistakes;
  }

  async clearRequests() {
    await this.control('DELETE', 'requests');
  }

  async events(filter = {}) {
    return (await this.control('GET', `events?${new URLSearchParams(filter)}`)).events;
  }

  event(replayId) {
    return this.control('GET', `events/${replayId}`);
  }

  count(channel, after) {
    return this.control('GET', `topics/${encodeURIComponent(channel)}/count?${new URLSearchParams({ after })}`);
  }

  async schemas() {
    return (await this.control('GET', 'schemas')).schemas;
  }

  usage() {
    return this.control('GET', 'usage');
  }

  settle({ timeoutMs = 5_000 } = {}) {
    return this.control('POST', 'settle', { timeoutMs });
  }

  async expect(channel, match, { count = 1, after, timeoutMs = 5_000 } = {}) {
    return (await this.control('POST', 'expect', { channel, match, count, after, timeoutMs })).events;
  }

  topics() {
    return this.control('GET', 'topics');
  }

  async position(channel, at) {
    const query = at === undefined ? '' : `?${new URLSearchParams({ at })}`;
    return (await this.control('GET', `topics/${encodeURIComponent(channel)}/position${query}`)).replayId;
  }

  async subscribers() {
    return (await this.control('GET', 'subscribers')).subscribers;
  }

  async endSubscriber(id) {
    await this.control('DELETE', `subscribers/${encodeURIComponent(id)}`);
  }

  /** Opens an isolated org in the same process, with the same project and seeds. */
  async open() {
    const { id, username, password, clientId, clientSecret, accessToken } = await this.control('POST', 'orgs');
    const given = { target: this.target, username, password, clientId, clientSecret, accessToken, caFile: this.caFile };
    return new Org(given, () => this.control('DELETE', `orgs/${id}`));
  }

  /** A call of the control interface; `path` begins after its version. */
  async control(method, path, body) {
    const answer = await this.#send(method, `/_landfall/v1/${path}`, body);
    if (answer.ok) return content(answer);
    const text = await answer.text();
    let error;
    try {
      ({ error } = JSON.parse(text));
    } catch {
      // Whatever answers is no developer org.
    }
    const { code = 'no-control-interface', message = `${this.target} answered ${answer.status}` } = error ?? {};
    throw new ControlError(answer.status, code, message);
  }

  #send(method, path, body) {
    const headers = { authorization: `Bearer ${this.accessToken}`, 'content-type': 'application/json' };
    return fetch(this.target + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  }
}

/** The clock of an org. */
class Clock {
  #org;

  constructor(org) {
    this.#org = org;
  }

  read() {
    return this.#org.control('GET', 'clock');
  }

  freeze(at) {
    return this.#org.control('PUT', 'clock', { mode: 'frozen', now: at });
  }

  set(time) {
    return this.#org.control('PUT', 'clock', { now: time });
  }

  advance(by) {
    return this.#org.control('POST', 'clock/advance', { by });
  }

  preview(by) {
    return this.#org.control('POST', 'clock/preview', { by });
  }

  resume() {
    return this.#org.control('PUT', 'clock', { mode: 'running' });
  }
}

/** Starts `landfall dev` with an org that is gone when it closes. */
export async function start({ project, seeds = [], binary, options = [] } = {}) {
  const program = binary ?? process.env.LANDFALL_BIN ?? 'landfall';
  const folder = mkdtempSync(joined(tmpdir(), 'landfall-testing-'));
  const [ready, log] = [joined(folder, 'ready'), joined(folder, 'log')];
  const given = ['dev', '--ephemeral', '--listen', '127.0.0.1:0', '--ready-file', ready];
  if (project !== undefined) given.push('--project', project);
  for (const seed of seeds) given.push('--seed', seed);
  // What surrounds the tests is for the org that they run in, not for the one that they start.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LANDFALL_')));
  const output = openSync(log, 'w');
  const child = spawn(program, [...given, ...options], { stdio: ['ignore', output, output], env });
  closeSync(output);
  const ended = new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', (error) => resolve(error));
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);

  async function close() {
    const patience = setTimeout(kill, STOP_MS);
    child.kill('SIGTERM');
    await ended;
    clearTimeout(patience);
    process.off('exit', kill);
    rmSync(folder, { recursive: true, force: true });
  }

  try {
    const target = await wait(ended, ready, log);
    const caFile = joined(folder, 'ca.pem');
    writeFileSync(caFile, await (await fetch(`${target}/_landfall/ca.pem`)).text());
    const org = { target, username: USERNAME, password: PASSWORD, clientId: CLIENT, clientSecret: CLIENT, caFile };
    return new Org({ ...org, accessToken: await login(org) }, close);
  } catch (error) {
    await close();
    throw error;
  }
}

/** The org that `LANDFALL_TARGET` and the other variables lead to, as `landfall exec` sets them; undefined without them. */
export async function join() {
  const given = process.env;
  if (!given.LANDFALL_TARGET) return undefined;
  const org = {
    target: given.LANDFALL_TARGET.replace(/\/$/, ''),
    username: given.LANDFALL_USERNAME ?? USERNAME,
    password: given.LANDFALL_PASSWORD ?? PASSWORD,
    clientId: given.LANDFALL_CLIENT_ID ?? CLIENT,
    clientSecret: given.LANDFALL_CLIENT_SECRET ?? CLIENT,
    caFile: given.LANDFALL_CA_FILE,
  };
  return new Org({ ...org, accessToken: given.LANDFALL_ACCESS_TOKEN ?? (await login(org)) });
}

/** An org for a test file: an isolated one of the process that `LANDFALL_TARGET` names, or one that is started. */
export async function open(options) {
  const process = await join();
  return process ? process.open() : start(options);
}

async function wait(ended, ready, log) {
  const end = Date.now() + READY_MS;
  const said = () => readFileSync(log, 'utf8');
  for (;;) {
    const look = new Promise((resolve) => setTimeout(resolve, 5, 'look'));
    const found = await Promise.race([ended.then((error) => ({ error })), look]);
    if (found !== 'look') throw new Error(`landfall ended: ${found.error?.message ?? `\n${said()}`}`);
    try {
      const text = readFileSync(ready, 'utf8');
      if (text.endsWith('\n')) return text.split(/\s/)[0].replace(/\/$/, '');
    } catch {
      // Not yet.
    }
    if (Date.now() > end) throw new Error(`landfall was not ready in ${READY_MS / 1000} s:\n${said()}`);
  }
}

async function login({ target, username, password, clientId, clientSecret }) {
  const form = { grant_type: 'password', client_id: clientId, client_secret: clientSecret, username, password };
  const answer = await fetch(`${target}/services/oauth2/token`, { method: 'POST', body: new URLSearchParams(form) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`login at ${target}: ${answer.status} ${text}`);
  return JSON.parse(text).access_token;
}

async function content(answer) {
  const text = await answer.text();
  return text === '' ? undefined : JSON.parse(text);
}
