"""What a project costs at the start: two programs in turn, each with a new org and with the folder of an earlier run.

    python3 tests/instructions/startup.py OLD NEW [PROJECT] [PAIRS]

Prints times, their ratios and the most memory, all medians. Without a project it writes one of 200 objects with 15 fields,
a formula, a rule and a lookup each, and a permission set with 3,000 field permissions.
"""

import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from formulas import write

OBJECTS = 200
FIELDS = 15
PAIRS = 5
TYPES = (
    "<type>Text</type><length>80</length>",
    "<type>Number</type><precision>18</precision><scale>2</scale>",
    "<type>Checkbox</type><defaultValue>false</defaultValue>",
    "<type>Date</type>",
    "<type>Picklist</type><valueSet><valueSetDefinition><sorted>false</sorted><value><fullName>A</fullName>"
    "<default>false</default><label>A</label></value></valueSetDefinition></valueSet>",
)


def project(folder):
    """A project of many objects."""
    main = folder / "force-app/main/default"
    main.mkdir(parents=True)
    settings = {"packageDirectories": [{"path": "force-app", "default": True}], "sourceApiVersion": "62.0"}
    (folder / "sfdx-project.json").write_text(json.dumps(settings))
    grants = []
    for each in range(OBJECTS):
        name = f"Object{each}__c"
        home = main / "objects" / name
        content = (
            "<label>Object</label><pluralLabel>Objects</pluralLabel><deploymentStatus>Deployed</deploymentStatus>"
            "<sharingModel>ReadWrite</sharingModel><nameField><label>Name</label><type>Text</type></nameField>"
        )
        write(home / f"{name}.object-meta.xml", "CustomObject", content)
        fields = [(f"F{number}__c", TYPES[number % len(TYPES)]) for number in range(FIELDS)]
        for field, _ in fields:
            grants.append(f"<fieldPermissions><editable>true</editable><field>{name}.{field}</field>"
                          "<readable>true</readable></fieldPermissions>")
        formula = "IF(F1__c &gt; 3, F1__c * 2 + LEN(F0__c), 0)"
        fields.append(("Sum__c", f"{TYPES[1]}<formula>{formula}</formula>"))
        if each:
            to = f"<type>Lookup</type><referenceTo>Object{each - 1}__c</referenceTo>"
            fields.append(("Up__c", f"{to}<relationshipName>Down</relationshipName>"))
        for field, more in fields:
            named = f"<fullName>{field}</fullName><label>{field}</label>{more}"
            write(home / "fields" / f"{field}.field-meta.xml", "CustomField", named)
        rule = ("<fullName>R</fullName><active>true</active><errorMessage>no</errorMessage>"
                "<errorConditionFormula>ISBLANK(F0__c) &amp;&amp; F1__c &lt; 0</errorConditionFormula>")
        write(home / "validationRules/R.validationRule-meta.xml", "ValidationRule", rule)
    write(main / "permissionsets/All.permissionset-meta.xml", "PermissionSet", "<label>All</label>" + "".join(grants))


def start(program, data, project):
    """Seconds until a server is ready, and the most memory that it had by then in MiB."""
    command = [program, "dev", "--listen", "127.0.0.1:0", "--data", str(data), "--project", str(project)]
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        next(line for line in process.stdout if "landfall ready" in line)
        took = time.monotonic() - began
        status = Path(f"/proc/{process.pid}/status").read_text()
        return took, int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) / 1024
    finally:
        process.terminate()
        process.communicate(timeout=60)


def main(programs, project, pairs):
    measured = {"new org": [], "existing folder": []}
    for pair in range(pairs):
        of = {}
        for program in programs if pair % 2 == 0 else reversed(programs):
            with tempfile.TemporaryDirectory() as folder:
                of[program] = [start(program, Path(folder) / "data", project) for _ in measured]
        for at, starts in enumerate(measured.values()):
            starts.append([of[program][at] for program in programs])
    for case, starts in measured.items():
        ratios = [new[0] / old[0] for old, new in starts]
        (old, old_memory), (new, new_memory) = (
            [statistics.median(start[which][what] for start in starts) for what in (0, 1)] for which in (0, 1)
        )
        print(f"{case}: {old:.2f} and {new:.2f} s, ratio {statistics.median(ratios):.2f} "
              f"({min(ratios):.2f} to {max(ratios):.2f}), {old_memory:.0f} and {new_memory:.0f} MiB")


if __name__ == "__main__":
    programs = sys.argv[1:3]
    pairs = int(sys.argv[4]) if len(sys.argv) > 4 else PAIRS
    if len(sys.argv) > 3:
        main(programs, sys.argv[3], pairs)
    else:
        with tempfile.TemporaryDirectory() as folder:
            project(Path(folder))
            main(programs, folder, pairs)
