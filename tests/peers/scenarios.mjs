// What every client must live through. One list for all: a scenario speaks to a client only through `open`,
// `subscribe`, `events`, `failures`, `token` and `isStopped`.
//
// A scenario is a function of `{ server, proxy, org, client }`: the server is fresh, the client goes through the proxy,
// `org` writes to the server directly.

import { ensure, ensureEqual, pause, revoke, until } from './harness.mjs';

const ACCOUNTS = '/data/AccountChangeEvent';
const ALL = '/data/ChangeEvents';
const REPLAY_ID_INVALID =
  '400::The replayId {12} you provided was invalid.  Please provide a valid ID, ' +
  '-2 to replay all events, or -1 to replay only new events.';

/** A change arrives on the channel of its object and on the channel of all changes. */
async function receive({ proxy, org, client }) {
  const subscriber = client();
  await subscriber.open(proxy.url);
  await subscriber.subscribe(ACCOUNTS, -1);
  await subscriber.subscribe(ALL, -1);
  const id = await org.create('Acme');
  await org.update(id, 'Acme Corp');
  await org.delete(id);
  await until(() => `6 events, has ${JSON.stringify(subscriber.events)}`, () => subscriber.events.length >= 6);
  for (const channel of [ACCOUNTS, ALL]) {
    const events = subscriber.events.filter((event) => event.channel === channel);
    ensureEqual(events.map(({ change, name }) => [change, name]), [['CREATE', 'Acme'], ['UPDATE', 'Acme Corp'], ['DELETE', undefined]], channel);
    ensure(events.every((event) => event.entity === 'Account'), `${channel}: every event is of Account`);
    ensure(events.every((event) => event.ids.length === 1 && event.ids[0] === id), `${channel}: every event is of ${id}`);
    ensureRising(events);
  }
}

/** Replay from the earliest event, from a stored one, and only new ones. */
async function replay({ proxy, org, client }) {
  for (const name of ['A', 'B', 'C']) await org.create(name);
  const earliest = await subscribed(client, proxy, -2);
  await received(earliest, ['A', 'B', 'C']);
  const stored = await subscribed(client, proxy, earliest.events[1].replayId);
  await received(stored, ['C']);
  const latest = await subscribed(client, proxy, -1);
  await org.create('D');
  await received(earliest, ['A', 'B', 'C', 'D']);
  await received(stored, ['C', 'D']);
  await received(latest, ['D']);
}

/** The network breaks while a poll is held; a change is made before the client is back. */
async function cut({ proxy, org, client }) {
  const subscriber = await subscribed(client, proxy, -1);
  const names = [];
  for (let round = 0; round < 3; round += 1) {
    await proxy.pollHeld();
    proxy.cut();
    names.push(`in the dark ${round}`);
    await org.create(names.at(-1));
    await received(subscriber, names);
    names.push(`after it ${round}`);
    await org.create(names.at(-1));
    await received(subscriber, names);
  }
}

/** A channel with a filter: what passes arrives with its replay ids, also when it is asked for again. */
async function channel({ proxy, org, client }) {
  const name = '/data/Peers__chn';
  const member = { filterExpression: "Name LIKE 'a%'", enrichedFields: [{ name: 'Site' }] };
  await org.channel('Peers__chn', 'data', 'AccountChangeEvent', member);
  const subscriber = client();
  await subscriber.open(proxy.url);
  await subscriber.subscribe(name, -1);
  await org.create('Best');
  const id = await org.create('Acme');
  await org.change('Account', id, { Phone: '1' });
  const expected = [['CREATE', 'Acme'], ['UPDATE', 'Acme']];
  const later = client();
  for (const [listener, start] of [[subscriber], [later, -2]]) {
    if (start) {
      await listener.open(proxy.url);
      await listener.subscribe(name, start);
    }
    await until(() => `2 events, has ${JSON.stringify(listener.events)}`, () => listener.events.length >= 2);
    ensureEqual(listener.events.map(({ change, name }) => [change, name]), expected, 'what passes, and the name it is judged by');
    ensure(listener.events.every((event) => event.channel === name), 'the channel is the one subscribed to');
    ensureRising(listener.events);
  }
}

