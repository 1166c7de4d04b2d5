"""Compares an org that a project was deployed to with one that was started with it: `project_deployed.py [PROJECT]...`.

The `sf` CLI deploys the folder as a person would. Then every describe of both orgs has to be the same, except for ids and key
prefixes of objects, which depend on the order of their creation. Without a project, it deploys the one in the repository.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from project_checker import Org
from python_peer import Server, environment

DEPLOY_LIMIT = 300
# What an org has of its own: the address, and ids.
OWN = ("urls", "keyPrefix", "recordTypeId")


def sf(server, token, folder, *words):
    """Runs a command of the `sf` CLI in a folder, and gives its result."""
    own = {
        "PATH": os.environ["PATH"],
        "HOME": str(server.folder),
        "SF_ACCESS_TOKEN": token,
        "SF_AUTOUPDATE_DISABLE": "true",
        "SF_DISABLE_TELEMETRY": "true",
        "SF_SKIP_NEW_VERSION_CHECK": "true",
        "SF_USE_GENERIC_UNIX_KEYCHAIN": "true",
    }
    program = [os.environ["LANDFALL_SF_NODE"], os.environ["LANDFALL_SF"], *words, "--json"]
    done = subprocess.run(program, cwd=folder, env=own, capture_output=True, text=True, timeout=DEPLOY_LIMIT)
    answer = json.loads(done.stdout)
    if done.returncode:
        raise AssertionError(f"{' '.join(words)}: {json.dumps(answer)[:4000]}")
    return answer["result"]


def directories(folder):
    """The package directories of a project."""
    project = json.loads((Path(folder) / "sfdx-project.json").read_text(encoding="utf-8-sig"))
    return [entry["path"] for entry in project["packageDirectories"]]


def deployed(folder):
    """The describes of an org that the project was deployed to, with how it went."""
    with tempfile.TemporaryDirectory() as empty, environment({"LANDFALL_PEERS_PROJECT": empty}):
        Path(empty, "force-app").mkdir()
        Path(empty, "sfdx-project.json").write_text(json.dumps({"packageDirectories": [{"path": "force-app"}]}))
        with Server(f"deployed-{Path(folder).name}") as server:
            org = Org(server)
            sf(server, org.token, server.folder, "org", "login", "access-token", "--no-prompt", "--set-default", "--instance-url", server.url)
            sources = [word for path in directories(folder) for word in ("--source-dir", path)]
            begin = time.monotonic()
            result = sf(server, org.token, folder, "project", "deploy", "start", "--ignore-warnings", *sources)
            print(f"  {result['status']}, {result['numberComponentsDeployed']} components in {time.monotonic() - begin:.1f} s")
            return describes(Org(server))


def started(folder):
    """The describes of an org that was started with the project."""
    with environment({"LANDFALL_PEERS_PROJECT": str(folder)}):
        with Server(f"started-{Path(folder).name}") as server:
            return describes(Org(server))


def describes(org):
    """Every describe as text, by its object, a line for each attribute."""
    return {name: json.dumps(shared(org.describe(name)), indent=1).splitlines() for name in sorted(org.listed)}


def shared(part):
    """A part of a describe without what an org has of its own."""
    if isinstance(part, dict):
        return {name: shared(value) for name, value in part.items() if name not in OWN}
    return [shared(value) for value in part] if isinstance(part, list) else part


def main(arguments):
    """Compares orgs, and prints what differs."""
    failed = False
    for folder in arguments or [os.environ["LANDFALL_PEERS_PROJECT"]]:
        try:
            one, other = started(folder), deployed(folder)
        except (AssertionError, subprocess.TimeoutExpired) as problem:
            print(f"FAILED {folder}: {problem}")
            failed = True
            continue
        differing = [f"{name} is only in one of the orgs" for name in sorted(one.keys() ^ other.keys())]
        for name in sorted(one.keys() & other.keys()):
            lines = [f"{name}: {left.strip()} / {right.strip()}" for left, right in zip(one[name], other[name]) if left != right]
            if len(one[name]) != len(other[name]):
                lines.append(f"{name}: {len(one[name])} / {len(other[name])} lines")
            differing += lines[:10]
        print(f"{'FAILED' if differing else 'ok'} {folder}: {len(one)} describes, {len(differing)} differ")
        for line in differing:
            print(f"  {line}")
        failed |= bool(differing)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
