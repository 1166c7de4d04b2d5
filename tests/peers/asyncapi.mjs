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
};
