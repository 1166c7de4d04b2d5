"""simple-salesforce in the way of its documentation, under the vendor's host names: `simple_salesforce_peer.py [SCENARIO]`."""

import base64
import csv
import io
import json
import tempfile
from contextlib import contextmanager

from simple_salesforce import Salesforce, SalesforceAuthenticationFailed, SalesforceResourceNotFound
from simple_salesforce.exceptions import SalesforceMalformedRequest

from python_peer import USER, Server, environment, password_login, post, run, snippet

PEER = "simple-salesforce"
APP = {"consumer_key": "landfall", "consumer_secret": "landfall"}


@contextmanager
def logged_in(scenario):
    """A client that is logged in to an org that passes for the vendor's login host, which the client has built in."""
    with Server(f"{PEER}-{scenario}", "--as-salesforce") as server, environment(server.as_salesforce()):
        yield Salesforce(**USER, **APP)


def equal(found, expected, what):
    assert found == expected, f"{what}: expected {expected!r}, found {found!r}"


def refused(exception, call, code):
    """The call is refused with this class of exception and this error code."""
    try:
        call()
    except exception as error:
        equal(error.content[0]["errorCode"], code, "error code")
    else:
        raise AssertionError(f"{code} was expected")


def records():
    """One record after another, with the exceptions that a program tells apart."""
    with logged_in("records") as client:
        equal(client.sf_instance, "login.salesforce.com", "the host")
        made = client.Account.create({"Name": "Acme", "BillingCity": "Oslo"})
        record = made["id"]
        equal(client.Account.update(record, {"Phone": "555-0100", "BillingCity": None}), 204, "update")
        found = client.Account.get(record)
        equal([found[name] for name in ("Name", "Phone", "BillingCity")], ["Acme", "555-0100", None], "retrieved")
        equal(client.Shipment__c.upsert("Number__c/S-1", {"Notes__c": "a"}), 201, "inserted")
        equal(client.Shipment__c.upsert("Number__c/S-1", {"Notes__c": "b"}), 200, "changed")
        equal(client.Shipment__c.get_by_custom_id("Number__c", "S-1")["Notes__c"], "b", "Notes__c")
        refused(SalesforceMalformedRequest, lambda: client.Account.create({"Nome": "x"}), "INVALID_FIELD")
        equal(client.Account.delete(record), 204, "delete")
        refused(SalesforceResourceNotFound, lambda: client.Account.get(record), "ENTITY_IS_DELETED")


def describe():
    """What the org has."""
    with logged_in("describe") as client:
        kinds = client.describe()["sobjects"]
        assert any(kind["name"] == "Shipment__c" and kind["custom"] for kind in kinds), "Shipment__c"
        owner = next(field for field in client.Account.describe()["fields"] if field["name"] == "OwnerId")
        equal(owner["referenceTo"], ["User"], "referenceTo")


def query():
    """All pages of a query, lazily and at once, with and without the deleted."""
    with logged_in("query") as client:
        wanted = []
        for begin in range(0, 2_200, 200):
            batch = [f"Asked {number:04}" for number in range(begin, begin + 200)]
            wanted += batch
            rows = [{"attributes": {"type": "Account"}, "Name": name} for name in batch]
            made = client.restful("composite/sobjects", method="POST", json={"allOrNone": True, "records": rows})
            assert all(one["success"] for one in made), made
        statement = "SELECT Id, Name FROM Account WHERE Name LIKE 'Asked %' ORDER BY Name"
        first = client.query(statement)
        equal([first["totalSize"], first["done"], len(first["records"])], [2_200, False, 2_000], "the first page")
        rest = client.query_more(first["nextRecordsUrl"], identifier_is_url=True)
        equal([rest["done"], len(rest["records"])], [True, 200], "the second page")
        equal([row["Name"] for row in client.query_all(statement)["records"]], wanted, "query_all")
        equal([row["Name"] for row in client.query_all_iter(statement)], wanted, "query_all_iter")
        client.Account.delete(first["records"][0]["Id"])
        equal(client.query(statement)["totalSize"], 2_199, "without the deleted")
        equal(client.query(statement, include_deleted=True)["totalSize"], 2_200, "with the deleted")
        refused(SalesforceMalformedRequest, lambda: client.query("SELECT FROM Account"), "MALFORMED_QUERY")


def files():
    """A file is created in base64, read as bytes, and replaced from a path; a part of a request brings another one."""
    with logged_in("files") as client, tempfile.NamedTemporaryFile() as local:
        content = bytes([0, 1, 255, 13, 10, 45, 45, 98])
        data = base64.b64encode(content).decode()
        version = client.ContentVersion.create({"PathOnClient": "a.bin", "VersionData": data})["id"]
        equal(client.ContentVersion.get_base64(version, base64_field="VersionData"), content, "the version")
        account = client.Account.create({"Name": "Acme"})["id"]
        attachment = client.Attachment.create({"Name": "a.bin", "ParentId": account, "Body": data})["id"]
        local.write(b"replaced")
        local.flush()
        equal(client.Attachment.update_base64(attachment, local.name), 204, "replaced")
        equal(client.Attachment.get_base64(attachment), b"replaced", "the attachment")
        values = json.dumps({"PathOnClient": "b.bin"})
        parts = {"entity_content": (None, values, "application/json"), "VersionData": ("b.bin", content, "text/plain")}
        headers = {name: value for name, value in client.headers.items() if name != "Content-Type"}
        answer = client.session.post(f"{client.base_url}sobjects/ContentVersion", headers=headers, files=parts)
        equal(answer.status_code, 201, "parts")
        made = answer.json()["id"]
        equal(client.ContentVersion.get_base64(made, base64_field="VersionData"), content, "the part")


