// The parser of the AsyncAPI initiative: is the document of this org one?

import { Parser } from '@asyncapi/parser';

import { ensure, ensureEqual } from './harness.mjs';

/** There is no connection: the document is all. */
export class Client {
  async close() {}
}

async function document(server) {
  const answer = await fetch(`${server.url}/asyncapi.yaml`);
  ensureEqual(answer.status, 200, 'status');
  const { document, diagnostics } = await new Parser().parse(await answer.text());
  // 0 is an error; the rest is advice.
  const errors = diagnostics.filter(({ severity }) => severity === 0);
  ensure(errors.length === 0, `the parser finds: ${JSON.stringify(errors.slice(0, 3))}`);
  return document;
}

export const scenarios = {
  /** It is valid, and has a channel for the changes of each object and for each event, each with its message. */
  async document({ server }) {
    const parsed = await document(server);
    const addresses = parsed.channels().all().map((channel) => channel.address());
    for (const address of ['/data/ChangeEvents', '/data/AccountChangeEvent', '/data/CaseChangeEvent']) {
      ensure(addresses.includes(address), `${address} among ${addresses.length} channels`);
    }
    const messages = parsed.allMessages().all();
    const account = messages.find((message) => message.name() === 'AccountChangeEvent');
    ensure(account.payload().property('data').property('payload').property('ChangeEventHeader'), 'a header');
  },

  /** What the org defines by records and by the Tooling API is in it too, however it is named. */
  async channels({ server, org }) {
    const query = 'SELECT Id, Name, AnnualRevenue FROM Account';
    for (const Name of ['Revenue', 'Große {Kunden} #1 10%']) {
      await org.insert('PushTopic', { Name, ApiVersion: 59.0, Query: query });
    }
    for (const Name of ['/u/news/today', '/u/news_today', '/u/news/']) await org.insert('StreamingChannel', { Name });
    await org.channel('Sales__chn', 'data', 'AccountChangeEvent', {});
    await org.channel('Shipping__chn', 'event', 'Shipment_Left__e', {});
    const parsed = await document(server);
    const channels = parsed.channels().all();
    const spelled = (channel) => {
      const parameters = channel.parameters().all();
      return parameters.reduce((text, one) => text.replace(`{${one.id()}}`, one.schema().const()), channel.address());
    };
    const messages = (address) => {
      const channel = channels.find((one) => spelled(one) === address);
      ensure(channel, `${address} among ${channels.length} channels`);
      return channel.messages().all();
    };
    for (const topic of ['/topic/Revenue', '/topic/Große {Kunden} #1 10%']) {
      const data = messages(topic)[0].payload().property('data');
      const told = Object.keys(data.property('sobject').properties());
      ensureEqual(told, ['Id', 'Name', 'AnnualRevenue'], `the fields of ${topic}`);
      const event = Object.keys(data.property('event').properties());
      ensureEqual(event, ['replayId', 'createdDate', 'type'], `the event of ${topic}`);
    }
    for (const [address, name] of [
      ['/u/news/today', 'GenericEvent'],
      ['/u/news_today', 'GenericEvent'],
      ['/u/news/', 'GenericEvent'],
      ['/data/Sales__chn', 'AccountChangeEvent'],
      ['/event/Shipping__chn', 'Shipment_Left__e'],
    ]) {
      ensureEqual(messages(address).map((message) => message.name()), [name], address);
    }
  },
};
