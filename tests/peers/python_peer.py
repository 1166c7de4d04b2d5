"""What the peers in Python stand on: a server as a process, a wait that ends, and a list of scenarios that is run."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.parse
import urllib.request
from pathlib import Path

WAIT = 30.0
CLIENT = {"client_id": "landfall", "client_secret": "landfall"}
USER = {"username": "admin@landfall.test", "password": "landfall"}


def until(what, condition):
    """Waits until `condition` gives something truthy, and gives it."""
    end = time.monotonic() + WAIT
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"waited {WAIT} s for {what}")
        time.sleep(0.005)


class Server:
    """A developer org with the definitions of `project`, gone at the end of the `with`."""

    def __init__(self, name, *options):
        self.folder = Path(tempfile.mkdtemp(prefix="landfall-peers-"))
        self._options = options
        logs = Path(os.environ["LANDFALL_LOGS"])
        logs.mkdir(parents=True, exist_ok=True)
        self._log = logs / f"{name}.log"

    def __enter__(self):
        ready = self.folder / "ready"
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(
                [os.environ["LANDFALL_PROGRAM"], "dev", "--listen", "127.0.0.1:0", "--ephemeral"]
                + ["--project", os.environ["LANDFALL_PEERS_PROJECT"], "--ready-file", str(ready), *self._options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.url = until("the server to be ready", lambda: self._ready(ready))
        self.authority = urllib.parse.urlsplit(self.url).netloc
        return self

    def _ready(self, ready):
        if self._process.poll() is not None:
            raise AssertionError(f"the server ended with {self._process.returncode}, see {self._log}")
        return ready.read_text().strip() if ready.exists() else None

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def as_salesforce(self):
        """The variables by which a client finds and trusts it under the vendor's host names."""
        authority = self.folder / "ca.pem"
        with urllib.request.urlopen(f"{self.url}/_landfall/ca.pem", timeout=WAIT) as answer:
            authority.write_bytes(answer.read())
        return {"HTTPS_PROXY": self.url, "REQUESTS_CA_BUNDLE": str(authority)}


def run(peer, scenarios):
    """Runs all scenarios, or the one that the command line names, and ends the process."""
    only = sys.argv[1] if len(sys.argv) > 1 else None
    failed = 0
    for name, scenario in scenarios.items():
        if only not in (None, name):
            continue
        start = time.monotonic()
        try:
            scenario()
            print(f"ok {peer} {name} ({int((time.monotonic() - start) * 1000)} ms)", flush=True)
        except Exception:
            failed += 1
            print(f"FAILED {peer} {name}: {traceback.format_exc()}", flush=True)
    sys.exit(1 if failed else 0)
