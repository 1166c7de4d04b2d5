"""CumulusCI's view of an org and its metadata tasks: `cumulusci_peer.py [SCENARIO]`."""

import os
import subprocess
from importlib import import_module
from pathlib import Path

from python_peer import Server, USER, password_login, post, request, run

PEER = "cumulusci"

PACKAGE = """<?xml version="1.0" encoding="UTF-8"?>
<Package xmlns="http://soap.sforce.com/2006/04/metadata">
  <types><members>{member}</members><name>CustomObject</name></types><version>59.0</version>
</Package>"""

VOYAGE = """<?xml version="1.0" encoding="UTF-8"?>
<CustomObject xmlns="http://soap.sforce.com/2006/04/metadata">
  <label>Voyage</label><pluralLabel>Voyages</pluralLabel>
  <nameField><label>Name</label><type>Text</type></nameField>
  <deploymentStatus>Deployed</deploymentStatus><sharingModel>ReadWrite</sharingModel>
</CustomObject>"""


class Client:
    """A project without files, connected to the org of a server."""

    def __init__(self, server):
        os.environ["REQUESTS_CA_BUNDLE"] = server.as_salesforce()["REQUESTS_CA_BUNDLE"]
        os.environ["HOME"] = str(server.folder)
        self.folder = Path(server.folder) / "project"
        self.folder.mkdir()
        os.chdir(self.folder)
        subprocess.run(["git", "init", "--quiet"], check=True)
        from cumulusci.core.config import BaseProjectConfig, OrgConfig, UniversalConfig
        from cumulusci.core.keychain import BaseProjectKeychain

        class Connected(OrgConfig):
            def refresh_oauth_token(self, *_, **__):
                """The token is good for the time of a scenario."""

        project = {"project": {"name": "peers", "package": {"api_version": "59.0"}}, "sources": {}}
        self.project = BaseProjectConfig(UniversalConfig(), config=project)
        self.project.set_keychain(BaseProjectKeychain(self.project, None))
        self.token = password_login(server)
        url = f"https://{server.authority}"
        known = {"access_token": self.token, "instance_url": url, "id": f"{url}/id/00D/005"} | USER
        self.org = Connected(known, "peers")

    def task(self, task, /, **options):
        """Runs a task; gives what it returns."""
        from cumulusci.core.config import TaskConfig

        module, name = task.rsplit(".", 1)
        kind = getattr(import_module(f"cumulusci.tasks.{module}"), name)
        running = kind(self.project, TaskConfig({"options": options}), self.org)
        running()
        return running.return_values


def org_info():
    """What CumulusCI asks an org about itself."""
    with Server(f"{PEER}-org-info") as server:
        client = Client(server)
        org = client.org
        assert float(org.latest_api_version) >= 59, org.latest_api_version
        assert org.is_person_accounts_enabled is False
        assert org.is_multiple_currencies_enabled is False
        assert org.is_advanced_currency_management_enabled is False
        objects = client.task("preflight.sobjects.CheckSObjectsAvailable")
        assert {"Account", "Shipment__c"} <= set(objects), objects


def metadata():
    """An object is deployed, described and retrieved."""
    with Server(f"{PEER}-metadata") as server:
        client = Client(server)
        source = client.folder / "src"
        (source / "objects").mkdir(parents=True)
        (source / "package.xml").write_text(PACKAGE.format(member="Voyage__c"))
        (source / "objects" / "Voyage__c.object").write_text(VOYAGE)
        client.task("salesforce.Deploy", path=str(source))
        assert "CustomObject" in client.task("salesforce.DescribeMetadataTypes")
        wanted = client.folder / "package.xml"
        wanted.write_text(PACKAGE.format(member="*"))
        found = client.folder / "found"
        client.task("salesforce.RetrieveUnpackaged", path=str(found), package_xml=str(wanted))
        files = {file.name for file in found.rglob("*.object")}
        assert {"Voyage__c.object", "Shipment__c.object"} <= files, files


def permissions():
    """A permission set is assigned to the user."""
    with Server(f"{PEER}-permissions") as server:
        client = Client(server)
        data = f"{server.url}/services/data/v59.0"
        post(f"{data}/sobjects/PermissionSet", client.token, {"Name": "Crew", "Label": "Crew"})
        client.task("salesforce.users.permsets.AssignPermissionSets", api_names="Crew")
        query = "SELECT+Id+FROM+PermissionSetAssignment+WHERE+PermissionSet.Name='Crew'"
        assert request("GET", f"{data}/query?q={query}", client.token)["totalSize"] == 1


if __name__ == "__main__":
    run(PEER, {"org_info": org_info, "metadata": metadata, "permissions": permissions})
