"""Random changes over REST, and what the change event of each must say."""

import random
import threading
from collections import namedtuple
from datetime import date, datetime, timedelta, timezone

from pubsub_python_org import Org

EPOCH_DATE = date(1970, 1, 1)
EVENT = "Shipment_Left__e"
# Of one record: what the event shows, with compound fields as dotted paths.
Change = namedtuple("Change", "kind type fields")


def text(chance):
    return "".join(chance.choices("abcdefghijklmnopqrstuvwxyz äß€ 🚢 <>&\"'", k=chance.randint(1, 10))).strip() or "x"


def number(chance):
    """Of two decimals."""
    return chance.randint(-10_000, 10_000) / 4


def whole(chance):
    return chance.randint(0, 1_000_000)


def angle(chance):
    return chance.randint(-5_000, 5_000) / 64


def flag(chance):
    return chance.random() < 0.5


def day(chance):
    return date(1990, 1, 1) + timedelta(days=chance.randint(0, 20_000))


def moment(chance):
    return datetime(2001, 2, 3, tzinfo=timezone.utc) + timedelta(seconds=chance.randint(0, 900_000_000))


def email(chance):
    return f"user{chance.randint(1, 99_999)}@example.test"


def address(prefix, path):
    """The components of an address by their names in REST."""
    texts = {prefix + part: (f"{path}.{part}", text) for part in ("Street", "City", "State", "PostalCode", "Country")}
    return texts | {prefix + part: (f"{path}.{part}", angle) for part in ("Latitude", "Longitude")}


# By object: REST's name of a field -> its path in the event, and a maker of values.
FIELDS = {
    "Account": {
        "Name": ("Name", text),
        **address("Billing", "BillingAddress"),
        **address("Shipping", "ShippingAddress"),
        **{name: (name, text) for name in ("Phone", "Fax", "Sic", "Site", "TickerSymbol", "Description")},
        "AnnualRevenue": ("AnnualRevenue", whole),
        "NumberOfEmployees": ("NumberOfEmployees", whole),
        "SLAExpirationDate__c": ("SLAExpirationDate__c", day),
    },
    "Contact": {
        **{part: (f"Name.{part}", text) for part in ("LastName", "FirstName")},
        **address("Mailing", "MailingAddress"),
        **address("Other", "OtherAddress"),
        **{name: (name, text) for name in ("HomePhone", "Title", "Department", "Description")},
        "Email": ("Email", email),
        "Birthdate": ("Birthdate", day),
        "DoNotCall": ("DoNotCall", flag),
    },
    "Lead": {
        **{part: (f"Name.{part}", text) for part in ("LastName", "FirstName")},
        **address("", "Address"),
        **{name: (name, text) for name in ("Company", "Title", "MobilePhone")},
        "Email": ("Email", email),
        "NumberOfEmployees": ("NumberOfEmployees", whole),
    },
    "Shipment__c": {
        "Name": ("Name", text),
        "Due__c": ("Due__c", day),
        "Fragile__c": ("Fragile__c", flag),
        "Mail__c": ("Mail__c", email),
        "Notes__c": ("Notes__c", text),
        "Place__Latitude__s": ("Place__c.Latitude", angle),
        "Place__Longitude__s": ("Place__c.Longitude", angle),
        "Price__c": ("Price__c", number),
        "Sent_At__c": ("Sent_At__c", moment),
        "Weight__c": ("Weight__c", number),
    },
}
REQUIRED = {"Account": ["Name"], "Contact": ["LastName"], "Lead": ["LastName", "Company"], "Shipment__c": ["Name"]}
# A location is there as a whole or not at all.
TOGETHER = [{prefix + part for part in ("Latitude", "Longitude")} for prefix in ("Billing", "Shipping", "Mailing", "Other", "")]
# The event has both components of a geolocation field when one of them changed.
PLACE = {"Place__Latitude__s", "Place__Longitude__s"}
TOGETHER.append(PLACE)


class Workload:
    """`count` random writes, shared by `threads` clients that each have records of their own.

    Events are published over REST and, if there is a `bus`, by turns over gRPC.
    """

    def __init__(self, org, seed, count, threads, bus=None):
        self.changes = {}
        self.published = {}
        self.failure = None
        self._org = org
        self._bus = bus
        counts = [count // threads] * threads
        self._threads = [
            threading.Thread(target=self._run, args=(random.Random(f"{seed} {index}"), share), daemon=True)
            for index, share in enumerate(counts)
        ]

    def run(self):
        for thread in self._threads:
            thread.start()
        for thread in self._threads:
            thread.join()
        if self.failure:
            raise self.failure

    def _run(self, chance, count):
        try:
            org, records = Org(self._org.authority, self._org.token), {}
            for _ in range(count):
                self._write(chance, org, records)
        except Exception as failure:
            self.failure = failure

    def _write(self, chance, org, records):
        action = chance.choices(("create", "update", "delete", "publish"), (25, 55, 8, 12))[0]
        if action == "publish":
            event = {"Code__c": text(chance), "Left_At__c": moment(chance), "Weight__c": number(chance)}
            values = {name: counted(value) for name, value in event.items()}
            if self._bus and flag(chance):
                uuid = self._bus.publish(EVENT, values)
            else:
                uuid = org.publish(EVENT, {name: spoken(value) for name, value in event.items()})
            self.published[uuid] = values
        elif action == "create" or not records:
            kind = chance.choice(list(FIELDS))
            # A checkbox that nobody ticks is false.
            made = {name: False for name, (_, make) in FIELDS[kind].items() if make is flag}
            made |= some(chance, kind, {})
            made |= {name: text(chance) for name in REQUIRED[kind]}
            record = org.create(kind, {name: spoken(value) for name, value in made.items()})
            records[record] = (kind, made)
            self.changes[record] = [Change(kind, "CREATE", paths(kind, made))]
        elif action == "update":
            record = chance.choice(list(records))
            kind, now = records[record]
            sent = some(chance, kind, now)
            changed = {name: value for name, value in sent.items() if now.get(name) != value}
            if PLACE & changed.keys():
                changed |= {name: sent[name] for name in PLACE}
            org.update(kind, record, {name: spoken(value) for name, value in sent.items()})
            now |= changed
            self.changes[record].append(Change(kind, "UPDATE", paths(kind, changed)))
        else:
            record = chance.choice(list(records))
            kind, _ = records.pop(record)
            org.delete(kind, record)
            self.changes[record].append(Change(kind, "DELETE", {}))


def some(chance, kind, now):
    """Values for some of the fields: most of them new, some empty, some as they are."""
    fields, values = FIELDS[kind], {}
    for name in chance.sample(list(fields), chance.randint(1, min(8, len(fields)))):
        make = fields[name][1]
        kept = name in now and chance.random() < 0.15
        emptied = make is not flag and name not in REQUIRED[kind] and chance.random() < 0.25
        values[name] = now[name] if kept else None if emptied else make(chance)
    for pair in TOGETHER:
        for name in pair - values.keys():
            if pair & values.keys() and name in fields:
                values[name] = angle(chance)
        if pair <= values.keys() and None in (values[name] for name in pair):
            values |= dict.fromkeys(pair)
    return values


def paths(kind, values):
    return {FIELDS[kind][name][0]: counted(value) for name, value in values.items()}


def spoken(value):
    """A value as a REST client writes it."""
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def counted(value):
    """A value as an event has it: days and moments are milliseconds since 1970."""
    if isinstance(value, datetime):
        return int(value.timestamp()) * 1000
    if isinstance(value, date):
        return (value - EPOCH_DATE).days * 86_400_000
    return value
