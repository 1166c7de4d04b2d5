// The CometD project's JavaScript client, with the replay extension of the Streaming API's samples. Older versions of it
// have the same interface, and no class that extensions are of.

import { CometD, Extension } from 'cometd';
import { adapt } from 'cometd-nodejs-client';

import { login, summary } from './harness.mjs';

adapt();

export const Client = clientOf(CometD, Extension);

/** A client of one version of the library. */
export function clientOf(Library, Base = class {}) {
  class Replay extends Base {
    positions = new Map();
    #client;

    constructor(client) {
      super();
      this.#client = client;
    }

    outgoing(message) {
      if (message.channel === '/meta/subscribe') {
        const replayId = this.positions.get(message.subscription);
        message.ext = { ...message.ext, replay: { [message.subscription]: replayId } };
      }
      return message;
    }

    incoming(message) {
      const replayId = message.data?.event?.replayId;
      if (replayId !== undefined) this.positions.set(message.channel, replayId);
      if (message.successful === false && message.error) this.#client.failures.push(message);
      return message;
    }
  }

  return class {
    events = [];
    failures = [];
    reauthenticates = false;
    #cometd = new Library();
    #replay = new Replay(this);
    #channels = [];

    async open(url) {
      this.token = await login(url);
      this.#cometd.unregisterTransport('websocket');
      this.#cometd.configure({
        url: `${url}/cometd/59.0`,
        requestHeaders: { Authorization: `Bearer ${this.token}` },
        appendMessageTypeToURL: false,
        logLevel: 'error',
      });
      this.#cometd.registerExtension('replay', this.#replay);
      // A new session knows nothing of the subscriptions of the one before.
      this.#cometd.addListener('/meta/handshake', (reply) => {
        if (reply.successful) for (const channel of this.#channels) this.#subscribe(channel);
      });
      await new Promise((resolve, reject) => {
        this.#cometd.handshake((reply) => (reply.successful ? resolve() : reject(new Error(reply.error))));
      });
    }

    async subscribe(channel, replayId) {
      this.#replay.positions.set(channel, replayId);
      const reply = await new Promise((resolve) => this.#subscribe(channel, resolve));
      if (!reply.successful) throw new Error(reply.error);
      this.#channels.push(channel);
    }

    isStopped() {
      return this.#cometd.isDisconnected();
    }

    async close() {
      if (this.#cometd.isDisconnected()) return;
      await new Promise((resolve) => this.#cometd.disconnect(resolve));
    }

    #subscribe(channel, done) {
      this.#cometd.subscribe(channel, (message) => this.events.push(summary(message)), done);
    }
  };
}
