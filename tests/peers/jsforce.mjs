// jsforce in the way of its documentation: records, queries and events of an org.

import { execFile } from 'node:child_process';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';

import { Connection } from 'jsforce';
import { StreamingExtension } from 'jsforce/lib/api/streaming.js';

import { WAIT_MS, ensure, ensureEqual, snippet, until } from './harness.mjs';

const ACCOUNTS = '/data/AccountChangeEvent';
const VERSION = '59.0';
/** How many records one request of the collections takes. */
const COLLECTION = 200;

async function connect(server) {
  const oauth2 = { loginUrl: server.url, clientId: 'landfall', clientSecret: 'landfall' };
  const connection = new Connection({ oauth2, version: VERSION });
  await connection.login('admin@landfall.test', 'landfall');
  return connection;
}

/** What the promise is refused with. */
async function refusal(promise) {
  const found = await promise.then(() => undefined, (error) => error);
  ensure(found, 'a refusal was expected');
  return found.errorCode;
}

const named = (prefix, count) => Array.from({ length: count }, (_, i) => ({ Name: `${prefix} ${i}` }));

/** The ids of what a collection made or changed. */
function ids(results) {
  const failed = results.find(({ success }) => !success);
  ensure(!failed, `a record of the collection: ${JSON.stringify(failed)}`);
  return results.map(({ id }) => id);
}

/** What arrives on a topic, from a replay id or preset. */
function follow(connection, replayId, topic = ACCOUNTS) {
  const events = [];
  const replay = new StreamingExtension.Replay(topic, replayId);
  const client = connection.streaming.createClient([replay]);
  const subscribed = client.subscribe(topic, (data) => events.push(data));
  return { events, subscribed, close: () => client.disconnect() };
}

const header = ({ payload }) => payload.ChangeEventHeader;

/** One record after another, with the errors that a program tells apart. */
async function records({ server }) {
  const connection = await connect(server);
  const identity = await connection.identity();
  ensureEqual(identity.username, 'admin@landfall.test', 'identity');
  const user = connection.userInfo.id;
  ensureEqual(identity.user_id, user, 'the user');
  const accounts = connection.sobject('Account');
  const { id, success } = await accounts.create({ Name: 'Acme', BillingCity: 'Oslo' });
  ensure(success, 'created');
  await accounts.update({ Id: id, Phone: '555-0100', BillingCity: null });
  const { Name, Phone, BillingCity, CreatedById } = await accounts.retrieve(id);
  ensureEqual({ Name, Phone, BillingCity, CreatedById }, { Name: 'Acme', Phone: '555-0100', BillingCity: null, CreatedById: user }, 'retrieved');

  const shipments = connection.sobject('Shipment__c');
  const first = await shipments.upsert({ Number__c: 'S 1', Notes__c: 'a' }, 'Number__c');
  const second = await shipments.upsert({ Number__c: 'S 1', Notes__c: 'b' }, 'Number__c');
  ensureEqual([first.created, second.created, second.id], [true, false, first.id], 'upserted');
  ensureEqual((await shipments.retrieve(first.id)).Notes__c, 'b', 'Notes__c');

  ensureEqual(await refusal(accounts.create({ Nome: 'x' })), 'INVALID_FIELD', 'an unknown field');
  ensureEqual(await refusal(accounts.create({})), 'REQUIRED_FIELD_MISSING', 'no name');
  await accounts.destroy(id);
  ensureEqual(await refusal(accounts.retrieve(id)), 'ENTITY_IS_DELETED', 'a deleted record');
  ensureEqual(await refusal(accounts.update({ Id: id, Name: 'x' })), 'ENTITY_IS_DELETED', 'a deleted record');
}

/** What an org has, as jsforce reads it before it is told what to do. */
async function describe({ server }) {
  const connection = await connect(server);
  const { sobjects } = await connection.describeGlobal();
  ensure(sobjects.some(({ name, custom }) => name === 'Shipment__c' && custom), 'Shipment__c');
  const { fields, createable } = await connection.describe('Account');
  ensure(createable, 'createable');
  ensureEqual(fields.find(({ name }) => name === 'OwnerId').referenceTo, ['User'], 'referenceTo');
}

