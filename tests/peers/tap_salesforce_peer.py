"""tap-salesforce, a Singer tap that knows no host but the vendor's, as a process: `tap_salesforce_peer.py [SCENARIO]`."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from python_peer import CLIENT, USER, WAIT, Server, approved_login, post, run, snippet, until

PEER = "tap-salesforce"
TAP = Path(sys.executable).with_name("tap-salesforce")
NAMES = ["first", "second"]


def tap(server, *arguments):
    """What the tap prints."""
    done = subprocess.run(
        [TAP, "--config", server.folder / "tap.json", *arguments],
        env=os.environ | server.as_salesforce(),
        capture_output=True,
        text=True,
        timeout=2 * WAIT,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def sync(api):
    """Discovers every object and copies one; a second run, from the first one's state, copies what has changed."""
    with Server(f"{PEER}-{api}", "--as-salesforce", "--oauth-auto-approve", USER["username"]) as server:
        access_token, refresh_token = approved_login(server)
        accounts = f"{server.url}/services/data/v61.0/sobjects/Account"
        create = lambda name: post(accounts, access_token, {"Name": name})
        for name in NAMES:
            # Times are of whole seconds: the last record is to be the only one of its second.
            second = int(time.time())
            until("the next second", lambda: int(time.time()) > second)
            create(name)
        config = CLIENT | {"refresh_token": refresh_token, "start_date": "2020-01-01T00:00:00Z"}
        config |= {"api_type": api, "select_fields_by_default": True}
        (server.folder / "tap.json").write_text(json.dumps(config))

        catalog = json.loads(tap(server, "--discover"))
        kinds = {stream["stream"]: stream for stream in catalog["streams"]}
        assert {"Account", "Shipment__c"} <= kinds.keys(), kinds.keys()
        [own] = [entry["metadata"] for entry in kinds["Account"]["metadata"] if not entry["breadcrumb"]]
        assert own["valid-replication-keys"] == ["SystemModstamp"], own
        own |= {"selected": True, "replication-method": "INCREMENTAL", "replication-key": "SystemModstamp"}
        (server.folder / "catalog.json").write_text(json.dumps(catalog))

        first = copied(server)
        assert [record["Name"] for record in first] == NAMES, first
        create("late")
        again = [record["Name"] for record in copied(server, "--state", server.folder / "state.json")]
        # The second run begins with the time of the first one's newest record.
        assert again == [NAMES[-1], "late"], again


def snippet_of_env():
    """The lines that `landfall env` prints for this client: they get a refresh token and discover the objects."""
    with Server(f"{PEER}-snippet", "--as-salesforce", "--oauth-auto-approve", USER["username"]) as server:
        snippet(server, PEER)
        catalog = json.loads((server.folder / "catalog.json").read_text())
        assert {"Account", "Shipment__c"} <= {stream["stream"] for stream in catalog["streams"]}, catalog


def copied(server, *arguments):
    """The records of one run, whose state is kept for the next."""
    lines = tap(server, "--properties", server.folder / "catalog.json", *arguments).splitlines()
    messages = [json.loads(line) for line in lines]
    states = [message["value"] for message in messages if message["type"] == "STATE"]
    (server.folder / "state.json").write_text(json.dumps(states[-1]))
    return [message["record"] for message in messages if message["type"] == "RECORD"]


if __name__ == "__main__":
    # Its bulk mode is the Bulk API before 2.0.
    run(PEER, {"sync": lambda: sync("REST"), "sync_bulk": lambda: sync("BULK"), "snippet": snippet_of_env})
