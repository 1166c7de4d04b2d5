// jsforce as a program uses it that changes, reads and publishes, for rehearsals: one request after another.

import { Connection } from 'jsforce';

export const EVENT = 'Shipment_Left__e';

/** A client that is logged in. */
export class Client {
  #url;
  #connection;

  async open(url) {
    this.#url = url;
    this.#connection = await this.#login();
  }

  async #login() {
    const oauth2 = { loginUrl: this.#url, clientId: 'landfall', clientSecret: 'landfall' };
    const connection = new Connection({ oauth2, version: '59.0' });
    await connection.login('admin@landfall.test', 'landfall');
    return connection;
  }

  login() {
    return this.#login();
  }

  create(name) {
    return this.#connection.sobject('Account').create({ Name: name });
  }

  publish() {
    return this.#connection.sobject(EVENT).create({ Code__c: 'S-1' });
  }

  /** Loads a record by a bulk job, and waits for its results. */
  load(name) {
    const job = { object: 'Account', operation: 'insert', input: [{ Name: name }], pollInterval: 50, pollTimeout: 10_000 };
    return this.#connection.bulk2.loadAndWaitForResults(job);
  }

  /** How many records a query for a field finds. */
  async find(name) {
    const { records } = await this.#connection.query(`SELECT Name, Industry FROM Account WHERE Name = '${name}'`);
    return records.length;
  }
}
