"""What the peers in Python stand on: a server as a process, a wait that ends, and a list of scenarios that is run."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.error
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


@contextlib.contextmanager
def environment(variables):
    """These variables are in the environment of this process; what was there before comes back at the end of the `with`."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def request(method, url, token=None, body=None):
    """The answer's body, as JSON if there is one. A text goes out as it is, as a form does."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if body is not None and not isinstance(body, str):
        headers["Content-Type"] = "application/json"
        body = json.dumps(body)
    asked = urllib.request.Request(url, body and body.encode(), headers, method=method)
    with urllib.request.urlopen(asked, timeout=WAIT) as answer:
        return json.loads(answer.read() or b"null")


def post(url, token=None, body=None):
    return request("POST", url, token, body)


def password_login(server):
    """An access token of the developer org's user."""
    form = urllib.parse.urlencode(CLIENT | USER | {"grant_type": "password"})
    return post(f"{server.url}/services/oauth2/token", body=form)["access_token"]


def approved_login(server):
    """An access token and a refresh token, which a person would allow in a browser: the server approves by itself."""
    app = {"client_id": CLIENT["client_id"], "redirect_uri": server.url}
    asked = urllib.parse.urlencode(app | {"response_type": "code", "scope": "api refresh_token"})

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    opener = urllib.request.build_opener(Stay)
    try:
        answer = opener.open(f"{server.url}/services/oauth2/authorize?{asked}", timeout=WAIT)
        raise AssertionError(f"asked for a login: {answer.status}")
    except urllib.error.HTTPError as redirect:
        location = urllib.parse.urlsplit(redirect.headers["Location"])
    [code] = urllib.parse.parse_qs(location.query)["code"]
    form = urllib.parse.urlencode(CLIENT | app | {"grant_type": "authorization_code", "code": code})
    tokens = post(f"{server.url}/services/oauth2/token", body=form)
    return tokens["access_token"], tokens["refresh_token"]


def snippet(server, client):
    """Runs what `landfall env --client` prints, as a person would who copies it, and gives what it prints."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("LANDFALL_")}
    own |= {"XDG_CACHE_HOME": str(server.folder), "XDG_CONFIG_HOME": str(server.folder)}
    command = [os.environ["LANDFALL_PROGRAM"], "env", "--client", client, "--target", server.url, "--json"]
    printed = subprocess.run(command, env=own, capture_output=True, text=True, timeout=WAIT)
    assert printed.returncode == 0, printed.stderr + printed.stdout
    made = json.loads(printed.stdout)["data"]
    own |= made["environment"]
    own["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{own['PATH']}"
    program = {"py": [sys.executable, "-c"], "sh": ["sh", "-ec"]}[made["language"]]
    done = subprocess.run(
        [*program, made["code"]], env=own, cwd=server.folder, capture_output=True, text=True, timeout=4 * WAIT
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


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
