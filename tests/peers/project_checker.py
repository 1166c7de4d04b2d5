"""Compares orgs with the projects that they were made from: `project_checker.py [PROJECT]...`.

It reads the files by itself and looks for everything that they declare in the describes of an org that was started with
them. Then it creates a record of each custom object and of each standard object that the project changes, and waits for
its change event. Without a project, it checks those in the repository.
"""

import json
import os
import sys
import urllib.error
from pathlib import Path

from project_files import Project, values
from python_peer import Server, environment, password_login, post, request, until

TYPES = {
    "Text": "string", "TextArea": "textarea", "LongTextArea": "textarea", "Html": "textarea", "Number": "double",
    "Currency": "currency", "Percent": "percent", "Checkbox": "boolean", "Date": "date", "DateTime": "datetime",
    "Time": "time", "Email": "email", "Phone": "phone", "Url": "url", "Picklist": "picklist",
    "MultiselectPicklist": "multipicklist", "Lookup": "reference", "MasterDetail": "reference", "Hierarchy": "reference",
    "AutoNumber": "string", "Location": "location", "EncryptedText": "encryptedstring",
}
LENGTHS = {"Text", "LongTextArea", "Html", "EncryptedText"}
NUMBERS = {"Number", "Currency", "Percent"}
SAMPLES = {
    "string": "Landfall", "textarea": "Landfall", "email": "ada@example.com", "phone": "+1 555 0100",
    "url": "https://example.com", "date": "2026-05-04", "datetime": "2026-05-04T10:00:00.000Z", "time": "10:00:00.000Z",
    "double": 1, "currency": 1, "percent": 1, "int": 1, "boolean": False, "combobox": "Landfall",
}
NOT_HERE = ("__x", "__b", "__kav", "__dlm", "__dll", "__p")
# What standard objects need besides the fields that are required: a name in braces is a record of that object.
NEEDED = {
    "Asset": {"AccountId": "{Account}"},
    "CampaignMember": {"LeadId": "{Lead}"},
    "ContentVersion": {"PathOnClient": "landfall.txt", "VersionData": "TGFuZGZhbGw="},
    "Event": {"DurationInMinutes": 30, "ActivityDateTime": "2026-05-04T10:00:00.000Z"},
}
# These take a price book with prices, a community, a name of a certain form: they are compared and not created.
NOT_CREATED = {
    "Idea", "OpportunityLineItem", "OrderItem", "PricebookEntry", "QuoteLineItem", "StreamingChannel", "AssetRelationship", "ContractLineItem",
}
# A create of these makes the record that they belong to.
MADE_ALONG = {"ContentVersion": "ContentDocumentId"}


class Org:
    """An org as its describes show it."""

    def __init__(self, server):
        self.url = f"{server.url}/services/data/v62.0"
        self.root = server.url
        self.token = password_login(server)
        listed = request("GET", f"{self.url}/sobjects", self.token)["sobjects"]
        self.listed = {entry["name"]: entry for entry in listed}
        self.known = {}

    def describe(self, name):
        """The describe of an object; none if there is none."""
        if name not in self.known and name in self.listed:
            self.known[name] = request("GET", f"{self.url}/sobjects/{name}/describe", self.token)
        return self.known.get(name)


class Findings:
    """What was compared and what differs."""

    def __init__(self):
        self.compared = 0
        self.differing = []

    def check(self, what, expected, found):
        """Compares one attribute."""
        self.compared += 1
        if expected != found:
            self.differing.append(f"{what}: declared {expected!r}, described {found!r}")


def check_object(org, declared, project, findings):
    """Compares an object with its describe."""
    name = declared.name
    described = org.describe(name)
    if described is None:
        # Fields alone make no object.
        if declared.file is not None:
            findings.check(f"{name}", "an object", None)
        return
    if declared.file is not None and name.endswith(("__c", "__e", "__mdt")):
        if label := declared.file.text("label"):
            findings.check(f"{name}.label", label, described["label"])
        if label := declared.file.text("pluralLabel"):
            findings.check(f"{name}.labelPlural", label, described["labelPlural"])
    fields = {field["name"]: field for field in described["fields"]}
    for field, node in declared.fields.items():
        if field.endswith("__c") and field.count("__") == 1:
            check_field(f"{name}.{field}", node, fields, project, findings)
    types = {info["developerName"]: info for info in described["recordTypeInfos"]}
    for record_type, node in declared.record_types.items():
        if "__" in record_type:
            continue
        found = types.get(record_type)
        findings.check(f"{name}.{record_type}", True, found is not None)
        if found:
            findings.check(f"{name}.{record_type}.label", node.text("label"), found["name"])
            findings.check(f"{name}.{record_type}.active", node.says("active"), found["active"])


