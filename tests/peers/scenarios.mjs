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

/** A PushTopic tells of what meets its query as a whole, in the fields of the query, also when it is asked for again. */
async function pushTopic({ proxy, org, client }) {
  const query = "SELECT Id, Name, Phone FROM Account WHERE Industry = 'Energy'";
  await org.insert('PushTopic', { Name: 'Energy', ApiVersion: 59.0, Query: query });
  const topic = '/topic/Energy';
  const live = await subscribed(client, proxy, -1, topic);
  const other = await org.insert('Account', { Name: 'Best', Industry: 'Banking' });
  const id = await org.insert('Account', { Name: 'Acme', Industry: 'Energy' });
  await org.change('Account', other, { Phone: '2' });
  await org.change('Account', id, { Website: 'acme.test' });
  await org.change('Account', id, { Phone: '1' });
  await org.delete(other);
  await org.delete(id);
  const expected = [
    { channel: topic, type: 'created', sobject: { Id: id, Name: 'Acme', Phone: null } },
    { channel: topic, type: 'updated', sobject: { Id: id, Name: 'Acme', Phone: '1' } },
    { channel: topic, type: 'deleted', sobject: { Id: id } },
  ];
  await told(live, expected);
  await told(await subscribed(client, proxy, -2, topic), expected);
  await told(await subscribed(client, proxy, live.events[0].replayId, topic), expected.slice(1));
}

/** Which changes each setting of `NotifyForFields` tells of: one topic for each, one change after another. */
async function notifyForFields({ proxy, org, client }) {
  const settings = ['All', 'Referenced', 'Select', 'Where'];
  const query = "SELECT Id, Name FROM Account WHERE Industry IN ('Energy', 'Media')";
  const subscriber = client();
  await subscriber.open(proxy.url);
  for (const setting of settings) {
    await org.insert('PushTopic', { Name: setting, ApiVersion: 59.0, Query: query, NotifyForFields: setting });
    await subscriber.subscribe(`/topic/${setting}`, -1);
  }
  let inside, outside;
  const create = (Industry) => org.insert('Account', { Name: Industry, Industry });
  const change = (id, fields) => org.change('Account', id, fields);
  // A change, and by which topics it is told: what is told too much shows at the next change that is told.
  const changes = [
    [async () => (outside = await create('Banking')), []],
    [async () => (inside = await create('Energy')), settings],
    [() => change(outside, { Name: 'selected', Phone: 'other' }), []],
    [() => change(inside, { Name: 'selected' }), ['All', 'Referenced', 'Select']],
    [() => change(inside, { Industry: 'Media' }), ['All', 'Referenced', 'Where']],
    [() => change(inside, { Phone: 'other' }), ['All']],
    [() => change(inside, { Name: 'both', Industry: 'Energy' }), settings],
    [() => change(inside, { Name: 'leaves', Industry: 'Banking' }), []],
    [() => change(inside, { Industry: 'Energy' }), ['All', 'Referenced', 'Where']],
    [() => org.delete(outside), []],
    [() => org.delete(inside), settings],
  ];
  const { events } = subscriber;
  for (const [number, [make, expected]] of changes.entries()) {
    const before = events.length;
    await make();
    await until(() => `change ${number}, told by ${expected}`, () => events.length >= before + expected.length);
    const told = events.slice(before).map(({ channel }) => channel.slice('/topic/'.length));
    ensureEqual(told.sort(), expected, `change ${number}`);
  }
}

/** Texts pushed to a generic channel: for everybody, for a user who listens, for one who does not. */
async function generic({ proxy, org, client }) {
  const channel = '/u/peers/Example';
  const id = await org.insert('StreamingChannel', { Name: channel });
  ensureEqual(await org.push(id), { OnlineUserIds: [], ChannelName: channel }, 'nobody listens');
  const live = await subscribed(client, proxy, -1, channel);
  const { OnlineUserIds: [user] } = await org.push(id);
  const absent = await org.insert('User', {
    Username: 'absent@landfall.test', LastName: 'Absent', Alias: 'absent', Email: 'absent@landfall.test',
    ProfileId: await org.one("SELECT Id FROM Profile WHERE Name = 'Standard User'"),
    TimeZoneSidKey: 'GMT', LocaleSidKey: 'en_US', EmailEncodingKey: 'UTF-8', LanguageLocaleKey: 'en_US',
  });
  const texts = [['to all', []], ['to another', [absent]], ['to you', [user]], ['to both', [user, absent]]];
  const pushed = await org.push(id, texts.map(([payload, userIds]) => ({ payload, userIds })));
  ensureEqual(pushed.map(({ fanoutCount }) => fanoutCount), [-1, 0, 1, 1], 'how many users a text goes to');
  ensureEqual(pushed[3].userOnlineStatus, { [user]: true, [absent]: false }, 'who listens');
  const expected = ['to all', 'to you', 'to both'].map((payload) => ({ channel, payload }));
  await told(live, expected);
  await told(await subscribed(client, proxy, -2, channel), expected);
  await told(await subscribed(client, proxy, live.events[0].replayId, channel), expected.slice(1));
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
  push_topic: pushTopic,
  notify_for_fields: notifyForFields,
  generic,
  cut,
  'expired-replay-id': expiredReplayId,
  'expired-client': expiredClient,
  'revoked-token': revokedToken,
  killed,
};

async function subscribed(client, proxy, replayId, channel = ACCOUNTS) {
  const subscriber = client();
  await subscriber.open(proxy.url);
  await subscriber.subscribe(channel, replayId);
  return subscriber;
}

/** The subscriber has received the creations of exactly these names, in this order, and nothing else. */
async function received(subscriber, names) {
  const found = () => subscriber.events.map((event) => event.name);
  await until(() => `${names}; received ${found()}`, () => subscriber.events.length >= names.length);
  ensureEqual(found(), names, 'received');
  ensureRising(subscriber.events);
}

/** The subscriber has received exactly these notifications or texts. */
async function told(subscriber, expected) {
  const { events } = subscriber;
  await until(() => `${expected.length} events, has ${JSON.stringify(events)}`, () => events.length >= expected.length);
  ensureEqual(events.map(({ replayId, ...event }) => event), expected, 'told');
  ensureRising(events);
}

function ensureRising(events) {
  const ids = events.map((event) => event.replayId);
  ensure(ids.every((id, index) => index === 0 || ids[index - 1] < id), `replay ids rise: ${ids}`);
}
