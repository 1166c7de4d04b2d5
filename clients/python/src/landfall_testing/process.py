"""The process that an org is in: started, or joined where it runs already."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterable
from pathlib import Path

from .org import Org

# The credentials of the first org of a developer's process, which listens on loopback only.
USERNAME, PASSWORD = "admin@landfall.test", "landfall"
CLIENT = "landfall"
_READY_S = 60.0
_STOP_S = 20.0


def start(
    project: str | os.PathLike[str] | None = None,
    seeds: Iterable[str | os.PathLike[str]] = (),
    binary: str | os.PathLike[str] | None = None,
    options: Iterable[str] = (),
) -> Org:
    """Starts `landfall dev` with an org that is gone when it closes.

    `binary` is the program, by default that of `LANDFALL_BIN` or the one in the path; `options` are further options of
    `landfall dev`, such as `["--retention-hours", "1"]`.
    """
    program = binary or os.environ.get("LANDFALL_BIN") or shutil.which("landfall")
    if program is None:
        raise FileNotFoundError("no program `landfall` in the path: install it, or set LANDFALL_BIN")
    folder = Path(tempfile.mkdtemp(prefix="landfall-testing-"))
    ready, log = folder / "ready", folder / "log"
    command = [os.fspath(program), "dev", "--ephemeral", "--listen", "127.0.0.1:0", "--ready-file", str(ready)]
    command += [] if project is None else ["--project", os.fspath(project)]
    for seed in seeds:
        command += ["--seed", os.fspath(seed)]
    # What surrounds the tests is for the org that they run in, not for the one that they start.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LANDFALL_")}
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [*command, *options], stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment
        )

    def close() -> None:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)

    try:
        target = _wait(process, ready, log)
        authority = folder / "ca.pem"
        with urllib.request.urlopen(f"{target}/_landfall/ca.pem", timeout=_READY_S) as answer:
            authority.write_bytes(answer.read())
        token = _login(target, USERNAME, PASSWORD, CLIENT, CLIENT)
    except BaseException:
        close()
        raise
    return Org(target, USERNAME, PASSWORD, CLIENT, CLIENT, token, str(authority), close)


def join() -> Org | None:
    """The org that the variables `LANDFALL_TARGET` and so on lead to, as `landfall exec` sets them; None without them."""
    target = os.environ.get("LANDFALL_TARGET")
    if not target:
        return None
    given = os.environ.get
    username, password = given("LANDFALL_USERNAME", USERNAME), given("LANDFALL_PASSWORD", PASSWORD)
    client, secret = given("LANDFALL_CLIENT_ID", CLIENT), given("LANDFALL_CLIENT_SECRET", CLIENT)
    token = given("LANDFALL_ACCESS_TOKEN") or _login(target, username, password, client, secret)
    return Org(target.rstrip("/"), username, password, client, secret, token, given("LANDFALL_CA_FILE"))


def _wait(process: subprocess.Popen[bytes], ready: Path, log: Path) -> str:
    end = time.monotonic() + _READY_S
    while True:
        ended = process.poll() is not None
        written = ready.read_text() if ready.exists() else ""
        if written.endswith("\n"):
            return written.split()[0].rstrip("/")
        if ended or time.monotonic() > end:
            said = log.read_text(errors="replace")
            why = "ended" if ended else f"was not ready in {_READY_S:.0f} s"
            raise RuntimeError(f"landfall {why}:\n{said}")
        time.sleep(0.005)


def _login(target: str, username: str, password: str, client: str, secret: str) -> str:
    form = {"grant_type": "password", "client_id": client, "client_secret": secret}
    body = urllib.parse.urlencode(form | {"username": username, "password": password}).encode()
    with urllib.request.urlopen(f"{target}/services/oauth2/token", body, timeout=_READY_S) as answer:
        return json.loads(answer.read())["access_token"]
