// The `sf` CLI as a person types it, a process for each command.

import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { Client } from './cometd.mjs';
import { ensure, ensureEqual, login, until } from './harness.mjs';

const run = promisify(execFile);
/** A command is a large program that has to start first. */
const COMMAND_MS = 120_000;

const [NODE, CLI] = [process.env.LANDFALL_SF_NODE, process.env.LANDFALL_SF];

/** Logs in, and gives what runs one command in a folder and gives its result. */
async function begin(server, cwd = server.folder) {
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
    const { stdout } = await run(NODE, [CLI, ...words], { cwd, env, timeout: COMMAND_MS }).catch((error) => {
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
  const exported = join(server.folder, 'exported.csv');
  const query = 'SELECT Name, Phone FROM Account ORDER BY Name';
  await sf('data export bulk --result-format csv --wait 1', '--query', query, '--output-file', exported);
  ensureEqual(readFileSync(exported, 'utf8'), '"Name","Phone"\n"Acme","1"\n"Umbrella, Inc.","2"\n', 'exported');
}

/** Trees of records are exported with a plan, and imported by it; a file of PushTopics is imported as it is. */
async function tree({ server }) {
  const sf = await begin(server);
  const { id } = await sf('data create record --sobject Account', '--values', "Name='Acme'");
  await sf('data create record --sobject Contact', '--values', `LastName='Ames' AccountId='${id}'`);
  const query = 'SELECT Name, (SELECT LastName FROM Contacts) FROM Account';
  const folder = join(server.folder, 'exported');
  mkdirSync(folder);
  await sf('data export tree --plan', '--query', query, '--output-dir', folder);
  const plan = readdirSync(folder).find((name) => name.endsWith('plan.json'));
  await sf('data import tree', '--plan', join(folder, plan));
  const { records } = await sf('data query', '--query', 'SELECT Account.Name, AccountId FROM Contact');
  ensureEqual(records.map(({ Account }) => Account.Name), ['Acme', 'Acme'], 'imported');
  ensure(records[0].AccountId !== records[1].AccountId, 'with an account of its own');

  const file = join(server.folder, 'PushTopic.json');
  const topic = { Name: 'Acmes', ApiVersion: 59, Query: "SELECT Id FROM Account WHERE Name = 'Acme'" };
  const attributes = { type: 'PushTopic', referenceId: 'PushTopicRef1' };
  writeFileSync(file, JSON.stringify({ records: [{ attributes, ...topic }] }));
  await sf('data import tree', '--files', file);
  const found = await sf('data query', '--query', 'SELECT Name FROM PushTopic');
  ensureEqual(found.records.map(({ Name }) => Name), ['Acmes'], 'the topic');
}

/** A file by itself, and one with a title that is attached to a record. */
async function file({ server }) {
  const sf = await begin(server);
  const path = join(server.folder, 'manifest.txt');
  writeFileSync(path, 'Kelp, Sole\n');
  const one = await sf('data create file', '--file', path);
  ensureEqual([one.Title, one.FileExtension], ['manifest', 'txt'], 'a title by default');

  const { id } = await sf('data create record --sobject Account', '--values', "Name='Acme'");
  const attached = await sf('data create file', '--file', path, '--title', 'Cargo', '--parent-id', id);
  ensureEqual(attached.Title, 'Cargo', 'its title');
  const links = 'SELECT ContentDocumentId, ShareType FROM ContentDocumentLink';
  const { records: found } = await sf('data query', '--query', `${links} WHERE LinkedEntityId = '${id}'`);
  ensureEqual(found.map(({ ContentDocumentId, ShareType }) => [ContentDocumentId, ShareType]),
    [[attached.ContentDocumentId, 'V']], 'attached');

  const data = `/services/data/v62.0/sobjects/ContentVersion/${attached.Id}/VersionData`;
  const answer = await fetch(server.url + data, { headers: { Authorization: `Bearer ${await login(server.url)}` } });
  ensureEqual(await answer.text(), 'Kelp, Sole\n', 'the bytes of the file');
}

const XML = '<?xml version="1.0" encoding="UTF-8"?>';
const NAMESPACE = 'xmlns="http://soap.sforce.com/2006/04/metadata"';

/** Writes a component of a project. */
function component(folder, path, root, content) {
  const file = join(folder, 'force-app', `${path}-meta.xml`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${XML}\n<${root} ${NAMESPACE}>${content}</${root}>\n`);
}

/** A project with an object, an event, and a channel. */
function project(server) {
  const folder = join(server.folder, 'project');
  mkdirSync(join(folder, 'force-app'), { recursive: true });
  const settings = { packageDirectories: [{ path: 'force-app', default: true }], sourceApiVersion: '62.0' };
  writeFileSync(join(folder, 'sfdx-project.json'), JSON.stringify(settings));
  const object = (name, more) =>
    component(folder, `objects/${name}/${name}.object`, 'CustomObject',
      `<deploymentStatus>Deployed</deploymentStatus><label>L</label><pluralLabel>Ls</pluralLabel>${more}`);
  const field = (name, label) =>
    component(folder, `objects/${name}.field`, 'CustomField',
      `<fullName>${name.split('/').at(-1)}</fullName><label>${label}</label><length>20</length><type>Text</type>`);
  object('Voyage__c', '<nameField><label>Name</label><type>Text</type></nameField><sharingModel>ReadWrite</sharingModel>');
  field('Voyage__c/fields/Ship__c', 'Ship');
  object('Landed__e', '<eventType>HighVolume</eventType><publishBehavior>PublishImmediately</publishBehavior>');
  field('Landed__e/fields/Port__c', 'Port');
  component(folder, 'platformEventChannels/Sea__chn.platformEventChannel', 'PlatformEventChannel',
    '<channelType>data</channelType><label>Sea</label>');
  component(folder, 'platformEventChannelMembers/Sea_Voyage.platformEventChannelMember', 'PlatformEventChannelMember',
    "<eventChannel>Sea__chn</eventChannel><filterExpression>Name = 'Two'</filterExpression>" +
    '<selectedEntity>Voyage__ChangeEvent</selectedEntity>');
  return { folder, field };
}

/** A project is deployed, its events are followed, it is retrieved, changed, validated, and parts of it are deleted. */
async function deploy({ server, org }) {
  const { folder, field } = project(server);
  const sf = await begin(server, folder);
  const all = ['--source-dir', 'force-app'];
  const deployed = await sf('project deploy start', ...all);
  ensureEqual([deployed.status, deployed.numberComponentsDeployed], ['Succeeded', 6], 'deployed');
  ensure(deployed.files.every(({ state }) => state === 'Created'), 'every file is created');

  const subscriber = new Client();
  await subscriber.open(server.url);
  await subscriber.subscribe('/event/Landed__e', -1);
  await subscriber.subscribe('/data/Voyage__ChangeEvent', -1);
  await subscriber.subscribe('/data/Sea__chn', -1);
  await org.insert('Landed__e', { Port__c: 'Bergen' });
  await org.insert('Voyage__c', { Name: 'One', Ship__c: 'Gjoa' });
  await org.insert('Voyage__c', { Name: 'Two', Ship__c: 'Fram' });
  await until('the events', () => subscriber.events.length === 4);
  const of = (channel) => subscriber.events.filter((event) => event.channel === channel);
  ensureEqual(of('/event/Landed__e')[0].payload.Port__c, 'Bergen', 'the platform event');
  ensureEqual(of('/data/Voyage__ChangeEvent').map(({ change }) => change), ['CREATE', 'CREATE'], 'the change events');
  ensureEqual(of('/data/Sea__chn').map(({ name }) => name), ['Two'], 'what passes the filter of the channel');
  await subscriber.close();

  const listed = await sf('org list metadata --metadata-type CustomObject');
  ensure(listed.some(({ fullName, id }) => fullName === 'Voyage__c' && id.startsWith('01I')), 'listed');
  const again = await sf('project deploy start', ...all);
  ensure(again.files.every(({ state }) => state === 'Unchanged'), 'nothing changes');

  field('Voyage__c/fields/Ship__c', 'Vessel');
  const validated = await sf('project deploy validate', ...all);
  ensureEqual([validated.status, validated.checkOnly], ['Succeeded', true], 'validated');
  const quick = await sf('project deploy quick', '--job-id', validated.id);
  ensureEqual(quick.status, 'Succeeded', 'deployed without another look');
  ensureEqual((await sf('project deploy report', '--job-id', quick.id)).id, quick.id, 'reported');

  field('Voyage__c/fields/Ship__c', 'Something else');
  const retrieved = await sf('project retrieve start', '--metadata', 'CustomObject:Voyage__c', '--metadata', 'PlatformEventChannel');
  ensureEqual(retrieved.status, 'Succeeded', 'retrieved');
  const file = join(folder, 'force-app/objects/Voyage__c/fields/Ship__c.field-meta.xml');
  ensure(readFileSync(file, 'utf8').includes('<label>Vessel</label>'), 'the field is as in the org');

  await sf('project delete source --no-prompt', '--metadata', 'CustomField:Voyage__c.Ship__c');
  const { fields } = await sf('sobject describe --sobject Voyage__c');
  ensure(!fields.some(({ name }) => name === 'Ship__c'), 'the field is gone');
}

export const scenarios = { describe, records, bulk, tree, file, deploy };
