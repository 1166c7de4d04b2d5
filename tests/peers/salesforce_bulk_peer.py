"""salesforce-bulk, the Bulk API before 2.0 with records as CSV and JSON: `salesforce_bulk_peer.py [SCENARIO]`."""

import json
import os
import time

from salesforce_bulk import CsvDictsAdapter, SalesforceBulk
from salesforce_bulk.util import IteratorBytesIO

from python_peer import WAIT, Server, password_login, run, until

PEER = "salesforce-bulk"
NAMES = [f"Account {number}" for number in range(5)]


def records():
    """Records that are made as CSV and found as JSON, where points in time are milliseconds, and as CSV."""
    with Server(f"{PEER}-records") as server:
        os.environ.update(server.as_salesforce())
        del os.environ["HTTPS_PROXY"]
        client = SalesforceBulk(sessionId=password_login(server), host=server.authority, API_version="59.0")
        begun = int(time.time()) * 1000

        job = client.create_insert_job("Account", contentType="CSV", concurrency="Parallel")
        rows = ({"Name": name, "SLAExpirationDate__c": "2024-02-29"} for name in NAMES)
        batch = client.post_batch(job, CsvDictsAdapter(rows))
        client.close_job(job)
        until("the batch", lambda: client.is_batch_done(batch))
        assert [result.success for result in client.get_batch_results(batch)] == ["true"] * len(NAMES)

        found = query(client, "JSON")
        assert [record["Name"] for record in found] == NAMES, found
        for record in found:
            assert begun <= record["CreatedDate"] <= begun + 1000 * WAIT, record
            assert record["SLAExpirationDate__c"] == 1709164800000, record
        lines = query(client, "CSV")
        assert lines[0].startswith(f'"{NAMES[0]}",'), lines


def query(client, kind):
    """What a query finds; the job is closed before that is read."""
    job = client.create_query_job("Account", contentType=kind)
    batch = client.query(job, "SELECT Name, CreatedDate, SLAExpirationDate__c FROM Account ORDER BY Name")
    client.close_job(job)
    until("the query", lambda: client.is_batch_done(batch))
    [result] = list(client.get_all_results_for_query_batch(batch))
    if kind == "JSON":
        return json.load(IteratorBytesIO(result))
    return [line.decode() for line in result][1:]


if __name__ == "__main__":
    run(PEER, {"records": records})
