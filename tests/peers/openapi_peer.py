"""The OpenAPI document of this org, by those who read such documents: `openapi_peer.py [SCENARIO]`.

The validator says whether it is one; schemathesis makes requests from it and checks the answers: no server error, no status
that the document does not have, and bodies in the documented form.
"""

import json
import os
import subprocess
import sys
import urllib.parse
import urllib.request
from pathlib import Path

import yaml
from openapi_spec_validator import validate

from python_peer import CLIENT, USER, Server, run

PEER = "openapi"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
# One object of each kind: the others are described by the same code.
PATHS = "^/$|^/(limits|recent|query|queryAll|event|composite)|^/sobjects$|^/sobjects/(Account|Shipment|.changeEventName)"
EXAMPLES = "5"
LIMIT_S = 100


def text_of(url, **form):
    body = urllib.parse.urlencode(form).encode() if form else None
    with urllib.request.urlopen(url, body, timeout=30) as answer:
        return answer.read().decode()


def document():
    """It is a document of OpenAPI 3.1 with the objects and events of the project."""
    with Server(f"{PEER}-document") as server:
        found = yaml.load(text_of(f"{server.url}/openapi.yaml"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    validate(found)
    for path in ("/sobjects/Account", "/sobjects/Shipment__c/{id}", "/sobjects/Shipment_Left__e"):
        assert path in found["paths"], path


def schemas():
    """Each event has a JSON Schema."""
    with Server(f"{PEER}-schemas") as server:
        for event in ("AccountChangeEvent", "Shipment_Left__e"):
            schema = json.loads(text_of(f"{server.url}/schemas/{event}.json"))
            assert schema["title"] == event, schema["title"]


def requests():
    """Requests made from the document are answered as it says."""
    with Server(f"{PEER}-requests") as server:
        login = text_of(f"{server.url}/services/oauth2/token", grant_type="password", **CLIENT, **USER)
        program = Path(sys.executable).with_name("schemathesis")
        tried = subprocess.run(
            [program, "run", f"{server.url}/openapi.yaml", "--checks", CHECKS, "--include-path-regex", PATHS]
            + ["--max-examples", EXAMPLES, "--phases", "examples,coverage,fuzzing", "--seed", "1"]
            + ["--generation-database", "none", "--no-color"]
            + ["--header", f"Authorization: Bearer {json.loads(login)['access_token']}"],
            cwd=server.folder,
            env={**os.environ, "SCHEMATHESIS_HOOKS": ""},
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )
    assert tried.returncode == 0, tried.stdout[-8000:] + tried.stderr[-2000:]


run(PEER, {"document": document, "schemas": schemas, "requests": requests})
