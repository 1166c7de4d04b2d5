"""dlt's verified source for Salesforce, which loads an org into DuckDB: `dlt_peer.py [SCENARIO]`.

The source has no package: `dlt init` copies it from its repository. DLT_SALESFORCE names the folder of a copy instead.
"""

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from python_peer import WAIT, Server, environment, password_login, post, request, run

PEER = "dlt"
OWN_COPY = "DLT_SALESFORCE"

# The table of each resource, with the object that it is read from.
TABLES = {
    "sf_user": "User",
    "user_role": "UserRole",
    "opportunity": "Opportunity",
    "opportunity_line_item": "OpportunityLineItem",
    "opportunity_contact_role": "OpportunityContactRole",
    "account": "Account",
    "contact": "Contact",
    "lead": "Lead",
    "campaign": "Campaign",
    "campaign_member": "CampaignMember",
    "product_2": "Product2",
    "pricebook_2": "Pricebook2",
    "pricebook_entry": "PricebookEntry",
    "task": "Task",
    "event": "Event",
}


def source(folder):
    """The source, from a copy of it."""
    copy = folder / "salesforce"
    if OWN_COPY in os.environ:
        shutil.copytree(os.environ[OWN_COPY], copy)
    else:
        init = [Path(sys.executable).with_name("dlt"), "--non-interactive", "init", "salesforce", "duckdb"]
        subprocess.run(init, cwd=folder, check=True, timeout=4 * WAIT)
    sys.path.insert(0, str(folder))
    return importlib.import_module("salesforce").salesforce_source, importlib.import_module("salesforce.helpers.client")


class Org:
    """Records of every object that the source reads."""

    def __init__(self, server):
        self._server = server
        self.token = password_login(server)

    def create(self, entity, **values):
        return post(f"{self._server.url}/services/data/v59.0/sobjects/{entity}", self.token, values)["id"]

    def update(self, entity, record, **values):
        request("PATCH", f"{self._server.url}/services/data/v59.0/sobjects/{entity}/{record}", self.token, values)

    def find(self, query):
        query = query.replace(" ", "+")
        return request("GET", f"{self._server.url}/services/data/v59.0/query?q={query}", self.token)["records"]

    def fill(self):
        """One record of each object at least; the opportunity and its line."""
        account = self.create("Account", Name="Acme")
        contact = self.create("Contact", LastName="Boyle", AccountId=account)
        lead = self.create("Lead", LastName="Curie", Company="Acme")
        campaign = self.create("Campaign", Name="Spring")
        self.create("CampaignMember", CampaignId=campaign, LeadId=lead)
        self.create("UserRole", Name="Sales")
        [book] = self.find("SELECT Id FROM Pricebook2 WHERE IsStandard = TRUE")
        product = self.create("Product2", Name="Buoy")
        price = self.create("PricebookEntry", Pricebook2Id=book["Id"], Product2Id=product, UnitPrice=100, IsActive=True)
        opportunity = self.create("Opportunity", Name="Fleet", StageName="Prospecting", CloseDate="2030-01-31")
        line = self.create("OpportunityLineItem", OpportunityId=opportunity, PricebookEntryId=price, Quantity=3)
        self.create("OpportunityContactRole", OpportunityId=opportunity, ContactId=contact)
        self.create("Task", Subject="Call")
        self.create("Event", Subject="Meet", DurationInMinutes=30, ActivityDateTime="2030-01-31T10:00:00Z")
        return opportunity, line


def load():
    """Everything is loaded, and then what has changed."""
    with Server(f"{PEER}-load") as server:
        org = Org(server)
        opportunity, line = org.fill()
        with environment({**server.as_salesforce(), "DLT_DATA_DIR": str(server.folder / "dlt")}):
            del os.environ["HTTPS_PROXY"]
            salesforce, client = source(server.folder)
            import dlt

            def loaded():
                """Runs the pipeline, and gives how many rows each table has and the amounts of the opportunity."""
                login = client.InstanceAuth(session_id=org.token, instance_url=f"https://{server.authority}")
                pipeline = dlt.pipeline(
                    "peer", destination=dlt.destinations.duckdb(str(server.folder / "peer.duckdb")), dataset_name="crm"
                )
                pipeline.run(salesforce(login)).raise_on_failed_jobs()
                with pipeline.sql_client() as sql:
                    counts = {table: sql.execute_sql(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}
                    amounts = sql.execute_sql(f"SELECT amount FROM opportunity WHERE id = '{opportunity}'")
                return counts, sorted(amount for [amount] in amounts)

            counts, amounts = loaded()
            expected = {table: org.find(f"SELECT count(Id) number FROM {of}")[0]["number"] for table, of in TABLES.items()}
            assert counts == expected, (counts, expected)
            assert amounts == [300], amounts
            org.update("OpportunityLineItem", line, TotalPrice=450)
            org.create("Opportunity", Name="Pier", StageName="Prospecting", CloseDate="2030-01-31")
            # The source names no keys, so that what is read again is added; what has not changed is not read.
            again, amounts = loaded()
            assert amounts == [300, 450], amounts
            assert again == counts | {"opportunity": 3, "opportunity_line_item": 2}, again


if __name__ == "__main__":
    run(PEER, {"load": load})
