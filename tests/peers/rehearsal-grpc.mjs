// grpcio in the way of the official sample in Python, driven over its process's output, for rehearsals.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { login } from './harness.mjs';

const SCRIPT = fileURLToPath(new URL('rehearsal_grpc.py', import.meta.url));

export class Client {
  events = {};
  ended = {};
  errors = [];
  #url;
  #token;
  #process;

  async open(url) {
    this.#url = url;
    this.#token = await login(url);
  }

  latest(topic) {
    this.#follow(topic, []);
  }

  after(topic, replayId) {
    this.#follow(topic, [String(replayId)]);
  }

  #follow(topic, replay) {
    const events = (this.events[topic] = []);
    const options = [SCRIPT, this.#url, this.#token, topic, ...replay];
    this.#process = spawn(process.env.LANDFALL_PYTHON, options, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#process.on('exit', () => (this.ended[topic] = true));
    createInterface({ input: this.#process.stdout }).on('line', (line) => {
      const { event, error } = JSON.parse(line);
      if (event) events.push({ payload: event });
      if (error) this.errors.push(error);
    });
  }

  async close() {
    if (!this.#process || this.#process.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGKILL');
    await ended;
  }
}
