// salesforce-pubsub-api-client over TLS: it has scenarios of its own, for it speaks no Bayeux.

import PubSubApiClient from 'salesforce-pubsub-api-client';

import { ensure, ensureEqual, login, pause, until } from './harness.mjs';

const ACCOUNTS = '/data/AccountChangeEvent';
const LEFT = '/event/Shipment_Left__e';
const BOARD = 'Shipping_Board';
const ALREADY_EXISTS = 6;
const USER = '005000000000001AAA';

// It logs every event otherwise.
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** One client, and what it has received by topic. */
export class Client {
  events = {};
  ended = {};
  errors = [];
  keepalives = 0;
  subscription;
  #client;

  async open(url, authentication) {
    const pubSubEndpoint = new URL(url).host;
    this.#client = new PubSubApiClient({ pubSubEndpoint, rejectUnauthorizedSsl: false, ...authentication }, quiet);
    await this.#client.connect();
  }

  latest(topic) {
    this.#client.subscribe(topic, this.#hear(topic));
  }

  earliest(topic, count) {
    this.#client.subscribeFromEarliestEvent(topic, this.#hear(topic), count);
  }

  after(topic, replayId) {
    this.#client.subscribeFromReplayId(topic, this.#hear(topic), null, replayId);
  }

  /** Receives `count` events by a subscription whose position the server keeps. */
  managed(name, topic, count) {
    return this.#client.subscribeWithManagedSubscription(name, this.#hear(topic), count);
  }

  commit(subscription, replayId) {
    this.#client.commitReplayId(subscription, replayId);
  }

  publish(topic, payload, key) {
    return this.#client.publish(topic, payload, key);
  }

  /** Publishes a batch and gives the results. */
  publishBatch(topic, events) {
    return new Promise((resolve, reject) => {
      const hear = (_, type, data) => {
        if (type === 'publishResponse') resolve(data.results);
        if (type === 'error') reject(data);
      };
      this.#client.publishBatch(topic, events, hear).catch(reject);
    });
  }

  async received(topic, count) {
    const events = this.events[topic];
    await until(() => `${count} events of ${topic}, has ${events.length}; errors ${this.errors}`, () => events.length >= count);
    // While it asks for a schema, events of a later response may pass those of an earlier one.
    return events.sort((a, b) => a.replayId - b.replayId);
  }

  async close() {
    this.#client.close();
  }

  #hear(topic) {
    const events = (this.events[topic] ??= []);
    this.ended[topic] = false;
    return (info, type, data) => {
      this.subscription = info.subscriptionId;
      if (type === 'event') events.push(data);
      // What it calls every response without events, the answer to a commit among them.
      if (type === 'grpcKeepAlive') this.keepalives += 1;
      if (type === 'error') this.errors.push(data);
      if (type === 'end') this.ended[topic] = true;
    };
  }
}

const clientCredentials = (url) => ({
  authType: 'oauth-client-credentials',
  loginUrl: url,
  clientId: 'landfall',
  clientSecret: 'landfall',
});

/** Subscribes to what is new and waits until it is: nothing else says that the subscription stands. */
async function fromNowOn(subscriber, topic, cause) {
  subscriber.latest(topic);
  await until(`the first event of ${topic}`, async () => {
    await cause();
    await pause(50);
    return subscriber.events[topic].length > 0;
  });
  return subscriber.events[topic][0].replayId;
}

/** Changes arrive from now on, from the earliest and after a stored one, with the names of the changed fields. */
async function receive({ proxy, org, client }) {
  const subscriber = client();
  await subscriber.open(proxy.url, clientCredentials(proxy.url));
  const first = await fromNowOn(subscriber, ACCOUNTS, () => org.create('begin'));
  const id = await org.create('Acme');
  await org.change('Account', id, { Phone: '1', BillingCity: 'Berlin', BillingStreet: 'Allee 1', SLAExpirationDate__c: '2024-06-30' });
  await org.change('Account', id, { Phone: null, BillingStreet: null });
  await org.change('Account', id, { ShippingCity: 'Paris', NumberOfEmployees: 7 });
  await org.delete(id);
  const isOurs = ({ payload }) => payload.ChangeEventHeader.recordIds[0] === id;
  const events = await until(() => `the deletion; errors ${subscriber.errors}`, () => {
    const found = subscriber.events[ACCOUNTS].filter(isOurs);
    return found.length >= 5 && found.sort((a, b) => a.replayId - b.replayId);
  });
  const headers = events.map(({ payload }) => payload.ChangeEventHeader);
  ensureEqual(headers.map(({ changeType }) => changeType), ['CREATE', 'UPDATE', 'UPDATE', 'UPDATE', 'DELETE'], 'changes');
  ensureEqual(
    headers.map(({ changedFields }) => changedFields),
    [
      [],
      ['Phone', 'LastModifiedDate', 'SLAExpirationDate__c', 'BillingAddress.Street', 'BillingAddress.City'],
      ['Phone', 'LastModifiedDate', 'BillingAddress.Street'],
      ['NumberOfEmployees', 'LastModifiedDate', 'ShippingAddress.City'],
      [],
    ],
    'changed fields',
  );
  ensureEqual(headers[2].nulledFields, ['Phone', 'BillingAddress.Street'], 'nulled fields');
  ensureEqual(events[0].payload.Name, 'Acme', 'Name');
  ensureEqual(events[1].payload.SLAExpirationDate__c, 1719705600000, 'a date');
  ensureEqual(events[1].payload.BillingAddress.City, 'Berlin', 'a component');
  ensureEqual(events[4].payload.Name, null, 'Name in a deletion');

  const replayed = client();
  await replayed.open(proxy.url, await supplied(proxy.url));
  replayed.earliest(ACCOUNTS, 3);
  const stored = client();
  await stored.open(proxy.url, await supplied(proxy.url));
  stored.after(ACCOUNTS, events[2].replayId);
  const rest = await stored.received(ACCOUNTS, 2);
  ensureEqual(rest.map(({ replayId }) => replayId), events.slice(3).map(({ replayId }) => replayId), 'after a stored one');
  const earliest = await replayed.received(ACCOUNTS, 3);
  ensure(earliest[0].replayId <= first, 'the earliest event is the first');
  ensureEqual(earliest.length, 3, 'as many as were asked for');
  ensureNoErrors(subscriber, replayed, stored);
}

