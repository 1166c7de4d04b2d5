"""Airbyte's Salesforce source, which knows no host but the vendor's, as a process: `airbyte_peer.py [SCENARIO]`."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from python_peer import CLIENT, USER, WAIT, Server, approved_login, post, request, run, until

PEER = "airbyte"
SOURCE = Path(sys.executable).with_name("source-salesforce")

# A stream of each kind: what has compound fields is read over REST unless the bulk API is insisted on.
STREAM = "Account"


def source(server, command, *arguments):
    """The messages of one run."""
    done = subprocess.run(
        [SOURCE, command, "--config", server.folder / "config.json", *arguments],
        env=os.environ | server.as_salesforce(),
        capture_output=True,
        text=True,
        timeout=20 * WAIT,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def of(messages, kind, member):
    return [message[member] for message in messages if message["type"] == kind]


def read(server, catalog, state=None):
    """The records of one run, and the state after it."""
    (server.folder / "catalog.json").write_text(json.dumps(catalog))
    arguments = ["--catalog", server.folder / "catalog.json"]
    if state is not None:
        (server.folder / "state.json").write_text(json.dumps(state))
        arguments += ["--state", server.folder / "state.json"]
    messages = source(server, "read", *arguments)
    return [record["data"] for record in of(messages, "RECORD", "record")], of(messages, "STATE", "state")


def sync(bulk):
    """Checks the connection, discovers, reads a stream, and from its state what has changed and was deleted."""
    with Server(f"{PEER}-{bulk}", "--as-salesforce", "--oauth-auto-approve", USER["username"]) as server:
        access_token, refresh_token = approved_login(server)
        accounts = f"{server.url}/services/data/v62.0/sobjects/{STREAM}"
        create = lambda name: post(accounts, access_token, {"Name": name})["id"]
        ids = [create(name) for name in ("first", "second")]
        config = CLIENT | {
            "refresh_token": refresh_token,
            "auth_type": "Client",
            "is_sandbox": False,
            "start_date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600)),
            "force_use_bulk_api": bulk,
            "streams_criteria": [{"criteria": "exacts", "value": STREAM}],
        }
        (server.folder / "config.json").write_text(json.dumps(config))

        [status] = of(source(server, "check"), "CONNECTION_STATUS", "connectionStatus")
        assert status["status"] == "SUCCEEDED", status
        [catalog] = of(source(server, "discover"), "CATALOG", "catalog")
        streams = {stream["name"]: stream for stream in catalog["streams"]}
        assert STREAM in streams, streams.keys()
        configured = {
            "streams": [
                {
                    "stream": streams[STREAM],
                    "sync_mode": "incremental",
                    "cursor_field": ["SystemModstamp"],
                    "destination_sync_mode": "append",
                }
            ]
        }
        first, states = read(server, configured)
        assert [record["Name"] for record in first] == ["first", "second"], first

        second = int(time.time())
        until("the next second", lambda: int(time.time()) > second + 1)
        create("late")
        request("DELETE", f"{accounts}/{ids[0]}", access_token)
        again, _ = read(server, configured, [states[-1]])
        found = {record["Name"]: record["IsDeleted"] for record in again}
        assert found.get("late") is False and found.get("first") is True, found


if __name__ == "__main__":
    run(PEER, {"sync": lambda: sync(False), "sync_bulk": lambda: sync(True)})