/** Arrays go through the collections; each request is a transaction. */
async function collections({ server }) {
  const connection = await connect(server);
  const subscription = follow(connection, -2);
  const accounts = connection.sobject('Account');
  const many = { allowRecursive: true };
  const made = ids(await accounts.create(named('Collected', COLLECTION + 50), many));
  ids(await accounts.update(made.map((Id) => ({ Id, Phone: '1' })), many));
  const read = await accounts.retrieve(made.slice(0, 3));
  ensureEqual(read.map(({ Phone }) => Phone), ['1', '1', '1'], 'retrieved');
  ids(await accounts.destroy(made, many));
  const [good, bad] = await accounts.create([{ Name: 'good' }, { Phone: 'bad' }]);
  ensureEqual([good.success, bad.success, bad.errors[0].statusCode], [true, false, 'REQUIRED_FIELD_MISSING'], 'one of two');

  const { events } = subscription;
  const changed = () => events.flatMap((event) => header(event).recordIds.map((id) => [header(event).changeType, id]));
  const wanted = ['CREATE', 'UPDATE', 'DELETE'].flatMap((change) => made.map((id) => [change, id])).concat([['CREATE', good.id]]);
  await until(() => `${wanted.length} changes, has ${changed().length}`, () => changed().length >= wanted.length);
  ensureEqual(changed(), wanted, 'changes');
  const transactions = new Set(events.map((event) => header(event).transactionKey));
  ensureEqual(transactions.size, 7, 'transactions');
  subscription.close();
}

