// Tests of the integration that never guess how long something takes: cause it, wait until it has arrived, check.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';

import { ControlError, open } from 'landfall-testing';

import { ContactTable } from './contactTable.js';

const CHANNEL = '/data/ContactChangeEvent';
/** No test takes longer. */
const PATIENCE_MS = 30_000;

let org, table;
before(async () => {
  org = await open();
});
beforeEach(async () => {
  await org.login();
  await org.reset();
  table = new ContactTable(org);
  await table.follow();
});
afterEach(async () => {
  await table.stop();
  assert.deepEqual(await org.unfired(), [], 'each fault has fired');
});
after(() => org.close());

const create = async (LastName, more) => (await org.rest('POST', 'sobjects/Contact', { LastName, ...more })).id;
const update = (id, fields) => org.rest('PATCH', `sobjects/Contact/${id}`, fields);
const remove = (id) => org.rest('DELETE', `sobjects/Contact/${id}`);
const together = (names) =>
  org.rest('POST', 'composite/sobjects', {
    allOrNone: true,
    records: names.map((LastName) => ({ attributes: { type: 'Contact' }, LastName })),
  });

/** What the org has. */
async function contacts() {
  const { records } = await org.rest('GET', 'query?q=SELECT+Id,LastName,Email+FROM+Contact');
  return records.map(({ Id, LastName, Email }) => [Id, { LastName, Email }]).sort();
}

const rows = (of = table) => [...of.rows].sort();
const names = () => rows().map(([, { LastName }]) => LastName).sort();

/** Waits until the table is in step, and says what is in it. */
async function inStep(of = table) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    // A session that was lost is not settled until the client is back.
    await org.settle({ timeoutMs: 100 }).catch((error) => assert.equal(error.code, 'not-settled'));
    await of.idle();
    const [is, should] = [rows(of), await contacts()];
    if (JSON.stringify(is) === JSON.stringify(should)) return names();
    if (Date.now() > end) assert.deepEqual(is, should);
  }
}

const refused = (status, code) => (error) => {
  assert(error instanceof ControlError);
  assert.deepEqual([error.status, error.code], [status, code]);
  return true;
};

describe('changes', () => {
  test('a contact is created', async () => {
    const id = await create('Ames', { Email: 'ames@example.com' });
    await org.settle();
    await table.idle();
    assert.deepEqual(rows(), [[id, { LastName: 'Ames', Email: 'ames@example.com' }]]);
  });

  test('an update changes what it names', async () => {
    const id = await create('Ames', { Email: 'ames@example.com' });
    await update(id, { LastName: 'Bell' });
    await inStep();
    assert.deepEqual(table.rows.get(id), { LastName: 'Bell', Email: 'ames@example.com' });
  });

  test('a value is removed', async () => {
    const id = await create('Ames', { Email: 'ames@example.com' });
    await update(id, { Email: null });
    await inStep();
    assert.equal(table.rows.get(id).Email, null);
  });

  test('a contact is deleted', async () => {
    await remove(await create('Ames'));
    await create('Bell');
    assert.deepEqual(await inStep(), ['Bell']);
  });

  test('the last of several changes counts', async () => {
    const id = await create('one');
    for (const LastName of ['two', 'three', 'four']) await update(id, { LastName });
    assert.deepEqual(await inStep(), ['four']);
  });

  test('a transaction has several contacts', async () => {
    await together(['Ames', 'Bell', 'Cole']);
    assert.deepEqual(await inStep(), ['Ames', 'Bell', 'Cole']);
  });

  test('200 contacts come at once', async () => {
    await together(Array.from({ length: 200 }, (_, number) => `contact ${number}`));
    assert.equal((await inStep()).length, 200);
  });

  test('other objects are none of its business', async () => {
    await org.rest('POST', 'sobjects/Account', { Name: 'Acme' });
    await create('Ames');
    assert.deepEqual(await inStep(), ['Ames']);
  });
});

