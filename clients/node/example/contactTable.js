// A small integration: a table of contacts that is kept in step with an org by its change events, with the client of CometD.
//
// It survives what the service does rarely: lost sessions, expired logins, replay ids that are too old, events that come
// twice, and events that only say that something has changed.

import { CometD } from 'cometd';
import { adapt } from 'cometd-nodejs-client';

adapt();

const CHANNEL = '/data/ContactChangeEvent';
const FIELDS = ['LastName', 'Email'];
const NEW_ONLY = -1;

export class ContactTable {
  /** Contacts by id. */
  rows = new Map();
  /** What it did to stay in step. */
  counts = { handshakes: 0, logins: 0, rereads: 0, resyncs: 0 };
  /** The replay id of the last event; a table that is made with it goes on from there. */
  replayId;
  #client = new CometD();
  #org;
  #work = Promise.resolve();
  #isStopped = false;

  /** `org` has `target`, `accessToken`, and `login`, which gives a new access token. */
  constructor(org, { rows, replayId = NEW_ONLY } = {}) {
    this.#org = org;
    this.rows = new Map(rows);
    this.replayId = replayId;
    const client = this.#client;
    client.registerExtension('replay', {
      outgoing: (message) => {
        if (message.channel === '/meta/subscribe') message.ext = { replay: { [CHANNEL]: this.replayId } };
        return message;
      },
    });
    client.addListener('/meta/handshake', (answer) => this.#handshaked(answer));
    client.addListener('/meta/connect', (answer) => this.#polled(answer));
  }

  /** Is subscribed when it returns, and has what is there. */
  async follow() {
    this.#configure();
    await new Promise((resolve) => {
      this.#subscribed = resolve;
      this.#client.handshake();
    });
    await this.idle();
  }

  async stop() {
    this.#isStopped = true;
    await new Promise((resolve) => this.#client.disconnect(resolve));
    await this.idle();
  }

  /** Done when everything that has come is in the table. */
  async idle() {
    for (let work; work !== this.#work; ) {
      work = this.#work;
      await work;
    }
  }

  /** Reads the whole table again. */
  resync() {
    this.#then(async () => {
      this.counts.resyncs += 1;
      this.rows = new Map(await this.#read(''));
    });
  }

  #subscribed = () => {};

  #configure() {
    this.#client.configure({
      url: `${this.#org.target}/cometd/59.0`,
      requestHeaders: { Authorization: `Bearer ${this.#org.accessToken}` },
      appendMessageTypeToURL: false,
      backoffIncrement: 20,
    });
  }

  /** After each handshake, also one that the client makes by itself because the server has lost the session. */
  #handshaked(answer) {
    if (!answer.successful) return this.#refused(answer);
    this.counts.handshakes += 1;
    this.#subscribe();
  }

  #subscribe() {
    this.#client.subscribe(CHANNEL, ({ data }) => this.#then(() => this.#apply(data)), (answer) => {
      if (answer.successful) {
        // Without a replay id, nobody knows what has happened before.
        if (this.replayId === NEW_ONLY) this.resync();
        this.#subscribed();
      } else if (!this.#isStopped && answer.error?.includes('replayId')) {
        // What has happened since is not retained: begin with what comes now.
        this.replayId = NEW_ONLY;
        this.#subscribe();
      } else {
        this.#refused(answer);
      }
    });
  }

  #polled(answer) {
    if (!answer.successful) this.#refused(answer);
  }

  /** The client comes back by itself unless it is advised not to. */
  #refused({ error = '', advice }) {
    if (this.#isStopped || advice?.reconnect !== 'none') return;
    this.#then(async () => {
      if (error.startsWith('401')) {
        this.counts.logins += 1;
        await this.#org.login();
      }
      this.#configure();
      this.#client.handshake();
    });
  }

  async #apply({ payload, event }) {
    // It came before.
    if (event.replayId <= this.replayId) return;
    const { recordIds, changeType } = payload.ChangeEventHeader;
    const isAbout = recordIds.every((id) => /^003\w{15}$/.test(id));
    if (!isAbout) {
      // Too many changes to name them.
      this.resync();
    } else if (changeType.startsWith('GAP_')) {
      await this.#reread(recordIds);
    } else {
      for (const id of recordIds) this.#change(id, changeType, payload);
    }
    this.replayId = event.replayId;
  }

  #change(id, changeType, payload) {
    if (changeType === 'DELETE') {
      this.rows.delete(id);
      return;
    }
    const row = changeType === 'UPDATE' ? this.rows.get(id) : undefined;
    // The parts of a name are together in one field.
    const values = { ...payload, ...payload.Name };
    const changed = FIELDS.filter((name) => name in values).map((name) => [name, values[name]]);
    this.rows.set(id, { LastName: null, Email: null, ...row, ...Object.fromEntries(changed) });
  }

  /** An event says that contacts have changed, and not how. */
  async #reread(ids) {
    this.counts.rereads += 1;
    for (const id of ids) this.rows.delete(id);
    for (const [id, row] of await this.#read(` WHERE Id IN ('${ids.join("','")}')`)) this.rows.set(id, row);
  }

  async #read(where) {
    const query = encodeURIComponent(`SELECT Id, LastName, Email FROM Contact${where}`);
    const url = `${this.#org.target}/services/data/v59.0/query?q=${query}`;
    const ask = () => fetch(url, { headers: { Authorization: `Bearer ${this.#org.accessToken}` } });
    let answer = await ask();
    if (answer.status === 401) {
      this.counts.logins += 1;
      await this.#org.login();
      answer = await ask();
    }
    if (!answer.ok) throw new Error(`the query was answered with ${answer.status}`);
    const { records } = await answer.json();
    return records.map(({ Id, LastName, Email }) => [Id, { LastName, Email }]);
  }

  /** One piece of work after the other, in the order of the events. */
  #then(work) {
    this.#work = this.#work.then(work);
  }
}