/** A replay id that no event has is refused with its text, and the client goes on from the earliest event. */
async function expiredReplayId({ proxy, org, client }) {
  await org.create('A');
  const subscriber = client();
  await subscriber.open(proxy.url);
  let error;
  await subscriber.subscribe(ACCOUNTS, 12).catch((refusal) => (error = refusal.message));
  ensureEqual(error, REPLAY_ID_INVALID, 'the refusal');
  await subscriber.subscribe(ACCOUNTS, -2);
  await org.create('B');
  await received(subscriber, ['A', 'B']);
}

/** The server forgets the session: the client is told, shakes hands again and goes on after its last event. */
async function expiredClient({ server, proxy, org, client }) {
  const subscriber = await subscribed(client, proxy, -1);
  await org.create('before');
  await received(subscriber, ['before']);
  await server.stop();
  await server.start();
  await org.create('meanwhile');
  await received(subscriber, ['before', 'meanwhile']);
  ensure(subscriber.failures.some(({ error }) => error === '403::Unknown client'), 'the client was told 403::Unknown client');
  await org.create('after');
  await received(subscriber, ['before', 'meanwhile', 'after']);
}

/** A revoked token ends the held poll; a client that can logs in again and goes on, any other stops. */
async function revokedToken({ server, proxy, org, client }) {
  const subscriber = await subscribed(client, proxy, -1);
  await proxy.pollHeld();
  await revoke(server.url, subscriber.token);
  const refusal = await until('the refusal of the poll', () => subscriber.failures.find(({ channel }) => channel === '/meta/connect'));
  ensureEqual(refusal.error, '401::Authentication invalid', 'the refusal');
  ensureEqual(refusal.advice?.reconnect, 'none', 'the advice');
  if (subscriber.reauthenticates) {
    await org.create('after');
    await received(subscriber, ['after']);
  } else {
    await until('the client to stop', () => subscriber.isStopped());
    await pause(200);
    ensure(subscriber.isStopped(), 'the client stays stopped');
  }
}

/** The server is killed under load, twice, and comes back: every acknowledged change arrives once. */
async function killed({ server, proxy, org, client }) {
  const subscriber = await subscribed(client, proxy, -1);
  const acknowledged = [];
  const doubtful = new Set();
  let running = true;
  const writer = (async () => {
    for (let number = 0; running; number += 1) {
      const name = `write ${number}`;
      await org.create(name).then(
        () => acknowledged.push(name),
        () => doubtful.add(name),
      );
      await pause(doubtful.has(name) ? 20 : 1);
    }
  })();
  for (let kills = 0; kills < 2; kills += 1) {
    const before = subscriber.events.length;
    await until('events to flow', () => subscriber.events.length > before + 5);
    await server.kill();
    await server.start();
  }
  const before = subscriber.events.length;
  await until('events to flow after the restart', () => subscriber.events.length > before + 5);
  running = false;
  await writer;
  const names = () => new Set(subscriber.events.map((event) => event.name));
  const missing = () => acknowledged.filter((name) => !names().has(name));
  await until(() => `the events of ${missing()}`, () => missing().length === 0);
  ensureRising(subscriber.events);
  ensureEqual(names().size, subscriber.events.length, 'events received twice');
  const known = new Set([...acknowledged, ...doubtful]);
  ensureEqual([...names()].filter((name) => !known.has(name)), [], 'events of changes that nobody made');
}

export const scenarios = {
  receive,
  replay,
  channel,
  cut,
  'expired-replay-id': expiredReplayId,
  'expired-client': expiredClient,
  'revoked-token': revokedToken,
  killed,
};

async function subscribed(client, proxy, replayId) {
  const subscriber = client();
  await subscriber.open(proxy.url);
  await subscriber.subscribe(ACCOUNTS, replayId);
  return subscriber;
}

/** The subscriber has received the creations of exactly these names, in this order, and nothing else. */
async function received(subscriber, names) {
  const found = () => subscriber.events.map((event) => event.name);
  await until(() => `${names}; received ${found()}`, () => subscriber.events.length >= names.length);
  ensureEqual(found(), names, 'received');
  ensureRising(subscriber.events);
}

function ensureRising(events) {
  const ids = events.map((event) => event.replayId);
  ensure(ids.every((id, index) => index === 0 || ids[index - 1] < id), `replay ids rise: ${ids}`);
}