/** Objects of a project; more than the 100 events that the client asks for at once. */
async function custom({ proxy, org, client }) {
  const topic = '/data/Shipment__ChangeEvent';
  const subscriber = client();
  await subscriber.open(proxy.url, clientCredentials(proxy.url));
  const id = await org.insert('Shipment__c', { Name: 'first', Place__Latitude__s: 1.5, Place__Longitude__s: 2.5 });
  for (let weight = 1; weight <= 250; weight += 1) await org.change('Shipment__c', id, { Weight__c: weight });
  subscriber.earliest(topic);
  const events = await subscriber.received(topic, 251);
  ensureEqual(events[0].payload.Place__c, { Latitude: 1.5, Longitude: 2.5 }, 'a location');
  const weights = events.slice(1).map(({ payload }) => payload.Weight__c);
  ensureEqual(weights, Array.from({ length: 250 }, (_, index) => index + 1), 'weights');
  ensureNoErrors(subscriber);
}

/** What it publishes, one by one and in batches, arrives with its id and its replay id. */
async function publish({ proxy, org, client }) {
  const subscriber = client();
  await subscriber.open(proxy.url, clientCredentials(proxy.url));
  const event = (code) => ({
    CreatedDate: Date.now(),
    CreatedById: USER,
    Code__c: { string: code },
    Left_At__c: null,
    Urgent__c: { boolean: true },
    Weight__c: { double: 2.5 },
  });
  const first = await subscriber.publish(LEFT, event('one'));
  const named = await subscriber.publish(LEFT, event('two'), 'my own key');
  ensureEqual(named.correlationKey, 'my own key', 'correlation key');
  const batch = await subscriber.publishBatch(LEFT, [{ payload: event('three') }, { id: 'fourth', payload: event('four') }]);
  ensureEqual(batch[1].correlationKey, 'fourth', 'correlation key in a batch');
  const published = await org.insert('Shipment_Left__e', { Code__c: 'five' });
  ensure(published, 'an id of the publication');
  subscriber.earliest(LEFT, 5);
  const events = await subscriber.received(LEFT, 5);
  ensureEqual(events.map(({ payload }) => payload.Code__c), ['one', 'two', 'three', 'four', 'five'], 'codes');
  ensureEqual(events.slice(0, 4).map(({ replayId }) => replayId), [first, named, ...batch].map(({ replayId }) => replayId), 'replay ids');
  ensureEqual(events[0].id, first.correlationKey, 'id of an event');
  ensureEqual(events[0].payload.CreatedById, USER, 'CreatedById');
  ensureNoErrors(subscriber);
}

/** The server is killed and comes back: the stream ends, and the next one goes on after the last event. */
async function killed({ server, proxy, org, client }) {
  const subscriber = client();
  await subscriber.open(proxy.url, clientCredentials(proxy.url));
  await fromNowOn(subscriber, ACCOUNTS, () => org.create('begin'));
  for (let round = 0; round < 3; round += 1) {
    await server.kill();
    await until('the end of the stream', () => subscriber.ended[ACCOUNTS]);
    await server.start();
    await org.login();
    const known = subscriber.events[ACCOUNTS].length;
    const id = await org.create(`after kill ${round}`);
    const last = Math.max(...subscriber.events[ACCOUNTS].map(({ replayId }) => replayId));
    subscriber.after(ACCOUNTS, last);
    await until('the event after the restart', () =>
      subscriber.events[ACCOUNTS].slice(known).some(({ payload }) => payload.ChangeEventHeader.recordIds[0] === id),
    );
    const ids = subscriber.events[ACCOUNTS].map(({ replayId }) => replayId);
    ensureEqual(ids.length, new Set(ids).size, 'no event twice');
  }
}