describe('state', () => {
  test('what is there at the beginning is read', async () => {
    await table.stop();
    await create('Ames');
    table = new ContactTable(org);
    await table.follow();
    assert.deepEqual(names(), ['Ames']);
  });

  test('a reset ends the session, and a new table begins', async () => {
    await create('Ames');
    await inStep();
    await org.reset();
    await table.stop();
    table = new ContactTable(org);
    await table.follow();
    await create('Bell');
    assert.deepEqual(await inStep(), ['Bell']);
  });

  test('a reset to nothing leaves nothing', async () => {
    await create('Ames');
    assert.deepEqual((await org.reset({ to: 'empty' })).records, []);
    assert.deepEqual(await contacts(), []);
  });

  test('a reset can keep the session', async () => {
    await org.reset({ keepSubscribers: true });
    await create('Bell');
    assert.deepEqual(await inStep(), ['Bell']);
    assert.equal(table.counts.handshakes, 1);
  });

  test('a snapshot brings contacts back, and their events', async () => {
    const id = await create('Ames');
    const saved = await org.save('with_ames');
    assert.deepEqual(saved.records, [{ object: 'Contact', count: 1 }]);
    await remove(id);
    await org.load('with_ames');
    const [event] = await org.expect(CHANNEL, { payload: { ChangeEventHeader: { recordIds: [id] } } });
    assert.equal(event.replayId, saved.replayId);
    assert.deepEqual((await contacts()).map(([Id]) => Id), [id]);
  });

  test('a snapshot is listed until it is removed', async () => {
    await org.save('short_lived');
    assert((await org.snapshots()).some(({ name }) => name === 'short_lived'));
    await org.remove('short_lived');
    await assert.rejects(org.load('short_lived'), refused(404, 'snapshot-not-found'));
  });

  test('a restart misses nothing', async () => {
    await create('Ames');
    await inStep();
    await table.stop();
    await remove(table.rows.keys().next().value);
    await together(['Bell', 'Cole']);
    table = new ContactTable(org, table);
    await table.follow();
    assert.deepEqual(await inStep(), ['Bell', 'Cole']);
    assert.equal(table.counts.resyncs, 0);
  });

  test('a table begins at a time', async () => {
    await create('before');
    await org.clock.advance('1m');
    const { now } = await org.clock.read();
    await create('after');
    const late = new ContactTable(org, { replayId: await org.position(CHANNEL, now) });
    await late.follow();
    await org.settle();
    await late.idle();
    assert.deepEqual([...late.rows.values()].map(({ LastName }) => LastName), ['after']);
    await late.stop();
  });

  test('another org is another world', async () => {
    const other = await org.open();
    await other.rest('POST', 'sobjects/Contact', { LastName: 'Stranger' });
    await create('Ames');
    assert.deepEqual(await inStep(), ['Ames']);
    await other.close();
  });
});

describe('time', () => {
  test('a clock that stands still gives the same dates', async () => {
    await org.clock.freeze();
    const { now, mode } = await org.clock.read();
    assert.equal(mode, 'frozen');
    const created = await Promise.all([create('Ames'), create('Bell')]);
    for (const id of created) {
      const { CreatedDate } = await org.rest('GET', `sobjects/Contact/${id}?fields=CreatedDate`);
      assert.equal(Date.parse(CreatedDate), Math.floor(Date.parse(now) / 1000) * 1000);
    }
    assert.deepEqual(await inStep(), ['Ames', 'Bell']);
  });

  test('time goes on from where it was set to', async () => {
    const { now } = await org.clock.read();
    const later = new Date(Date.parse(now) + 3_600_000).toISOString();
    await org.clock.set(later);
    await org.clock.resume();
    await create('Ames');
    const [{ data }] = await org.expect(CHANNEL);
    // Commits have no parts of a second.
    assert(data.payload.ChangeEventHeader.commitTimestamp > Date.parse(later) - 1000);
    await assert.rejects(org.clock.set(now), refused(409, 'clock-backwards'));
  });

  test('a poll that is held too long is answered', async () => {
    await org.clock.advance('3m');
    await create('Ames');
    assert.deepEqual(await inStep(), ['Ames']);
  });

  test('a login that has expired is renewed', async () => {
    await create('Ames');
    await inStep();
    await org.clock.advance('25h');
    await org.login();
    await create('Bell');
    assert.deepEqual(await inStep(), ['Ames', 'Bell']);
  });

  test('a replay id that is too old makes it read everything', async () => {
    await create('Ames');
    await inStep();
    await table.stop();
    await create('Bell');
    await org.clock.advance('73h');
    await org.login();
    table = new ContactTable(org, table);
    await table.follow();
    assert.deepEqual(await inStep(), ['Ames', 'Bell']);
    assert.equal(table.counts.resyncs, 1);
  });
});

