// jsforce 1, whose bulk query closes its job while it reads what was found.

import jsforce from 'jsforce-1';

import { WAIT_MS, ensure, ensureEqual } from './harness.mjs';

const VERSION = '59.0';
/** Two requests that wait for each other do so now and then. */
const TIMES = 200;

async function connect(server) {
  const connection = new jsforce.Connection({ loginUrl: server.url, version: VERSION });
  // A security token of any value may follow the password.
  await connection.login('admin@landfall.test', 'landfallToken');
  connection.bulk.pollInterval = 5;
  connection.bulk.pollTimeout = WAIT_MS;
  return connection;
}

/** Records that a bulk query finds. */
function found(connection, query) {
  return new Promise((resolve, reject) => {
    const records = [];
    const late = setTimeout(() => reject(new Error('a bulk query does not end')), WAIT_MS);
    const stream = connection.bulk.query(query);
    stream.on('record', (record) => records.push(record));
    stream.on('error', reject);
    stream.on('end', () => {
      clearTimeout(late);
      resolve(records);
    });
  });
}

/** Jobs that are closed while their results are read. */
async function bulk_query({ server }) {
  const connection = await connect(server);
  const made = await connection.bulk.load('Account', 'insert', [{ Name: 'A' }, { Name: 'B' }]);
  ensure(made.every(({ success }) => success), JSON.stringify(made));
  for (let time = 0; time < TIMES; time += 1) {
    const records = await found(connection, 'SELECT Name FROM Account ORDER BY Name');
    ensureEqual(records.map(({ Name }) => Name), ['A', 'B'], `query ${time}`);
  }
}

/** Records one after the other, and their changes as they are told. */
async function records({ server }) {
  const connection = await connect(server);
  const events = [];
  await new Promise((resolve) => {
    connection.streaming.topic('/data/AccountChangeEvent').subscribe((event) => events.push(event)).callback(resolve);
  });
  const { id } = await connection.sobject('Account').create({ Name: 'Acme' });
  ensureEqual((await connection.sobject('Account').retrieve(id)).Name, 'Acme', 'Name');
  ensure((await connection.sobject('Account').update({ Id: id, Phone: '1' })).success, 'updated');
  const { records: all } = await connection.query(`SELECT Phone FROM Account WHERE Id = '${id}'`);
  ensureEqual(all.map(({ Phone }) => Phone), ['1'], 'queried');
}

export const scenarios = { bulk_query, records };