/** The server keeps the position that was committed, over a restart too, and lets one stream at a time have it. */
async function managed({ server, proxy, org, client }) {
  const authentication = clientCredentials(proxy.url);
  for (const code of ['one', 'two', 'three']) await org.insert('Shipment_Left__e', { Code__c: code });
  const first = client();
  await first.open(proxy.url, authentication);
  await first.managed(BOARD, LEFT, 3);
  const events = await first.received(LEFT, 3);
  first.commit(first.subscription, events[1].replayId);
  await until('the answer to the commit', () => first.keepalives > 0);
  const second = client();
  await second.open(proxy.url, authentication);
  await second.managed(BOARD, LEFT, 3);
  await until('the refusal of a second stream', () => second.errors.length > 0);
  ensureEqual(second.errors[0].code, ALREADY_EXISTS, 'status of the refusal');
  await server.kill();
  await server.start();
  await org.login();
  const third = client();
  await third.open(proxy.url, authentication);
  await third.managed(BOARD, LEFT, 1);
  const rest = await third.received(LEFT, 1);
  ensureEqual(rest.map(({ payload }) => payload.Code__c), ['three'], 'after what was committed');
}

/** The same with a subscription that is made over REST: stopping it ends the stream and forgets the position. */
async function tooling({ proxy, org, client }) {
  const metadata = { label: 'Board', topicName: LEFT, defaultReplay: 'EARLIEST', state: 'RUN', errorRecoveryReplay: 'LATEST' };
  const { id } = await org.managed('POST', '', { FullName: 'Harbour_Board', Metadata: metadata });
  for (const code of ['one', 'two']) await org.insert('Shipment_Left__e', { Code__c: code });
  const authentication = clientCredentials(proxy.url);
  const codes = ({ events }) => events[LEFT].map(({ payload }) => payload.Code__c);
  const first = client();
  await first.open(proxy.url, authentication);
  await first.managed('Harbour_Board', LEFT, 2);
  const events = await first.received(LEFT, 2);
  first.commit(id, events[1].replayId);
  await until('the answer to the commit', () => first.keepalives > 0);
  await org.managed('PATCH', id, { Metadata: { ...metadata, state: 'STOP' } });
  await until('the end of the stream', () => first.ended[LEFT]);
  ensureEqual(first.errors[0].metadata.get('error-code'), ['sfdc.platform.eventbus.grpc.managed.subscription.config.stopped'], 'code');
  const stopped = client();
  await stopped.open(proxy.url, authentication);
  const refusal = await stopped.managed('Harbour_Board', LEFT, 2).then(() => undefined, (error) => error);
  ensure(/subscription is in STOP state/.test(String(refusal)), `the client refuses itself: ${refusal}`);
  await org.managed('PATCH', id, { Metadata: { ...metadata, state: 'RUN' } });
  const second = client();
  await second.open(proxy.url, authentication);
  await second.managed('Harbour_Board', LEFT, 2);
  await second.received(LEFT, 2);
  ensureEqual(codes(second), ['one', 'two'], 'from the start again');
  await org.managed('DELETE', id);
  await until('the end of the second stream', () => second.ended[LEFT]);
  ensureEqual(second.errors[0].metadata.get('error-code'), ['sfdc.platform.eventbus.grpc.managed.subscription.config.deleted'], 'code');
}

/** Channels of changes and of platform events, each with a filter; a field that did not change. */
async function channel({ proxy, org, client }) {
  const [data, event] = ['/data/Peers__chn', '/event/Peers_Left__chn'];
  const member = { filterExpression: "ChangeEventHeader.changeType = 'UPDATE'", enrichedFields: [{ name: 'Industry' }] };
  await org.channel('Peers__chn', 'data', 'AccountChangeEvent', member);
  await org.channel('Peers_Left__chn', 'event', 'Shipment_Left__e', { filterExpression: "Code__c LIKE 't%'" });
  const id = await org.insert('Account', { Name: 'Acme', Industry: 'Energy' });
  await org.change('Account', id, { Phone: '1' });
  for (const code of ['one', 'two']) await org.insert('Shipment_Left__e', { Code__c: code });
  const subscriber = client();
  await subscriber.open(proxy.url, await supplied(proxy.url));
  subscriber.earliest(data, 10);
  const [{ payload }] = await subscriber.received(data, 1);
  ensureEqual([payload.ChangeEventHeader.changeType, payload.Phone, payload.Industry], ['UPDATE', '1', 'Energy'], 'the update');
  ensure(!payload.ChangeEventHeader.changedFields.includes('Industry'), 'what is added did not change');
  subscriber.earliest(event, 10);
  const left = await subscriber.received(event, 1);
  ensureEqual(left.map(({ payload }) => payload.Code__c), ['two'], 'what passes');
  ensureNoErrors(subscriber);
}

async function supplied(url) {
  return { authType: 'user-supplied', instanceUrl: url.replace('http:', 'https:'), accessToken: await login(url) };
}

function ensureNoErrors(...clients) {
  ensureEqual(clients.flatMap(({ errors }) => errors.map(String)), [], 'errors');
}

export const scenarios = { receive, custom, publish, killed, managed, tooling, channel };
