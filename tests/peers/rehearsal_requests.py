"""simple-salesforce as a program uses it that changes, reads and publishes: `rehearsal_requests.py URL TOKEN ACT NAME`.

It makes one request, and prints as JSON what it found or what was raised.
"""

import json
import sys

from simple_salesforce import Salesforce

EVENT = "Shipment_Left__e"


def main(url, token, act, name):
    client = Salesforce(instance_url=url, session_id=token, version="59.0")
    acts = {
        "create": lambda: client.Account.create({"Name": name}),
        "publish": lambda: getattr(client, EVENT).create({"Code__c": "S-1"}),
        "load": lambda: client.bulk2.Account.insert(records=[{"Name": name}], wait=0.1),
        "find": lambda: client.query(f"SELECT Name, Industry FROM Account WHERE Name = '{name}'")["totalSize"],
    }
    try:
        found = acts[act]()
    except Exception as error:  # What a program gets is the point.
        content = getattr(error, "content", None)
        code = content[0].get("errorCode") if isinstance(content, list) and content else None
        text = f"{type(error).__name__}: {code}" if code else f"{type(error).__name__}: {error}"
        print(json.dumps({"error": text}))
    else:
        print(json.dumps({"found": found}))


main(*sys.argv[1:])
