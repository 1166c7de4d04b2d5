// The streaming client of jsforce with the extensions of its documentation, for rehearsals.

import { Connection } from 'jsforce';
import { StreamingExtension } from 'jsforce/lib/api/streaming.js';

import { summary } from './harness.mjs';

export class Client {
  events = [];
  failures = [];
  #connection;
  #client;
  #isStopped = false;

  async open(url) {
    const oauth2 = { loginUrl: url, clientId: 'landfall', clientSecret: 'landfall' };
    this.#connection = new Connection({ oauth2, version: '59.0' });
    await this.#connection.login('admin@landfall.test', 'landfall');
  }

  async subscribe(channel, replayId) {
    const stop = () => (this.#isStopped = true);
    const extensions = [new StreamingExtension.AuthFailure(stop), new StreamingExtension.Replay(channel, replayId)];
    this.#client = this.#connection.streaming.createClient(extensions);
    this.#client.addExtension({
      incoming: (message, pass) => {
        if (message.successful === false && message.error) this.failures.push(message);
        pass(message);
      },
    });
    await this.#client.subscribe(channel, (data) => this.events.push(summary({ channel, data })));
  }

  isStopped() {
    return this.#isStopped;
  }

  async close() {
    await this.#client?.disconnect();
  }
}
