// Tests of the integration that never guess how long something takes: cause it, wait until it has arrived, check.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { open } from 'landfall-testing';

import { ContactTable } from './contactTable.js';

let org, table;
before(async () => {
  org = await open();
});
beforeEach(async () => {
  await org.reset();
  table = new ContactTable(org);
  await table.follow();
});
afterEach(async () => {
  await table.stop();
  assert.deepEqual(await org.unfired(), []);
});
after(() => org.close());

const contact = async (LastName) => (await org.rest('POST', 'sobjects/Contact', { LastName })).id;

test('the table follows creates, updates and deletes', async () => {
  const [ames, bell] = [await contact('Ames'), await contact('Bell')];
  await org.rest('PATCH', `sobjects/Contact/${ames}`, { Email: 'ames@example.com' });
  await org.rest('DELETE', `sobjects/Contact/${bell}`);
  await org.settle();
  assert.deepEqual([...table.rows], [[ames, { LastName: 'Ames', Email: 'ames@example.com' }]]);
});

test('a lost session loses nothing', async () => {
  await contact('Ames');
  await org.settle();
  await org.arm('client-unknown', { method: '/meta/connect' });
  await contact('Bell');
  await contact('Cole');
  while (table.rows.size < 3) await org.settle();
  assert.equal(table.handshakes, 2);
  assert.deepEqual([...table.rows.values()].map(({ LastName }) => LastName), ['Ames', 'Bell', 'Cole']);
});
