// aiosfstream-ng, a Python client, driven over its process's input and output: one JSON object per line.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { WAIT_MS, summary } from './harness.mjs';

const SCRIPT = fileURLToPath(new URL('aiosfstream_peer.py', import.meta.url));

export class Client {
  events = [];
  failures = [];
  reauthenticates = true;
  #process;
  #answers = new Map();
  #commands = 0;

  async open(url) {
    this.#process = spawn(process.env.LANDFALL_PYTHON, [SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#process.stdin.on('error', () => {});
    this.#process.on('exit', (code) => {
      for (const { reject } of this.#answers.values()) reject(new Error(`the Python peer ended with ${code}`));
    });
    createInterface({ input: this.#process.stdout }).on('line', (line) => this.#hear(JSON.parse(line)));
    await this.#ask({ do: 'open', url });
  }

  async subscribe(channel, replayId) {
    await this.#ask({ do: 'subscribe', channel, replayId });
  }

  isStopped() {
    return false;
  }

  async close() {
    if (!this.#process || this.#process.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGKILL');
    await ended;
  }

  #hear({ answer, error, token, event, failure }) {
    if (event) this.events.push(summary(event));
    if (failure) this.failures.push(failure);
    if (token) this.token = token;
    if (answer === undefined) return;
    const { resolve, reject } = this.#answers.get(answer);
    this.#answers.delete(answer);
    if (error) reject(new Error(error));
    else resolve();
  }

  #ask(command) {
    const id = ++this.#commands;
    return new Promise((resolve, reject) => {
      this.#answers.set(id, { resolve, reject });
      setTimeout(() => reject(new Error(`the Python peer did not answer ${command.do}`)), WAIT_MS).unref();
      this.#process.stdin.write(`${JSON.stringify({ id, ...command })}\n`);
    });
  }
}