def check_field(what, node, fields, project, findings):
    """Compares a custom field with its describe, one of those of its object by name."""
    kind, found = node.text("type"), fields.get(what.rpartition(".")[2])
    findings.check(what, True, found is not None)
    if found is None or kind is None:
        return
    formula = node.text("formula")
    if kind in TYPES and not (kind == "AutoNumber" and formula):
        findings.check(f"{what}.type", TYPES[kind], found["type"])
    if label := node.text("label"):
        findings.check(f"{what}.label", label, found["label"])
    findings.check(f"{what}.inlineHelpText", project.bare(node.text("inlineHelpText")), found["inlineHelpText"])
    if kind != "Summary":
        findings.check(f"{what}.calculatedFormula", project.bare(formula), found["calculatedFormula"])
    if formula is not None:
        findings.check(f"{what}.calculated", True, found["calculated"])
        zero = node.text("formulaTreatBlanksAs") == "BlankAsZero"
        findings.check(f"{what}.formulaTreatNullNumberAsZero", zero, found["formulaTreatNullNumberAsZero"])
    elif kind in LENGTHS and node.text("length"):
        findings.check(f"{what}.length", int(node.text("length")), found["length"])
    if kind in NUMBERS and node.text("scale"):
        findings.check(f"{what}.scale", int(node.text("scale")), found["scale"])
        if formula is None and node.text("precision"):
            findings.check(f"{what}.precision", int(node.text("precision")), found["precision"])
    check_flags(what, node, found, formula, project, findings)
    check_values(what, node, found, fields, project, findings)
    check_relationship(what, node, found, kind, project, findings)


def check_flags(what, node, found, formula, project, findings):
    """Compares what a field is for, and its default."""
    if formula is None:
        findings.check(f"{what}.unique", node.says("unique"), found["unique"])
        findings.check(f"{what}.externalId", node.says("externalId"), found["externalId"])
    if node.says("required") and found["type"] != "boolean":
        findings.check(f"{what}.nillable", False, found["nillable"])
    default = node.text("defaultValue")
    if default is not None and found["type"] == "boolean":
        findings.check(f"{what}.defaultValue", default == "true", found["defaultValue"])
    elif default and formula is None and node.text("type") not in ("Picklist", "MultiselectPicklist"):
        findings.check(f"{what}.defaultValueFormula", project.bare(default), found["defaultValueFormula"])


def check_values(what, node, found, fields, project, findings):
    """Compares the values of a picklist, in any order if the file sorts them."""
    if found["type"] not in ("picklist", "multipicklist"):
        return
    listed = values(node, project)
    if listed is None:
        return
    described = [(v["value"], v["label"], v["defaultValue"]) for v in found["picklistValues"] if v["active"]]
    listed = {(project.bare(value), project.bare(label), default) for value, label, default in listed}
    findings.check(f"{what}.picklistValues", sorted(listed), sorted(set(described)))
    value_set = node.one("valueSet")
    controlling = value_set.text("controllingField") if value_set is not None else None
    if controlling:
        # A picklist whose controlling field is not in the project depends on nothing.
        controlling = controlling if controlling in fields else None
        findings.check(f"{what}.dependentPicklist", controlling is not None, found["dependentPicklist"])
        findings.check(f"{what}.controllerName", controlling, found["controllerName"])
    if value_set is not None:
        restricted = value_set.says("restricted") or value_set.text("valueSetName") is not None
        findings.check(f"{what}.restrictedPicklist", restricted, found["restrictedPicklist"])


def check_relationship(what, node, found, kind, project, findings):
    """Compares where a reference leads."""
    if kind not in ("Lookup", "MasterDetail"):
        return
    target = node.text("referenceTo")
    if target:
        findings.check(f"{what}.referenceTo", [project.own(target)], found["referenceTo"])
    findings.check(f"{what}.relationshipName", what.rsplit(".", 1)[1][:-1] + "r", found["relationshipName"])
    if node.one("lookupFilter") is not None and node.one("lookupFilter").says("active"):
        findings.check(f"{what}.filteredLookupInfo", True, found.get("filteredLookupInfo") is not None)


class Refused(Exception):
    """Why there is no record."""


def is_id(text):
    """Whether a text is the id of a record."""
    return len(text) == 18 and text.isalnum()


