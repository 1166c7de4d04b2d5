// The helper for tests in JavaScript, installed as a user would, and its example.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { ensure } from './harness.mjs';

const CLIENTS = process.env.LANDFALL_CLIENTS;

/** There is no connection: the helper starts orgs by itself. */
export class Client {
  async close() {}
}

/** A copy of it, so that nothing is made beside the original, with the packages of the other clients. */
function installed() {
  const scripts = dirname(new URL(import.meta.url).pathname);
  const copy = join(scripts, 'helper-node');
  rmSync(copy, { recursive: true, force: true });
  cpSync(join(CLIENTS, 'node'), copy, { recursive: true });
  mkdirSync(join(copy, 'node_modules'));
  for (const name of ['cometd', 'cometd-nodejs-client', 'typescript', '@types']) {
    symlinkSync(join(scripts, 'node_modules', name), join(copy, 'node_modules', name));
  }
  symlinkSync(copy, join(copy, 'node_modules/landfall-testing'));
  return copy;
}

/** Runs a program of Node.js in a folder of the helper. */
function node(folder, ...options) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LANDFALL_')));
  env.LANDFALL_BIN = process.env.LANDFALL_PROGRAM;
  try {
    return execFileSync(process.execPath, options, { cwd: folder, env, encoding: 'utf8', timeout: 120_000, stdio: 'pipe' });
  } catch (error) {
    throw new Error(`${error.stdout}${error.stderr}`);
  }
}

/** Runs the tests of a folder against the program. */
const tests = (folder) => node(folder, '--test', '--test-force-exit');

export const scenarios = {
  /** Each method does what it says. */
  async methods() {
    const said = tests(join(installed(), 'test'));
    ensure(/[#ℹ] pass [1-9]/.test(said) && /[#ℹ] fail 0\b/.test(said), said);
  },

  /** Programs in TypeScript are checked by its types. */
  async types() {
    const copy = installed();
    node(copy, join(copy, 'node_modules/typescript/bin/tsc'), '--noEmit', '--strict', '--module', 'nodenext', 'test/types.ts');
  },

  /** The tests of the example, as many times in a row as `LANDFALL_ROUNDS` says: nothing in them is left to chance. */
  async example() {
    const folder = join(installed(), 'example');
    const rounds = Number(process.env.LANDFALL_ROUNDS ?? 1);
    for (let round = 0; round < rounds; round += 1) {
      const said = tests(folder);
      ensure(/[#ℹ] pass [1-9]/.test(said) && /[#ℹ] fail 0\b/.test(said), said);
    }
  },
};