describe('faults of sessions and connections', () => {
  /** Changes contacts while a fault fires, and gives what is in the table in the end. */
  async function survive(fault, whereAndWhen) {
    await create('Ames');
    await inStep();
    await org.arm(fault, whereAndWhen);
    await create('Bell');
    await create('Cole');
    assert.deepEqual(await inStep(), ['Ames', 'Bell', 'Cole']);
    const [{ fired }] = await org.faults();
    assert.equal(fired, 1);
  }
  const polls = { method: '/meta/connect' };
  const posts = { method: '/cometd' };

  test('a lost session loses nothing', async () => {
    await survive('client-unknown', polls);
    assert.equal(table.counts.handshakes, 2);
  });

  test('a token that is refused is renewed', async () => {
    await create('Ames');
    await inStep();
    await org.arm('token-invalid');
    // The held poll is answered, and the next one is refused.
    await org.clock.advance('3m');
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end && table.counts.logins === 0; ) await org.faults();
    await create('Bell');
    assert.deepEqual(await inStep(), ['Ames', 'Bell']);
    assert.equal(table.counts.logins, 1);
  });

  test('a server that is too busy is asked again', () => survive('unavailable', polls));

  test('a daily limit is survived', () => survive('events-daily-limit', polls));

  test('another server behind the balancer goes on', async () => {
    await survive('server-moved', polls);
    assert.equal(table.counts.handshakes, 1);
  });

  test('a cut connection is made again', () => survive('reset-peer', posts));

  test('a web page in place of an answer is no answer', () => survive('http-503-html', posts));

  test('a connection that ends half-way is made again', () => survive('half-close', posts));

  test('an answer in small pieces is an answer', () => survive('slice', { ...posts, bytes: 7, delay: '1ms' }));

  test('a fault that is taken back does not fire', async () => {
    const { id, fired } = await org.arm('client-unknown', { ...polls, after: 5 });
    assert.equal(fired, 0);
    await org.disarm(id);
    await create('Ames');
    assert.deepEqual(await inStep(), ['Ames']);
    assert.equal(table.counts.handshakes, 1);
  });
});

