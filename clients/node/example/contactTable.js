// A small integration: a table of contacts that follows an org by its change events, with the client of CometD.

import { CometD } from 'cometd';
import { adapt } from 'cometd-nodejs-client';

adapt();

const CHANNEL = '/data/ContactChangeEvent';

export class ContactTable {
  /** Contacts by id. */
  rows = new Map();
  handshakes = 0;
  #client = new CometD();
  #replayId = -1;

  constructor({ target, accessToken }) {
    const client = this.#client;
    client.configure({
      url: `${target}/cometd/59.0`,
      requestHeaders: { Authorization: `Bearer ${accessToken}` },
      appendMessageTypeToURL: false,
    });
    client.registerExtension('replay', {
      outgoing: (message) => {
        if (message.channel === '/meta/subscribe') message.ext = { replay: { [CHANNEL]: this.#replayId } };
        return message;
      },
    });
    // After each handshake, also one that the client makes by itself because the server has lost the session.
    client.addListener('/meta/handshake', ({ successful }) => {
      if (!successful) return;
      this.handshakes += 1;
      client.subscribe(CHANNEL, ({ data }) => this.#apply(data), this.#subscribed);
    });
  }

  /** Is subscribed when it returns. */
  async follow() {
    await new Promise((resolve) => {
      this.#subscribed = resolve;
      this.#client.handshake();
    });
  }

  #subscribed = () => {};

  stop() {
    return new Promise((resolve) => this.#client.disconnect(resolve));
  }

  #apply({ payload, event }) {
    const { recordIds, changeType } = payload.ChangeEventHeader;
    // The parts of a name are together in one field.
    const { LastName = payload.Name?.LastName, Email } = payload;
    for (const id of recordIds) {
      if (changeType === 'DELETE') this.rows.delete(id);
      else this.rows.set(id, { ...this.rows.get(id), ...(LastName && { LastName }), ...(Email && { Email }) });
    }
    this.#replayId = event.replayId;
  }
}