/** Files as base64 among the values over REST and SOAP, as parts of a request, and read as streams. */
async function files({ server }) {
  const connection = await connect(server);
  const bytes = Buffer.from([0, 1, 255, 13, 10, 45, 45, 98]);
  const VersionData = bytes.toString('base64');
  const versions = connection.sobject('ContentVersion');
  const [first] = ids(await versions.create([{ PathOnClient: 'a.bin', VersionData }, { PathOnClient: 'b.bin', VersionData }]));
  ensureEqual(await buffer(versions.record(first).blob('VersionData')), bytes, 'a version');
  const { ContentDocumentId } = await versions.retrieve(first);
  ensure((await versions.create({ ContentDocumentId, PathOnClient: 'a.bin', VersionData: 'aGVsbG8=' })).success, 'a new version');
  const query = `SELECT LatestPublishedVersion.ContentSize FROM ContentDocument WHERE Id = '${ContentDocumentId}'`;
  const { records: [{ LatestPublishedVersion }] } = await connection.query(query);
  ensureEqual(LatestPublishedVersion.ContentSize, 5, 'the latest version');

  const { id: ParentId } = await connection.sobject('Account').create({ Name: 'Acme' });
  const boundary = 'boundary_string';
  const part = (name, type, content) => [
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="x"\r\nContent-Type: ${type}\r\n\r\n`, content, '\r\n',
  ];
  const send = (url, ...parts) => connection.request({
    method: 'POST', url: `/services/data/v${VERSION}${url}`,
    headers: { 'Content-Type': `multipart/form-data; boundary="${boundary}"` },
    body: Buffer.concat([...parts.flat(), `--${boundary}--`].map((one) => Buffer.from(one))),
  });
  const values = part('entity_document', 'application/json', JSON.stringify({ Name: 'x.bin', ParentId }));
  const { id } = await send('/sobjects/Attachment', values, part('Body', 'application/octet-stream', bytes));
  ensureEqual(await buffer(connection.sobject('Attachment').record(id).blob('Body')), bytes, 'an attachment');
  const record = (Name, binaryPartName) =>
    ({ attributes: { type: 'Attachment', binaryPartName, binaryPartNameAlias: 'Body' }, Name, ParentId });
  const collection = JSON.stringify({ allOrNone: true, records: [record('1', 'one'), record('2', 'two')] });
  const [, two] = ids(await send('/composite/sobjects', part('collection', 'application/json', collection),
    part('two', 'text/plain', 'second'), part('one', 'text/plain', 'first')));
  ensureEqual((await buffer(connection.sobject('Attachment').record(two).blob('Body'))).toString(), 'second', 'a part by its name');

  const soap = new Connection({ loginUrl: server.url, version: VERSION });
  await soap.login('admin@landfall.test', 'landfall');
  const [made] = await soap.soap.create([{ type: 'Attachment', Name: 'y.bin', ParentId, Body: VersionData }]);
  ensureEqual(await buffer(connection.sobject('Attachment').record(made.id).blob('Body')), bytes, 'made over SOAP');
}

/** Pages are fetched until there are no more; what is found is what was made. */
async function query({ server }) {
  const connection = await connect(server);
  const accounts = connection.sobject('Account');
  const made = named('Asked', 2_345).map((account, i) => ({ ...account, NumberOfEmployees: i }));
  ids(await accounts.create(made, { allowRecursive: true }));
  const all = "SELECT Id, Name, Owner.Name FROM Account WHERE Name LIKE 'Asked %' ORDER BY NumberOfEmployees";
  const first = await connection.query(all);
  ensureEqual([first.totalSize, first.done, first.records.length], [2_345, false, 2_000], 'the first page');
  const second = await connection.queryMore(first.nextRecordsUrl);
  ensureEqual([second.done, second.records.length], [true, 345], 'the second page');
  const { records } = await connection.query(all, { autoFetch: true, maxFetch: 5_000, headers: { 'Sforce-Query-Options': 'batchSize=500' } });
  ensureEqual(records.map(({ Name }) => Name), made.map(({ Name }) => Name), 'names');
  ensureEqual(records[0].Owner.attributes.type, 'User', 'a parent');

  const found = await accounts
    .find({ NumberOfEmployees: { $gte: 2_340 }, Name: { $like: 'Asked %' } }, ['Id', 'Name'])
    .sort({ Name: -1 })
    .limit(2);
  ensureEqual(found.map(({ Name }) => Name), ['Asked 2344', 'Asked 2343'], 'found');
  ensureEqual(await accounts.count({ NumberOfEmployees: { $lt: 10 } }), 10, 'counted');
  const [{ n }] = (await connection.query("SELECT COUNT(Id) n FROM Account WHERE Name LIKE 'Asked 1%'")).records;
  ensureEqual(n, made.filter(({ Name }) => Name.startsWith('Asked 1')).length, 'an aggregate');
  ensureEqual(await refusal(connection.query('SELECT Nome FROM Account')), 'INVALID_FIELD', 'an unknown field');
  ensureEqual(await refusal(connection.query('SELECT FROM Account')), 'MALFORMED_QUERY', 'no query');

  await accounts.destroy(records[0].Id);
  const deleted = `SELECT Id FROM Account WHERE Id = '${records[0].Id}'`;
  ensureEqual((await connection.query(deleted)).totalSize, 0, 'without the deleted');
  ensureEqual((await connection.query(deleted, { scanAll: true })).totalSize, 1, 'with the deleted');
}

/** Changes are followed, and followed again from the middle. */
async function streaming({ server }) {
  const connection = await connect(server);
  const accounts = connection.sobject('Account');
  await accounts.create({ Name: 'before' });
  const earliest = follow(connection, -2);
  await until('the stored event', () => earliest.events.length > 0);
  const { id } = await accounts.create({ Name: 'Acme' });
  await accounts.update({ Id: id, Name: 'Umbrella' });
  await accounts.destroy(id);
  const { events } = earliest;
  await until(() => `4 events, has ${events.length}`, () => events.length >= 4);
  ensureEqual(events.map((event) => header(event).changeType), ['CREATE', 'CREATE', 'UPDATE', 'DELETE'], 'changes');
  ensureEqual(events[2].payload.Name, 'Umbrella', 'Name');
  const resumed = follow(connection, events[1].event.replayId);
  await until('what came after', () => resumed.events.length >= 2);
  ensureEqual(resumed.events, events.slice(2), 'what came after');
  earliest.close();
  resumed.close();
}

/** A channel with a filter, made and found by the Tooling API, and followed. */
async function channel({ server }) {
  const connection = await connect(server);
  const { tooling } = connection;
  const fullName = 'Peers__chn';
  await tooling.create('PlatformEventChannel', { FullName: fullName, Metadata: { channelType: 'data', label: 'Peers' } });
  const metadata = {
    eventChannel: fullName, selectedEntity: 'AccountChangeEvent', filterExpression: "Name LIKE 'a%'",
    enrichedFields: [{ name: 'Site' }],
  };
  const { id } = await tooling.create('PlatformEventChannelMember', { FullName: 'Peers_Account', Metadata: metadata });
  const { records } = await tooling.query('SELECT Id, FilterExpression FROM PlatformEventChannelMember');
  const found = records.find((record) => record.Id === id);
  ensureEqual(found.FilterExpression, metadata.filterExpression, 'the filter');
  const accounts = connection.sobject('Account');
  const [, acme] = ids(await accounts.create([{ Name: 'Best' }, { Name: 'Acme', Site: 'Bern' }]));
  await accounts.update({ Id: acme, Phone: '1' });
  const { events, close } = follow(connection, -2, `/data/${fullName}`);
  await until(() => `2 events, has ${events.length}`, () => events.length >= 2);
  const shown = events.map((event) => [header(event).changeType, event.payload.Name, event.payload.Site]);
  ensureEqual(shown, [['CREATE', 'Acme', 'Bern'], ['UPDATE', 'Acme', 'Bern']], 'what passes');
  close();
}

/** A PushTopic, followed as it happens, and again from replay ids. */
async function push_topic({ server }) {
  const connection = await connect(server);
  const query = "SELECT Id, Name FROM Account WHERE Industry = 'Energy'";
  await connection.sobject('PushTopic').create({ Name: 'Energy', ApiVersion: VERSION, Query: query, NotifyForFields: 'Select' });
  const live = [];
  await connection.streaming.topic('Energy').subscribe((data) => live.push(data));
  const accounts = connection.sobject('Account');
  const [, id] = ids(await accounts.create([{ Name: 'Best' }, { Name: 'Acme', Industry: 'Energy' }]));
  await accounts.update({ Id: id, Phone: '1' });
  await accounts.update({ Id: id, Name: 'Umbrella' });
  await accounts.destroy(id);
  const seen = (count, events) => until(() => `${count} events, has ${JSON.stringify(events)}`, () => events.length >= count);
  await seen(3, live);
  const expected = [['created', { Id: id, Name: 'Acme' }], ['updated', { Id: id, Name: 'Umbrella' }], ['deleted', { Id: id }]];
  ensureEqual(live.map(({ event, sobject }) => [event.type, sobject]), expected, 'told');
  for (const [replayId, from] of [[-2, 0], [live[0].event.replayId, 1]]) {
    const { events, close } = follow(connection, replayId, '/topic/Energy');
    await seen(3 - from, events);
    ensureEqual(events, live.slice(from), `from ${replayId}`);
    close();
  }
}

/** A generic channel, found by its name when something is pushed to it. */
async function generic({ server }) {
  const connection = await connect(server);
  const Name = '/u/peers/Example';
  await connection.sobject('StreamingChannel').create({ Name });
  const { records } = await connection.tooling.query('SELECT Name, Id FROM StreamingChannel');
  ensureEqual(records.map((record) => record.Name), [Name], 'channels');
  const channel = connection.streaming.channel(Name);
  const live = [];
  await channel.subscribe((data) => live.push(data));
  const user = connection.userInfo.id;
  ensureEqual(await channel.push({ payload: 'to all' }), { fanoutCount: -1, userOnlineStatus: {} }, 'to all');
  const [pushed] = await channel.push([{ payload: 'to you', userIds: [user] }]);
  ensureEqual(pushed, { fanoutCount: 1, userOnlineStatus: { [user]: true } }, 'to a user');
  await until(() => `2 texts, has ${JSON.stringify(live)}`, () => live.length >= 2);
  ensureEqual(live.map(({ payload }) => payload), ['to all', 'to you'], 'texts');
  const { events, close } = follow(connection, live[0].event.replayId, Name);
  await until('the text after the first', () => events.length > 0);
  ensureEqual(events, live.slice(1), 'replayed');
  close();
}

/** A login without an app, over SOAP, and its end. */
async function soap({ server }) {
  const connection = new Connection({ loginUrl: server.url, version: VERSION });
  const wrong = connection.login('admin@landfall.test', 'wrong');
  ensureEqual(await wrong.then(() => undefined, ({ message }) => message.split(':')[0]), 'INVALID_LOGIN', 'a wrong password');
  const user = await connection.login('admin@landfall.test', 'landfall');
  ensureEqual((await connection.identity()).user_id, user.id, 'the user');
  const { accessToken, instanceUrl } = connection;
  await connection.logout();
  const ended = new Connection({ accessToken, instanceUrl, version: VERSION });
  ensureEqual(await refusal(ended.describe('Account')), 'INVALID_SESSION_ID', 'a login that was ended');
}

/** Calls that the SOAP API alone has, with the change events that they cause. */
async function soap_records({ server }) {
  const connection = new Connection({ loginUrl: server.url, version: VERSION });
  await connection.login('admin@landfall.test', 'landfall');
  const { soap: api } = connection;
  const { subscribed, events, close } = follow(connection, -1);
  await subscribed;
  const [main, victim] = ids(await api.create([{ type: 'Account', Name: 'Main' }, { type: 'Account', Name: 'Victim' }]));
  const [contact] = ids(await api.create([{ type: 'Contact', LastName: 'Boyle', AccountId: victim }]));
  const merged = await api.merge({ masterRecord: { type: 'Account', Id: main, Phone: '1' }, recordToMergeIds: [victim] });
  ensureEqual([merged.success, merged.id, merged.mergedRecordIds, merged.updatedRelatedIds], [true, main, [victim], [contact]], 'merged');
  await until('the events of the merge', () => events.length >= 4);
  ensureEqual(events.map((event) => header(event).changeType), ['CREATE', 'CREATE', 'DELETE', 'UPDATE'], 'changes');
  close();
  const [undone] = await api.undelete([victim]);
  ensureEqual([undone.success, undone.id], [true, victim], 'undeleted');
  ids(await api.delete([victim]));
  const [emptied, again] = await api.emptyRecycleBin([victim, victim]);
  ensureEqual([emptied.success, again.success, again.errors[0].statusCode], [true, false, 'INVALID_ID_FIELD'], 'the recycle bin');
  const { records: gone } = await connection.query(`SELECT Id FROM Account WHERE Id = '${victim}'`, { scanAll: true });
  ensureEqual(gone, [], 'what is left of the victim');
  const [lead] = ids(await api.create([{ type: 'Lead', LastName: 'Mallard', Company: 'Wingo' }]));
  const convert = (convertedStatus) => api.convertLead({ leadId: lead, convertedStatus, doNotCreateOpportunity: false, overwriteLeadSource: false, sendNotificationEmail: false });
  const refused = await convert('Qualified');
  ensureEqual([refused.success, refused.errors[0].statusCode], [false, 'INVALID_STATUS'], 'a status of no converted lead');
  const { success, accountId, opportunityId, leadId } = await convert('Closed - Converted');
  ensureEqual([success, leadId], [true, lead], 'converted');
  const { Name, AccountId } = await connection.sobject('Opportunity').retrieve(opportunityId);
  ensureEqual({ Name, AccountId }, { Name: 'Wingo', AccountId: accountId }, 'the opportunity');
}

/** Jobs of the Bulk API 2.0: what became of each record. */
async function bulk({ server }) {
  const connection = await connect(server);
  const waits = { pollInterval: 50, pollTimeout: WAIT_MS };
  const load = (operation, input) =>
    connection.bulk2.loadAndWaitForResults({ object: 'Account', operation, input, ...waits });
  const accounts = [...named('Loaded, "quoted"', 450), { Name: '' }].map((account) => ({ ...account, Phone: '0' }));
  const made = await load('insert', accounts);
  ensureEqual([made.successfulResults.length, made.failedResults.length, made.unprocessedRecords.length], [450, 1, 0], 'inserted');
  ensure(made.failedResults[0].sf__Error.startsWith('REQUIRED_FIELD_MISSING:'), made.failedResults[0].sf__Error);
  const ids = made.successfulResults.map(({ sf__Id }) => sf__Id);
  const changed = await load('update', ids.map((Id) => ({ Id, Phone: '1' })));
  ensureEqual(changed.successfulResults.length, 450, 'updated');
  const { records: found } = await connection.query("SELECT Id, Name, Phone FROM Account WHERE Name LIKE 'Loaded%'");
  ensureEqual(found.map(({ Id }) => Id).sort(), [...ids].sort(), 'found');
  ensureEqual([found[0].Phone, found[0].Name.startsWith('Loaded, "quoted" ')], ['1', true], 'a record');
  ensureEqual((await load('delete', ids.map((Id) => ({ Id })))).successfulResults.length, 450, 'deleted');
}

/** Query jobs of the Bulk API 2.0: all records as one page. */
async function bulk_query({ server }) {
  const connection = await connect(server);
  connection.bulk2.pollInterval = 50;
  connection.bulk2.pollTimeout = WAIT_MS;
  const count = 10_000;
  const input = named('Found, "quoted"', count);
  await connection.bulk2.loadAndWaitForResults({ object: 'Account', operation: 'insert', input, pollInterval: 50, pollTimeout: WAIT_MS });
  const found = await (await connection.bulk2.query('SELECT Id, Name, Owner.Username, Phone FROM Account')).toArray();
  ensureEqual([found.length, new Set(found.map(({ Id }) => Id)).size], [count, count], 'found');
  const { Name, Phone, 'Owner.Username': owner } = found[0];
  ensureEqual([Name.startsWith('Found, "quoted" '), Phone, owner], [true, '', 'admin@landfall.test'], 'a record');
  const refused = await refusal(connection.bulk2.query('SELECT BillingAddress FROM Account'));
  ensureEqual(refused, 'API_ERROR', 'a query that cannot be a job');
}

/** Jobs with batches of the Bulk API before 2.0, in XML and CSV. */
async function bulk_classic({ server }) {
  const connection = await connect(server);
  connection.bulk.pollInterval = 50;
  connection.bulk.pollTimeout = WAIT_MS;
  const accounts = [...named('Classic', 250), { Name: '' }].map((account) => ({ ...account, Phone: '0' }));
  const made = await connection.bulk.load('Account', 'insert', accounts);
  ensureEqual([made.length, made.filter(({ success }) => success).length], [251, 250], 'inserted');
  ensure(made[250].errors[0].startsWith('REQUIRED_FIELD_MISSING:'), made[250].errors[0]);
  const found = await (await connection.bulk.query('SELECT Id, Name FROM Account')).toArray();
  ensureEqual(found.map(({ Id }) => Id).sort(), made.slice(0, 250).map(({ id }) => id).sort(), 'found');
  const failed = await connection.bulk.query('SELECT BillingAddress FROM Account').catch((error) => error);
  ensure(failed.message.includes('Selecting compound data not supported in Bulk Query'), failed.message);
}

/** An object and its fields, made and read one by one by the Metadata API. */
async function metadata({ server }) {
  const { metadata: api } = await connect(server);
  const { metadataObjects } = await api.describe(VERSION);
  ensure(metadataObjects.some(({ xmlName }) => xmlName === 'PlatformEventChannelMember'), 'types');
  const voyage = {
    fullName: 'Voyage__c', label: 'Voyage', pluralLabel: 'Voyages', deploymentStatus: 'Deployed',
    sharingModel: 'ReadWrite', nameField: { label: 'Name', type: 'Text' },
  };
  ensure((await api.create('CustomObject', voyage)).success, 'created');
  const field = { fullName: 'Voyage__c.Ship__c', label: 'Ship', length: 20, type: 'Text' };
  const [made, refused] = await api.upsert('CustomField', [field, { ...field, fullName: 'Voyage__c.No__c', type: 'No' }]);
  ensureEqual([made.success, made.created, refused.success], [true, true, false], 'upserted');
  const read = await api.read('CustomObject', 'Voyage__c');
  ensureEqual([read.fullName, read.fields[0].label], ['Voyage__c', 'Ship'], 'read');
  const listed = await api.list({ type: 'CustomField' }, VERSION);
  ensure(listed.some(({ fullName, id }) => fullName === field.fullName && id.startsWith('00N')), 'listed');
  ensure((await api.delete('CustomField', field.fullName)).success, 'deleted');
  ensureEqual((await api.read('CustomObject', 'Voyage__c')).fields, [], 'the field is gone');
}

/** The lines that `landfall env` prints for this client. */
async function snippet_of_env({ server }) {
  await (await connect(server)).sobject('Account').create({ Name: 'Acme' });
  const { code, env } = snippet(server, 'jsforce');
  const options = { env, cwd: import.meta.dirname, timeout: WAIT_MS };
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code], options);
  ensure(stdout.includes('Acme'), stdout);
}

export const scenarios = {
  records, describe, collections, files, query, streaming, channel, push_topic, generic, soap, soap_records, bulk, bulk_query,
  bulk_classic, metadata, snippet: snippet_of_env,
};