def soap():
    """A login over SOAP, which takes a security token beside the password, and its refusal."""
    with logged_in("soap"):
        client = Salesforce(**USER, security_token="")
        equal(client.sf_instance, "login.salesforce.com", "the host")
        assert client.describe()["sobjects"], "a login that works"
        try:
            Salesforce(**USER | {"password": "wrong"}, security_token="")
        except SalesforceAuthenticationFailed as refusal:
            equal(refusal.code, "INVALID_LOGIN", "a wrong password")
        else:
            raise AssertionError("a refusal was expected")


def bulk():
    """Jobs of the Bulk API 2.0: records are loaded, found by a query, and deleted."""
    with logged_in("bulk") as client:
        names = [f"Loaded {number:03}" for number in range(450)]
        rows = [{"Name": name, "Phone": "0"} for name in [*names, ""]]
        [job] = client.bulk2.Account.insert(records=rows, wait=0.1)
        equal([job["numberRecordsProcessed"], job["numberRecordsFailed"]], [451, 1], "inserted")
        [failed] = csv.DictReader(io.StringIO(client.bulk2.Account.get_failed_records(job["job_id"])))
        assert failed["sf__Error"].startswith("REQUIRED_FIELD_MISSING:"), failed
        made = csv.DictReader(io.StringIO(client.bulk2.Account.get_successful_records(job["job_id"])))
        statement = "SELECT Id, Name FROM Account WHERE Name LIKE 'Loaded%'"
        found = client.query_all(statement)["records"]
        equal(sorted(row["Name"] for row in found), names, "found")
        equal(sorted(row["Id"] for row in found), sorted(row["sf__Id"] for row in made), "ids")
        [job] = client.bulk2.Account.delete(records=[{"Id": row["Id"]} for row in found], wait=0.1)
        equal([job["numberRecordsProcessed"], job["numberRecordsFailed"]], [450, 0], "deleted")


def bulk_query():
    """Query jobs of the Bulk API 2.0: pages by their locators, and deleted records."""
    with logged_in("bulk_query") as client:
        names = [f"Found {number:03}" for number in range(450)]
        client.bulk2.Account.insert(records=[{"Name": name} for name in names], wait=0.1)
        pages = list(client.bulk2.Account.query("SELECT Id, Name FROM Account ORDER BY Name", max_records=200, wait=0.1))
        rows = [row for page in pages for row in csv.DictReader(io.StringIO(page))]
        equal([len(pages), [row["Name"] for row in rows]], [3, names], "found")
        client.bulk2.Account.delete(records=[{"Id": rows[0]["Id"]}], wait=0.1)
        [page] = client.bulk2.Account.query_all("SELECT Name FROM Account WHERE IsDeleted = true", wait=0.1)
        equal(page, '"Name"\n"Found 000"\n', "deleted")


def bulk_classic():
    """Jobs with batches of the Bulk API before 2.0, in JSON."""
    with logged_in("bulk_classic") as client:
        names = [f"Classic {number:03}" for number in range(450)]
        made = client.bulk.Account.insert([{"Name": name, "Phone": "0"} for name in [*names, ""]], batch_size=200)
        equal([len(made), [row["success"] for row in made].count(True)], [451, 450], "inserted")
        equal(made[-1]["errors"][0]["statusCode"], "REQUIRED_FIELD_MISSING", "the refusal")
        found = client.bulk.Account.query("SELECT Id, Name, Owner.Username FROM Account ORDER BY Name")
        equal([row["Name"] for row in found], names, "found")
        equal(found[0]["Owner"]["Username"], USER["username"], "the owner")
        gone = client.bulk.Account.delete([{"Id": row["Id"]} for row in found], batch_size=450)
        equal({row["success"] for row in gone}, {True}, "deleted")
        equal(client.bulk.Account.query("SELECT Id FROM Account"), [], "nothing is left")


def snippet_of_env():
    """The lines that `landfall env` prints for this client."""
    with Server(f"{PEER}-snippet") as server:
        post(f"{server.url}/services/data/v59.0/sobjects/Account", password_login(server), {"Name": "Acme"})
        printed = snippet(server, PEER)
        assert "Acme" in printed, printed


SCENARIOS = {
    "records": records,
    "describe": describe,
    "query": query,
    "files": files,
    "soap": soap,
    "bulk": bulk,
    "bulk_query": bulk_query,
    "bulk_classic": bulk_classic,
    "snippet": snippet_of_env,
}

if __name__ == "__main__":
    run(PEER, SCENARIOS)
