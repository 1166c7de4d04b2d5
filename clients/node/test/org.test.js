// Each method does what it says, on a real org.

import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joined } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';

import { ControlError, join, open, start } from 'landfall-testing';

const ACCOUNTS = '/data/AccountChangeEvent';

let org;
before(async () => {
  org = await open();
});
beforeEach(() => org.reset());
after(() => org.close());

const create = async (org, Name) => (await org.rest('POST', 'sobjects/Account', { Name })).id;

async function names(org) {
  const { records } = await org.rest('GET', 'query?q=SELECT+Name+FROM+Account+ORDER+BY+Name');
  return records.map(({ Name }) => Name);
}

test('an org is reset', async () => {
  const first = await create(org, 'one');
  const state = await org.reset();
  assert.deepEqual([state.name, state.records, state.events], ['seed', [], 0]);
  assert.deepEqual(await names(org), []);
  assert.equal(await create(org, 'two'), first);
});

test('requests and mistakes', async () => {
  await create(org, 'one');
  await assert.rejects(org.rest('POST', 'sobjects/Account', { Nmae: 'two' }));
  const [wrong, right] = await org.requests({ api: 'rest' });
  assert.deepEqual([wrong.status, right.status], [400, 201]);
  assert.equal((await org.request(wrong.number)).request.text, '{"Nmae":"two"}');
  const [mistake] = await org.mistakes();
  assert.deepEqual([mistake.kind, mistake.hint], ['unknown-field', 'did you mean Name?']);
  await org.reset();
  assert.deepEqual([await org.requests(), await org.mistakes()], [[], []]);
});

test('snapshots', async () => {
  await create(org, 'one');
  assert.deepEqual((await org.save('with_one')).records, [{ object: 'Account', count: 1 }]);
  await create(org, 'two');
  await org.load('with_one');
  assert.deepEqual(await names(org), ['one']);
  await org.reset({ to: 'with_one', keepSubscribers: true });
  assert.deepEqual((await org.snapshots()).map(({ name }) => name), ['with_one']);
  await org.remove('with_one');
  await assert.rejects(org.load('with_one'), (error) => {
    assert(error instanceof ControlError);
    assert.deepEqual([error.status, error.code], [404, 'snapshot-not-found']);
    return true;
  });
});

test('events are expected', async () => {
  await create(org, 'one');
  const [event] = await org.expect(ACCOUNTS, { payload: { Name: 'one' } });
  const position = await org.position(ACCOUNTS);
  assert.equal(event.replayId, position);
  await assert.rejects(org.expect(ACCOUNTS, undefined, { after: position, timeoutMs: 10 }), { code: 'not-met' });
  assert.equal((await org.settle()).tail, position);
  assert.deepEqual(await org.subscribers(), []);
  assert((await org.topics()).topics.some(({ channel }) => channel === ACCOUNTS));
});

test('what is retained and used', async () => {
  const before = await org.position(ACCOUNTS);
  await create(org, 'one');
  const [event] = await org.events({ topic: ACCOUNTS, type: 'CREATE', from: before + 1 });
  assert.equal((await org.event(event.replayId)).data.payload.Name, 'one');
  const counted = await org.count(ACCOUNTS, before);
  assert.deepEqual([counted.events, counted.first.replayId], [1, event.replayId]);
  assert((await org.schemas()).some(({ event, current }) => event === 'AccountChangeEvent' && current));
  const used = (await org.usage()).topics.find(({ topic }) => topic === ACCOUNTS);
  assert(used.published >= 1);
  const account = (await org.difference('seed')).objects.find(({ object }) => object === 'Account');
  assert.equal(account.created, 1);
  assert((await org.requests()).length > 0);
  await org.clearRequests();
  assert.deepEqual(await org.requests(), []);
});

test('the clock', async () => {
  const other = await org.open();
  assert.equal((await other.clock.freeze('2126-03-01T12:00:00Z')).mode, 'frozen');
  const preview = await other.clock.preview('73h');
  assert.equal(preview.now, '2126-03-04T13:00:00.000Z');
  assert.equal(typeof preview.events, 'number');
  assert.equal((await other.clock.advance('73h')).now, '2126-03-04T13:00:00.000Z');
  const { now } = await other.clock.set('2126-03-05T00:00:00Z');
  assert.equal((await other.clock.read()).now, now);
  assert.equal((await other.clock.resume()).mode, 'running');
  assert((await org.clock.read()).now < '2126');
  await other.close();
});

test('faults', async () => {
  const fault = await org.arm('unavailable', { method: '/limits', next: 1 });
  assert.deepEqual(await org.unfired(), [fault]);
  await assert.rejects(org.rest('GET', 'limits'), /503/);
  assert.deepEqual((await org.faults()).map(({ fired }) => fired), [1]);
  await org.disarm(fault.id);
  assert.deepEqual(await org.faults(), []);
  await org.arm('gap');
  await org.disarm();
  await assert.rejects(org.arm('client-unknwon'), /did you mean "client-unknown"/);
});

test('an isolated org is gone when it closes', async () => {
  await create(org, 'here');
  const other = await org.open();
  assert.deepEqual(await names(other), []);
  assert.notEqual(other.username, org.username);
  await other.close();
  await assert.rejects(other.reset(), { code: 'org-not-found' });
});

test('a started org has its seeds and is joined by its variables', async () => {
  const seed = joined(mkdtempSync(joined(tmpdir(), 'landfall-testing-')), 'accounts.json');
  const attributes = { type: 'Account', referenceId: 'one' };
  writeFileSync(seed, JSON.stringify({ records: [{ attributes, Name: 'seeded' }] }));
  const started = await start({ seeds: [seed] });
  const before = { ...process.env };
  try {
    assert.deepEqual(await names(started), ['seeded']);
    process.env.LANDFALL_TARGET = started.target;
    delete process.env.LANDFALL_ACCESS_TOKEN;
    assert.deepEqual(await names(await join()), ['seeded']);
    const isolated = await open();
    assert.notEqual(isolated.username, started.username);
    await isolated.close();
  } finally {
    process.env = before;
    await started.close();
  }
});

test('a server that does not start says why', async () => {
  await assert.rejects(start({ seeds: ['/nowhere/none.json'] }), /landfall ended:[^]*seed/);
  await assert.rejects(start({ binary: '/nowhere/landfall' }), /landfall ended: .*ENOENT/);
});
