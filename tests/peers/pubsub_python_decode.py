"""Events of the Pub/Sub API decoded as its documentation says, and compared with those of the Streaming API."""

import io
import json
from datetime import datetime, timedelta, timezone

import fastavro

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Schema:
    """The schema of an event: its codec, and its fields in their order."""

    def __init__(self, text):
        self.json = json.loads(text)
        self._codec = fastavro.parse_schema(json.loads(text))
        self.fields = self.json["fields"]
        self._records = {}
        self._collect(self.json)

    def _collect(self, node):
        """Named records are written out where they are first used, and named from then on."""
        if isinstance(node, list):
            for branch in node:
                self._collect(branch)
        elif isinstance(node, dict) and node.get("type") == "record":
            self._records[node["name"]] = node
            for field in node["fields"]:
                self._collect(field["type"])

    def decode(self, payload):
        source = io.BytesIO(payload)
        value = fastavro.schemaless_reader(source, self._codec)
        assert source.tell() == len(payload), f"{len(payload) - source.tell()} bytes of the payload are left over"
        return value

    def encode(self, value):
        target = io.BytesIO()
        fastavro.schemaless_writer(target, self._codec, value)
        return target.getvalue()

    def members(self, field):
        """The fields of a compound field."""
        for branch in field["type"]:
            name = branch if isinstance(branch, str) else branch["name"]
            if name in self._records:
                return self._records[name]["fields"]
        raise AssertionError(f"{field['name']} is no compound field")

    def expand(self, bitmaps):
        """The names of the fields whose bits are set, as the documentation's algorithm reads them."""
        names = []
        for bitmap in bitmaps:
            position, nested, bits = bitmap.rpartition("-")
            if not nested:
                names += [field["name"] for field in set_bits(self.fields, bits)]
                continue
            parent = self.fields[int(position)]
            names += [f"{parent['name']}.{field['name']}" for field in set_bits(self.members(parent), bits)]
        return sorted(names)


def set_bits(fields, bits):
    digits = bits.removeprefix("0x")
    assert bits.startswith("0x") and digits == digits.upper() and len(digits) % 2 == 0, f"bitmap {bits}"
    number = int(digits, 16)
    assert number >> len(fields) == 0, f"bitmap {bits} has a bit beyond the last field"
    return [field for position, field in enumerate(fields) if number >> position & 1]


class Event:
    """One event as it came over gRPC."""

    def __init__(self, consumed, schema):
        self.id = consumed.event.id
        self.schema_id = consumed.event.schema_id
        self.schema = schema
        self.replay_bytes = consumed.replay_id
        assert len(consumed.replay_id) == 10 and consumed.replay_id.endswith(b"\0\0"), consumed.replay_id
        self.replay_id = int.from_bytes(consumed.replay_id[:8], "big")
        self.value = schema.decode(consumed.event.payload)
        self.header = self.value.get("ChangeEventHeader")
        if self.header:
            for name in ("changedFields", "nulledFields", "diffFields"):
                self.header[name] = schema.expand(self.header[name])

    def streamed(self):
        """What the Streaming API must show of it: everything but the nulls that say nothing."""
        return {field["name"]: shown(field, self.value[field["name"]]) for field in self.schema.fields}


def shown(field, value):
    """A value as JSON has it: a date and a time are text there."""
    kind = field.get("doc", "").split(":")[1:2]
    if value is None or field["name"] == "ChangeEventHeader":
        return value
    if kind == ["DateOnly"]:
        return (EPOCH + timedelta(milliseconds=value)).strftime("%Y-%m-%d")
    if kind == ["DateTime"]:
        return (EPOCH + timedelta(milliseconds=value)).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value % 1000:03}Z"
    return value


def ensure_same(data, event):
    """A message of the Streaming API and an event of the Pub/Sub API are the same event."""
    where = f"event {event.replay_id}"
    equal(data["event"]["replayId"], event.replay_id, "replay id")
    equal(data["schema"], event.schema_id, f"{where}: schema")
    payload = dict(data["payload"])
    value = event.streamed()
    header = payload.pop("ChangeEventHeader", None)
    if event.header:
        wanted = dict(value.pop("ChangeEventHeader"))
        # The Streaming API shows changed fields as names, and neither of the other two.
        wanted.pop("nulledFields"), wanted.pop("diffFields")
        equal(header | {"changedFields": sorted(header["changedFields"])}, wanted, f"{where}: header")
    else:
        equal(data["event"].get("EventUuid"), event.id, f"{where}: UUID")
    for name, found in value.items():
        equal_value(payload.pop(name, None), found, f"{where}: {name}")
    equal(payload, {}, f"{where}: fields that only the Streaming API has")


def equal_value(streamed, value, where):
    if value is None and isinstance(streamed, dict):
        # Components that were emptied are named where values are JSON; in Avro nothing of the compound field is left.
        value = dict.fromkeys(streamed)
    if isinstance(value, dict):
        streamed = dict(streamed or {})
        for name, part in value.items():
            equal(streamed.pop(name, None), part, f"{where}.{name}")
        equal(streamed, {}, f"{where}: components that only the Streaming API has")
    else:
        equal(streamed, value, where)


def equal(found, wanted, what):
    assert found == wanted, f"{what}: expected {wanted!r}, found {found!r}"
