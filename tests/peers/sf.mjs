// The `sf` CLI as a person types it, a process for each command. It is large: it runs when it is asked for by name.

import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { WAIT_MS, ensure, ensureEqual, login } from './harness.mjs';

const run = promisify(execFile);
const [NODE, CLI] = [process.env.LANDFALL_SF_NODE, process.env.LANDFALL_SF];

/** Logs in, and gives what runs one command and gives its result. */
async function begin(server) {
  const env = {
    PATH: process.env.PATH,
    HOME: server.folder,
    SF_ACCESS_TOKEN: await login(server.url),
    SF_AUTOUPDATE_DISABLE: 'true',
    SF_DISABLE_TELEMETRY: 'true',
    SF_SKIP_NEW_VERSION_CHECK: 'true',
    SF_USE_GENERIC_UNIX_KEYCHAIN: 'true',
  };
  const sf = async (command, ...options) => {
    const words = [...command.split(' '), ...options];
    if (!words.includes('rest')) words.push('--json');
    const { stdout } = await run(NODE, [CLI, ...words], { env, timeout: WAIT_MS }).catch((error) => {
      throw new Error(`sf ${command}: ${error.stdout}${error.stderr}`);
    });
    const answer = JSON.parse(stdout);
    return answer.result ?? answer;
  };
  const org = await sf('org login access-token --no-prompt --set-default', '--instance-url', server.url);
  ensureEqual(org.username, 'admin@landfall.test', 'username');
  return sf;
}

/** The org, and what is in it. */
async function describe({ server }) {
  const sf = await begin(server);
  ensureEqual((await sf('org display')).connectedStatus, 'Connected', 'connectedStatus');
  const names = await sf('sobject list --sobject all');
  ensure(names.includes('Account') && names.includes('Shipment__c'), 'objects');
  const { fields } = await sf('sobject describe --sobject Account');
  ensureEqual(fields.find(({ name }) => name === 'OwnerId').referenceTo, ['User'], 'referenceTo');
  const limits = await sf('org list limits');
  ensure(limits.some(({ name, max }) => name === 'DailyApiRequests' && max > 0), 'DailyApiRequests');
}

/** Records one by one. */
async function records({ server }) {
  const sf = await begin(server);
  const one = ['--sobject', 'Account'];
  const { id } = await sf('data create record', ...one, '--values', "Name='Acme & Sons' BillingCity=Oslo");
  await sf('data update record', ...one, '--record-id', id, '--values', 'Phone=555');
  const { Name, Phone } = await sf('data get record', ...one, '--record-id', id);
  ensureEqual([Name, Phone], ['Acme & Sons', '555'], 'the record');
  ensureEqual((await sf('data get record', ...one, '--where', "Name='Acme & Sons'")).Id, id, 'found');
  ensureEqual((await sf(`api request rest /services/data/v59.0/sobjects/Account/${id}`)).Name, Name, 'over REST');
  const found = await sf('data query', '--query', 'SELECT Id, Name, Owner.Name FROM Account');
  ensureEqual([found.totalSize, found.records[0].Name, found.records[0].Owner.attributes.type], [1, Name, 'User'], 'query');
  await sf('data delete record', ...one, '--record-id', id);
  ensureEqual((await sf('data query', '--query', 'SELECT Id FROM Account')).totalSize, 0, 'nothing is left');
}

/** A file of records. */
async function bulk({ server }) {
  const sf = await begin(server);
  const file = join(server.folder, 'accounts.csv');
  writeFileSync(file, 'Name,Phone\nAcme,1\n"Umbrella, Inc.",2\n');
  const { processedRecords, successfulRecords } = await sf('data import bulk --sobject Account --wait 1', '--file', file);
  ensureEqual([processedRecords, successfulRecords], [2, 2], 'imported');
  const { records } = await sf('data query', '--query', 'SELECT Name FROM Account ORDER BY Name');
  ensureEqual(records.map(({ Name }) => Name), ['Acme', 'Umbrella, Inc.'], 'found');
}

export const scenarios = { describe, records, bulk };
