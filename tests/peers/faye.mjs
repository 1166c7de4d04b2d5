// faye's client, with the replay extension that users of the Streaming API write for it.

import faye from 'faye';

import { login, summary } from './harness.mjs';

export class Client {
  events = [];
  failures = [];
  reauthenticates = false;
  #faye;
  #positions = new Map();
  #isStopped = false;

  async open(url) {
    this.token = await login(url);
    this.#faye = new faye.Client(`${url}/cometd/59.0`, { retry: 1 });
    this.#faye.disable('websocket');
    this.#faye.setHeader('Authorization', `Bearer ${this.token}`);
    this.#faye.addExtension({
      outgoing: (message, callback) => callback(this.#outgoing(message)),
      incoming: (message, callback) => callback(this.#incoming(message)),
    });
    await new Promise((resolve) => this.#faye.connect(resolve));
  }

  async subscribe(channel, replayId) {
    this.#positions.set(channel, replayId);
    await this.#faye.subscribe(channel).withChannel((name, data) => {
      this.events.push(summary({ channel: name, data }));
    });
  }

  isStopped() {
    return this.#isStopped;
  }

  async close() {
    if (!this.#isStopped) await this.#faye.disconnect();
  }

  #outgoing(message) {
    if (message.channel === '/meta/subscribe') {
      const replayId = this.#positions.get(message.subscription);
      message.ext = { ...message.ext, replay: { [message.subscription]: replayId } };
    }
    // It stops when it is told to; a poll after that would show that it was not.
    if (message.channel === '/meta/connect') this.#isStopped = false;
    return message;
  }

  #incoming(message) {
    const replayId = message.data?.event?.replayId;
    if (replayId !== undefined) this.#positions.set(message.channel, replayId);
    if (message.successful === false && message.error) this.failures.push(message);
    if (message.advice?.reconnect === 'none') this.#isStopped = true;
    return message;
  }
}