class Records:
    """Creates a record of each object, with all that it needs."""

    def __init__(self, org):
        self.org = org
        self.made = {}

    def create(self, name, depth=0):
        """The id of a record of an object, or why there is none."""
        if name not in self.made:
            try:
                self.made[name] = self._create(name, depth)
            except Refused as refused:
                self.made[name] = str(refused)
        return self.made[name]

    def _create(self, name, depth):
        described = self.org.describe(name)
        if described is None or not described["createable"]:
            raise Refused(f"{name} is not created by requests")
        record = {}
        for field in described["fields"]:
            if not field["createable"] or field["nillable"] or field["defaultedOnCreate"]:
                continue
            if field["name"] != MADE_ALONG.get(name):
                record[field["name"]] = self.value(field, depth)
        for field, value in NEEDED.get(name, {}).items():
            is_record = isinstance(value, str) and value.startswith("{")
            record[field] = self.required(value.strip("{}"), depth) if is_record else value
        try:
            return post(f"{self.org.url}/sobjects/{name}", self.org.token, record)["id"]
        except urllib.error.HTTPError as refused:
            raise Refused(refused.read().decode(errors="replace")) from refused

    def required(self, name, depth):
        """The id of a record that another one needs."""
        made = self.create(name, depth + 1)
        if is_id(made):
            return made
        raise Refused(f"it needs a record of {name}: {made}")

    def value(self, field, depth):
        """A value that a required field takes."""
        if field["type"] == "reference":
            known = [to for to in field["referenceTo"] if to in self.org.listed]
            if "User" in known:
                return self.user()
            if not known:
                raise Refused(f"{field['name']} refers to an object that is not here")
            return self.required(known[0], depth) if depth < 6 else None
        if field["type"] in ("picklist", "multipicklist"):
            active = [value["value"] for value in field["picklistValues"] if value["active"]]
            return active[0] if active else "Landfall"
        sample = SAMPLES.get(field["type"])
        if isinstance(sample, str) and field["length"]:
            return sample[: field["length"]]
        return sample

    def user(self):
        """The id of the user."""
        return request("GET", f"{self.org.root}/services/oauth2/userinfo", self.org.token)["user_id"]


class Subscriber:
    """A session of the Streaming API that receives all changes."""

    def __init__(self, org):
        self.org = org
        self.client = self._send({"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]})[0]["clientId"]
        self._send({"channel": "/meta/subscribe", "clientId": self.client, "subscription": "/data/ChangeEvents"})
        self.heard = set()

    def _send(self, message):
        return post(f"{self.org.root}/cometd/62.0", self.org.token, [message])

    def hears(self, ids):
        """Whether the events of all these records have come."""
        for message in self._send({"channel": "/meta/connect", "clientId": self.client, "connectionType": "long-polling"}):
            header = message.get("data", {}).get("payload", {}).get("ChangeEventHeader", {})
            self.heard.update(header.get("recordIds", []))
        return ids <= self.heard


def check_records(org, project, findings):
    """Creates records and waits for their events; returns how many of each."""
    records, subscriber = Records(org), Subscriber(org)
    captured, refused = set(), []
    for name in sorted(project.objects):
        described = org.describe(name)
        if described is None or not described["createable"] or name.endswith(("__e", "__mdt")):
            continue
        if name in NOT_CREATED:
            continue
        made = records.create(name)
        if not is_id(made):
            refused.append(f"{name}: {made}")
        elif name.removesuffix("__c") + ("__ChangeEvent" if "__" in name else "ChangeEvent") in org.listed:
            captured.add(made)
    if captured:
        until("the change events", lambda: subscriber.hears(captured))
    findings.compared += len(captured)
    legitimate = ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "FIELD_FILTER_VALIDATION_EXCEPTION", "an object that is not here")
    rules = [line for line in refused if any(word in line for word in legitimate)]
    findings.differing += [line for line in refused if line not in rules]
    return len(captured), len(rules)


def check_metadata_records(org, project, findings):
    """Counts the records of custom metadata types."""
    for name, records in project.records.items():
        if org.describe(name) is not None:
            found = request("GET", f"{org.url}/query?q=SELECT+DeveloperName+FROM+{name}", org.token)
            names = {record["DeveloperName"] for record in found["records"]}
            missing = {project.own(record) for record in records} - names
            findings.check(f"{name} records", set(), missing)


def check(folder):
    """Starts an org of a project and compares it."""
    project, findings = Project(folder), Findings()
    with environment({"LANDFALL_PEERS_PROJECT": str(folder)}):
        with Server(f"project-{Path(folder).name}") as server:
            org = Org(server)
            unknown = []
            for declared in project.objects.values():
                name = declared.name
                if name == "Activity" or name.endswith(NOT_HERE) or name.count("__") > 1:
                    continue
                if org.describe(name) is None and "__" not in name:
                    unknown.append(name)
                    continue
                check_object(org, declared, project, findings)
            check_metadata_records(org, project, findings)
            events, rules = check_records(org, project, findings)
    return project, findings, events, rules, unknown


def main(arguments):
    """Checks projects, and prints what differs."""
    failed = False
    own = Path(os.environ["LANDFALL_PEERS_PROJECT"])
    for folder in arguments or [own, own.parents[2] / "crates/app/server/tests/projects/causes"]:
        try:
            project, findings, events, rules, unknown = check(folder)
        except (AssertionError, urllib.error.HTTPError) as problem:
            print(f"FAILED {folder}: {problem}")
            failed = True
            continue
        fields = sum(len(declared.fields) for declared in project.objects.values())
        summary = {
            "objects": len(project.objects), "fields": fields, "compared": findings.compared,
            "differing": len(findings.differing), "events": events, "refused by rules": rules, "unknown": unknown,
        }
        print(f"{'FAILED' if findings.differing else 'ok'} {folder}: {json.dumps(summary)}")
        for line in findings.differing:
            print(f"  {line}")
        failed |= bool(findings.differing)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