describe('faults of events', () => {
  const topic = { topic: CHANNEL };

  test('a refused replay id makes it read everything', async () => {
    await create('Ames');
    await inStep();
    await table.stop();
    await org.arm('replay-id-invalid', topic);
    await create('Bell');
    table = new ContactTable(org, table);
    await table.follow();
    assert.deepEqual(await inStep(), ['Ames', 'Bell']);
    assert.equal(table.counts.resyncs, 1);
  });

  test('a gap event makes it read a contact', async () => {
    await org.arm('gap', topic);
    await create('Ames');
    assert.deepEqual(await inStep(), ['Ames']);
    assert.deepEqual([table.counts.rereads, table.counts.resyncs], [1, 1]);
  });

  test('an overflow makes it read everything', async () => {
    await org.arm('overflow', topic);
    await together(['Ames', 'Bell']);
    assert.deepEqual(await inStep(), ['Ames', 'Bell']);
    assert.equal(table.counts.resyncs, 2);
  });

  test('a field that became another type makes it read everything', async () => {
    const id = await create('Ames');
    await org.arm('conversion', topic);
    await update(id, { Email: 'ames@example.com' });
    await inStep();
    assert.equal(table.rows.get(id).Email, 'ames@example.com');
    assert.equal(table.counts.resyncs, 2);
  });

  test('an event that comes twice counts once', async () => {
    await org.arm('duplicate', topic);
    await create('Ames');
    await create('Bell');
    assert.deepEqual(await inStep(), ['Ames', 'Bell']);
  });

  test('a late event comes with time', async () => {
    await org.clock.freeze();
    await org.arm('delay', { ...topic, delay: '10m' });
    await create('Ames');
    await org.expect(CHANNEL);
    assert.deepEqual(names(), []);
    await org.clock.advance('10m');
    assert.deepEqual(await inStep(), ['Ames']);
  });

  test('an event that never comes is found by comparing', async () => {
    await org.arm('drop', topic);
    await create('Ames');
    await create('Bell');
    await org.settle();
    await table.idle();
    assert.deepEqual(names(), ['Bell']);
    table.resync();
    assert.deepEqual(await inStep(), ['Ames', 'Bell']);
  });
});

describe('what the integration does', () => {
  test('it makes no mistakes', async () => {
    await create('Ames');
    await inStep();
    assert.deepEqual(await org.mistakes(), []);
    const requests = await org.requests({ api: 'streaming', text: '/meta/subscribe' });
    const subscribing = await org.request(requests.at(-1).number);
    assert(subscribing.request.text.includes(`"ext":{"replay":{"${CHANNEL}":-1}}`));
  });

  test('a wrong channel is a mistake, and the right one is named', async () => {
    const headers = { authorization: `Bearer ${org.accessToken}`, 'content-type': 'application/json' };
    const send = async (message) => {
      const answer = await fetch(`${org.target}/cometd/59.0`, { method: 'POST', headers, body: JSON.stringify([message]) });
      headers.cookie = answer.headers.getSetCookie().map((cookie) => cookie.split(';')[0]).join('; ') || headers.cookie;
      return (await answer.json())[0];
    };
    const hello = { channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['long-polling'] };
    const { clientId } = await send(hello);
    await send({ channel: '/meta/subscribe', clientId, subscription: '/data/ContactsChangeEvent' });
    await send({ channel: '/meta/disconnect', clientId });
    const [{ kind, hint }] = await org.mistakes();
    assert.deepEqual([kind, hint], ['unknown-channel', `did you mean ${CHANNEL}?`]);
  });

  test('its subscription has no lag, and can be ended', async () => {
    await create('Ames');
    await inStep();
    const [{ id, protocol, subscriptions }] = await org.subscribers();
    assert.deepEqual([protocol, subscriptions.map(({ channel, lag }) => [channel, lag])], ['cometd', [[CHANNEL, 0]]]);
    await org.endSubscriber(id);
    await create('Bell');
    assert.deepEqual(await inStep(), ['Ames', 'Bell']);
    assert.equal(table.counts.handshakes, 2);
  });

  test('events are waited for, and missed in time', async () => {
    const { topics, tail } = await org.topics();
    assert(topics.some(({ channel }) => channel === CHANNEL));
    await together(['Ames', 'Bell']);
    const events = await org.expect(CHANNEL, { payload: { ChangeEventHeader: { changeType: 'CREATE' } } }, { count: 2, after: tail });
    assert.deepEqual(events.map(({ data }) => data.payload.Name.LastName), ['Ames', 'Bell']);
    const match = { payload: { Name: { LastName: 'Nobody' } } };
    await assert.rejects(org.expect(CHANNEL, match, { timeoutMs: 20 }), refused(408, 'not-met'));
  });
});
