"""The helper for tests in Python, installed as a user would, and its example: `helper_python.py [SCENARIO]`."""

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

from python_peer import WAIT, Server, run

PEER = "helper-python"
CLIENTS = Path(os.environ["LANDFALL_CLIENTS"])
LIMIT_S = 120


def tests(folder):
    """Runs the tests of a folder of the helper against the program."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LANDFALL_")}
    environment |= {"LANDFALL_BIN": os.environ["LANDFALL_PROGRAM"], "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    ran = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=LIMIT_S)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def installed():
    """A copy of it, so that nothing is made beside the original."""
    copy = Path(os.environ["LANDFALL_LOGS"]).with_name("helper-python")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(CLIENTS / "python", copy)
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--force-reinstall"]
    subprocess.run([*install, "--no-deps", "--no-build-isolation", str(copy)], check=True, timeout=LIMIT_S)
    return copy


def methods():
    """Each method does what it says."""
    tests(installed() / "tests")


def example():
    """The tests of the example, as many times in a row as `LANDFALL_ROUNDS` says: nothing in them is left to chance."""
    folder = installed() / "example"
    for _ in range(int(os.environ.get("LANDFALL_ROUNDS", "1"))):
        tests(folder)


def types():
    """The types are those of the control interface."""
    with Server(f"{PEER}-types") as server:
        with urllib.request.urlopen(f"{server.url}/_landfall/v1/openapi.json", timeout=WAIT) as answer:
            document = server.folder / "openapi.json"
            document.write_text(json.dumps(json.load(answer)))
        generate = [sys.executable, str(CLIENTS / "generate.py"), str(document), "--check"]
        subprocess.run(generate, check=True, timeout=LIMIT_S)


run(PEER, {"types": types, "methods": methods, "example": example})
