// The helper for tests in Rust, and its example: `cargo test` in their own workspace.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import { ensure } from './harness.mjs';

const MANIFEST = join(process.env.LANDFALL_CLIENTS, 'rust/Cargo.toml');
const TARGET = join(process.env.LANDFALL_LOGS, '../../helper-rust');

/** There is no connection: the helper starts orgs by itself. */
export class Client {
  async close() {}
}

/** Runs cargo in the workspace of the helper, and gives what it says. */
function cargo(command, ...options) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LANDFALL_')));
  env.LANDFALL_BIN = process.env.LANDFALL_PROGRAM;
  const all = [command, '--manifest-path', MANIFEST, '--locked', '--target-dir', TARGET, ...options];
  try {
    return execFileSync(env.CARGO ?? 'cargo', all, { env, encoding: 'utf8', timeout: 600_000, stdio: 'pipe' });
  } catch (error) {
    throw new Error(`${error.stdout}${error.stderr}`);
  }
}

const passed = /test result: ok\. [1-9]/;

export const scenarios = {
  /** It is as clean as the rest. */
  async lints() {
    cargo('clippy', '--workspace', '--all-targets', '--quiet', '--', '-D', 'warnings');
  },

  /** Each method does what it says. */
  async methods() {
    const said = cargo('test', '--package', 'landfall-testing');
    ensure(passed.test(said), said);
  },

  /** The tests of the example, as many times in a row as `LANDFALL_ROUNDS` says: nothing in them is left to chance. */
  async example() {
    const rounds = Number(process.env.LANDFALL_ROUNDS ?? 1);
    for (let round = 0; round < rounds; round += 1) {
      const said = cargo('test', '--package', 'contact-table');
      ensure(passed.test(said), said);
    }
  },
};
