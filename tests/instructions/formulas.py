"""What formulas and validation rules cost: instructions by callgrind, and times of a server without it.

    python3 tests/instructions/formulas.py target/profiling/landfall [counts|times]

Needs valgrind for the counts. An object has no, ten and a hundred formula fields, and as many rules that all hold.
"""

import http.client
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

from counted import RUNS, Server

DATA = "/services/data/v59.0"
NAMESPACE = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
SIZES = (0, 10, 100)
OBJECTS = 400


def project(folder):
    """A project with an object for each size."""
    main = folder / "force-app/main/default/objects"
    main.mkdir(parents=True)
    settings = {"packageDirectories": [{"path": "force-app", "default": True}], "sourceApiVersion": "62.0"}
    (folder / "sfdx-project.json").write_text(json.dumps(settings))
    for size in SIZES:
        name = f"Trip{size}__c"
        content = (
            "<label>Trip</label><pluralLabel>Trips</pluralLabel><deploymentStatus>Deployed</deploymentStatus>"
            "<sharingModel>ReadWrite</sharingModel><nameField><label>Name</label><type>Text</type></nameField>"
        )
        write(main / name / f"{name}.object-meta.xml", "CustomObject", content)
        number = "<type>Number</type><precision>18</precision><scale>2</scale>"
        fields = [("A__c", number), ("B__c", "<type>Text</type><length>40</length>")]
        for each in range(size):
            formula = f"IF(A__c &gt; {each}, A__c * {each} / 7 + LEN(B__c), LEN(UPPER(B__c)) - {each})"
            fields.append((f"F{each}__c", f"{number}<formula>{formula}</formula>"))
            rule = f"<active>true</active><errorConditionFormula>A__c &lt; -{each} || CONTAINS(B__c, &quot;{each}!&quot;)"
            rule += "</errorConditionFormula><errorMessage>no</errorMessage>"
            named = f"<fullName>R{each}</fullName>{rule}"
            write(main / name / "validationRules" / f"R{each}.validationRule-meta.xml", "ValidationRule", named)
        for field, more in fields:
            named = f"<fullName>{field}</fullName><label>{field}</label>{more}"
            write(main / name / "fields" / f"{field}.field-meta.xml", "CustomField", named)


def write(path, root, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"<{root} {NAMESPACE}>{content}</{root}>")


class Client:
    def __init__(self, host):
        self.connection = http.client.HTTPConnection(host, timeout=600)
        form = {"grant_type": "password", "client_id": "landfall", "client_secret": "landfall"}
        form |= {"username": "admin@landfall.test", "password": "landfall"}
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        token = self.send("POST", "/services/oauth2/token", urllib.parse.urlencode(form), kind)["access_token"]
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def send(self, method, path, body=None, headers=None):
        self.connection.request(method, path, body, headers or self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.status < 300, (answer.status, text)
        return json.loads(text)

    def create(self, size, times):
        body = json.dumps({"Name": "x", "A__c": 4.5, "B__c": "some text"})
        for _ in range(times):
            made = self.send("POST", f"{DATA}/sobjects/Trip{size}__c", body)
        return made["id"]

    def fill(self, size, count):
        record = {"attributes": {"type": f"Trip{size}__c"}, "Name": "x", "A__c": 4.5, "B__c": "some text"}
        for _ in range(count // 200):
            made = self.send("POST", f"{DATA}/composite/sobjects", json.dumps({"records": [record] * 200}))
            assert all(one["success"] for one in made), made

    def read(self, size, record, times):
        for _ in range(times):
            self.send("GET", f"{DATA}/sobjects/Trip{size}__c/{record}")


def counts(program, folder):
    server = Server(program, folder, "--project", str(folder / "project"))
    try:
        client = Client(server.host)
        for size in SIZES:
            record = client.create(size, 100)
            client.read(size, record, 20)
            create = min(server.count(lambda times: client.create(size, times), 200) for _ in range(RUNS))
            read = min(server.count(lambda times: client.read(size, record, times), 100) for _ in range(RUNS))
            print(f"{size:>4} formulas and rules: create {create:>9,} instructions, read {read:>9,}", flush=True)
    finally:
        server.stop()


def times(program, folder):
    command = [program, "dev", "--listen", "127.0.0.1:0", "--ephemeral", "--project", str(folder / "project")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        ready = next(found for line in process.stdout if (found := re.search(r"landfall ready \S+//(\S+)", line)))
        client = Client(ready.group(1))
        client.fill(100, 2_000)
        fields = ", ".join(f"F{each}__c" for each in range(100))
        query = urllib.parse.quote(f"SELECT {fields} FROM Trip100__c LIMIT 2000")
        plain = urllib.parse.quote("SELECT A__c, B__c FROM Trip100__c LIMIT 2000")
        took = [best(lambda: client.send("GET", f"{DATA}/query?q={each}")) for each in (plain, query)]
        print(f"2,000 rows without formulas {took[0] * 1000:.0f} ms, with 100 each {took[1] * 1000:.0f} ms: "
              f"{200_000 / (took[1] - took[0]):,.0f} evaluations a second")
        where = urllib.parse.quote("SELECT COUNT() FROM Trip100__c WHERE F7__c &gt; 1000000".replace("&gt;", ">"))
        took = best(lambda: client.send("GET", f"{DATA}/query?q={where}"))
        print(f"a condition on a formula, 2,000 rows: {took * 1000:.1f} ms")
        names = [one["name"] for one in client.send("GET", f"{DATA}/sobjects")["sobjects"]][:OBJECTS]
        took = best(lambda: [client.send("GET", f"{DATA}/sobjects/{name}/describe") for name in names])
        print(f"describes of {len(names)} objects: {took * 1000:.0f} ms")
    finally:
        process.terminate()
        process.wait(60)


def best(work):
    took = []
    for _ in range(RUNS):
        start = time.monotonic()
        work()
        took.append(time.monotonic() - start)
    return min(took)


def main():
    folder = Path(tempfile.mkdtemp(prefix="landfall-formulas-"))
    try:
        project(folder / "project")
        wanted = sys.argv[2:] or ["counts", "times"]
        if "times" in wanted:
            times(sys.argv[1], folder)
        if "counts" in wanted:
            counts(sys.argv[1], folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
