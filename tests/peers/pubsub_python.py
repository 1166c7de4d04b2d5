"""grpcio and fastavro, used in the way of the official sample, against a real server: `pubsub_python.py [SCENARIO]`.

Prints the seed of the run, then `ok NAME` or `FAILED NAME: why`. `LANDFALL_SEED` repeats a run. `cargo xtask peers
pubsub-python` runs this from `target/peers`.
"""

import importlib
import os
import queue
import random
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import grpc

from pubsub_python_changes import EVENT, Workload
from pubsub_python_decode import Event, Schema, ensure_same, equal
from pubsub_python_org import Org, Poller
from python_peer import Server, run, until

ALL = "/data/ChangeEvents"
TOPIC = f"/event/{EVENT}"
BATCH = 100
CHANGES = 10_000
LATEST, EARLIEST, CUSTOM = 0, 1, 2
USER = "005000000000001AAA"
# What is random comes from it: a run is repeated with the number that it printed.
SEED = int(os.environ.get("LANDFALL_SEED") or random.randrange(1_000_000))


def stubs():
    """Generates the stubs from the proto and imports them."""
    proto = Path(os.environ["LANDFALL_PROTO"])
    target = Path(os.environ["LANDFALL_STUBS"])
    target.mkdir(parents=True, exist_ok=True)
    arguments = [f"-I{proto.parent}", f"--python_out={target}", f"--grpc_python_out={target}", proto.name]
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", *arguments], check=True)
    sys.path.insert(0, str(target))
    return importlib.import_module("pubsub_api_pb2"), importlib.import_module("pubsub_api_pb2_grpc")


pb2, pb2_grpc = stubs()


class Bus:
    """The Pub/Sub API of an org."""

    def __init__(self, org):
        self._metadata = (("accesstoken", org.token), ("instanceurl", org.instance_url))
        self._metadata += (("tenantid", org.token.split("!")[0]),)
        self._channel = grpc.insecure_channel(org.authority)
        self.stub = pb2_grpc.PubSubStub(self._channel)
        self._schemas = {}

    def call(self, name, request):
        return getattr(self.stub, name)(request, metadata=self._metadata)

    def schema(self, schema_id):
        if schema_id not in self._schemas:
            info = self.call("GetSchema", pb2.SchemaRequest(schema_id=schema_id))
            equal(info.schema_id, schema_id, "id of the schema")
            self._schemas[schema_id] = Schema(info.schema_json)
        return self._schemas[schema_id]

    def publish(self, event, fields):
        """The UUID of the event."""
        topic = f"/event/{event}"
        schema_id = self.call("GetTopic", pb2.TopicRequest(topic_name=topic)).schema_id
        value = {"CreatedDate": int(time.time() * 1000), "CreatedById": USER} | fields
        produced = pb2.ProducerEvent(schema_id=schema_id, payload=self.schema(schema_id).encode(value))
        answer = self.call("Publish", pb2.PublishRequest(topic_name=topic, events=[produced]))
        (result,) = answer.results
        assert not result.HasField("error"), result.error
        return result.correlation_key

    def close(self):
        self._channel.close()


class Subscriber:
    """Asks for a batch with the same request, its start included, whenever the last batch is complete."""

    def __init__(self, bus, topic, preset, replay_id=b"", batch=BATCH):
        self.events = []
        self.failure = None
        self.position = None
        self._bus = bus
        self._batch = batch
        self._request = pb2.FetchRequest(
            topic_name=topic, replay_preset=preset, replay_id=replay_id, num_requested=batch
        )
        self._requests = queue.SimpleQueue()
        self._requests.put(self._request)
        self._stream = bus.call("Subscribe", iter(self._requests.get, None))
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        pending = self._batch
        try:
            for response in self._stream:
                pending -= len(response.events)
                equal(response.pending_num_requested, pending, "pending_num_requested")
                self.position = response.latest_replay_id
                self.events += [Event(event, self._bus.schema(event.event.schema_id)) for event in response.events]
                if response.events:
                    equal(self.position, self.events[-1].replay_bytes, "latest_replay_id")
                if pending == 0:
                    pending = self._batch
                    self._requests.put(self._request)
        except Exception as failure:
            if not (isinstance(failure, grpc.RpcError) and failure.code() == grpc.StatusCode.CANCELLED):
                self.failure = failure

    def wait(self, count):
        def there():
            if self.failure:
                raise self.failure
            return len(self.events) >= count

        until(f"{count} events over gRPC", there)
        return self.events

    def close(self):
        self._stream.cancel()
        self._requests.put(None)
        self._thread.join()


def subscribed(bus, org, topic, publish):
    """A subscriber to what is new, which has begun to receive: nothing else says that it stands."""
    subscriber = Subscriber(bus, topic, LATEST)

    def begun():
        publish()
        time.sleep(0.05)
        return subscriber.events or subscriber.failure

    until(f"the first event of {topic}", begun)
    return subscriber


def ensure_change(event, change):
    """The event says what the write did, and nothing else."""
    where = f"{change.type} {change.kind} {event.header['recordIds']}, event {event.replay_id}"
    equal((event.header["entityName"], event.header["changeType"]), (change.kind, change.type), where)
    body = {path: value for path, value in flat(event.value) if value is not None}
    if change.type == "DELETE":
        equal(body, {}, f"{where}: values")
    if change.type != "UPDATE":
        for name in ("changedFields", "nulledFields", "diffFields"):
            equal(event.header[name], [], f"{where}: {name}")
    else:
        equal(event.header["changedFields"], sorted({"LastModifiedDate", *change.fields}), f"{where}: changedFields")
        nulled = sorted(path for path, value in change.fields.items() if value is None)
        equal(event.header["nulledFields"], nulled, f"{where}: nulledFields")
        body.pop("LastModifiedDate")
    values = {path: value for path, value in change.fields.items() if value is not None}
    found = body if change.type == "UPDATE" else {path: body.get(path) for path in values}
    equal(found, values, f"{where}: values")


def flat(value):
    for name, part in value.items():
        if name == "ChangeEventHeader":
            continue
        if isinstance(part, dict):
            yield from ((f"{name}.{inner}", member) for inner, member in part.items())
        else:
            yield name, part


def changes():
    """Every event says what its write did, CometD shows the same events in the same order, and each resumes the other."""
    with Server("pubsub-python-changes") as server:
        org = Org(server.authority)
        bus = Bus(org)
        poller = Poller(org, {ALL: -1, TOPIC: -1})
        records = subscribed(bus, org, ALL, lambda: org.create("Account", {"Name": "begin"}))
        published = subscribed(bus, org, TOPIC, lambda: org.publish(EVENT, {"Code__c": "begin"}))
        first = {ALL: records.events[0].replay_id, TOPIC: published.events[0].replay_id}
        workload = Workload(org, seed=SEED, count=CHANGES, threads=4, bus=bus)
        workload.run()
        last = org.create("Account", {"Name": "end"})
        end = org.publish(EVENT, {"Code__c": "end"})
        until("the last change", lambda: records.events[-1].header["recordIds"] == [last] or records.failure)
        until("the last published event", lambda: published.events[-1].id == end or published.failure)
        for subscriber in (records, published):
            subscriber.wait(0)
        ensure_all(workload, records.events, published.events)
        for topic, subscriber in ((ALL, records), (TOPIC, published)):
            wanted = subscriber.events
            streamed = poller.wait(topic, 1)
            until(f"the last event of {topic}", lambda: streamed[-1]["event"]["replayId"] >= wanted[-1].replay_id)
            streamed = [data for data in streamed if data["event"]["replayId"] >= first[topic]]
            equal(len(streamed), len(wanted), f"events of {topic}")
            for data, event in zip(streamed, wanted):
                ensure_same(data, event)
            ensure_resumes(bus, org, topic, streamed, wanted)
        for one in (records, published, poller, bus):
            one.close()


def ensure_resumes(bus, org, topic, streamed, wanted):
    """Half way, each protocol goes on from the position that the other one has shown."""
    half = len(wanted) // 2
    rest = wanted[half + 1 :]
    resumed = Subscriber(bus, topic, CUSTOM, streamed[half]["event"]["replayId"].to_bytes(8, "big"))
    poller = Poller(org, {topic: wanted[half].replay_id})
    seen = resumed.wait(len(rest))
    equal([event.replay_id for event in seen], [event.replay_id for event in rest], f"{topic} over gRPC")
    messages = poller.wait(topic, len(rest))
    equal(len(messages), len(rest), f"{topic} over CometD")
    for data, event in zip(messages, seen):
        ensure_same(data, event)
    resumed.close()
    poller.close()


def ensure_all(workload, events, published):
    ids = [event.replay_id for event in events]
    equal(ids, sorted(set(ids)), "replay ids rise")
    found = {}
    for event in events:
        (record,) = event.header["recordIds"]
        found.setdefault(record, []).append(event)
    for record, wanted in workload.changes.items():
        equal(len(found.get(record, [])), len(wanted), f"events of {record}")
        for event, change in zip(found[record], wanted):
            ensure_change(event, change)
    by_id = {event.id: event.value for event in published}
    for uuid, fields in workload.published.items():
        equal({name: by_id[uuid][name] for name in fields}, fields, f"published event {uuid}")


def resume():
    """A position taken on one protocol is one on the other, and every length of a replay id is understood."""
    with Server("pubsub-python-resume") as server:
        org = Org(server.authority)
        bus = Bus(org)
        workload = Workload(org, seed=SEED, count=120, threads=1)
        workload.run()
        for topic in (ALL, TOPIC):
            earliest = Subscriber(bus, topic, EARLIEST, batch=7)
            count = sum(map(len, workload.changes.values())) if topic == ALL else len(workload.published)
            events = list(earliest.wait(count))
            middle = count // 2
            rest = [event.replay_id for event in events[middle + 1 :]]
            poller = Poller(org, {topic: events[middle].replay_id})
            equal([data["event"]["replayId"] for data in poller.wait(topic, len(rest))], rest, "CometD resumes")
            poller.close()
            poller = Poller(org, {topic: -2})
            streamed = poller.wait(topic, count)[middle]["event"]["replayId"]
            poller.close()
            for replay_id in (streamed.to_bytes(8, "big"), streamed.to_bytes(8, "big") + b"\0\0"):
                resumed = Subscriber(bus, topic, CUSTOM, replay_id, batch=7)
                equal([event.replay_id for event in resumed.wait(len(rest))], rest, "gRPC resumes")
                resumed.close()
            earliest.close()
        bus.close()


def publish():
    """What is published over gRPC arrives on both protocols with its own id; one that cannot be read fails alone."""
    with Server("pubsub-python-publish") as server:
        org = Org(server.authority)
        bus = Bus(org)
        poller = Poller(org, {TOPIC: -1})
        info = bus.call("GetTopic", pb2.TopicRequest(topic_name=TOPIC))
        assert info.can_publish and info.can_subscribe, info
        schema = bus.schema(info.schema_id)
        value = {"CreatedDate": int(time.time() * 1000), "CreatedById": USER, "Urgent__c": True}
        payloads = [schema.encode(value | {"Code__c": f"code {number}"}) for number in range(3)]
        payloads[1] = b"\1"
        keys = [str(uuid.uuid4()), "unreadable", "not-a-uuid"]
        events = [
            pb2.ProducerEvent(id=key, schema_id=info.schema_id, payload=payload)
            for key, payload in zip(keys, payloads)
        ]
        request = pb2.PublishRequest(topic_name=TOPIC, events=events)
        answers = [bus.call("Publish", request), *bus.call("PublishStream", iter([request, request]))]
        equal(len(answers), 3, "answers")
        results = [result for answer in answers for result in answer.results]
        equal([result.correlation_key for result in results], keys * 3, "correlation keys")
        equal([result.HasField("error") for result in results], [False, True, False] * 3, "errors")
        equal([len(result.replay_id) for result in results], [10, 0, 10] * 3, "lengths of the replay ids")
        wanted = [result.replay_id for result in results if result.replay_id]
        subscriber = Subscriber(bus, TOPIC, EARLIEST)
        delivered = subscriber.wait(len(wanted))
        equal([event.replay_bytes for event in delivered], wanted, "replay ids")
        equal([event.id for event in delivered[::2]], keys[:1] * 3, "ids of the events")
        for event, payload in zip(delivered, [payloads[0], payloads[2]] * 3):
            equal(schema.encode(event.value), payload, "payload")
        for data, event in zip(poller.wait(TOPIC, len(wanted)), delivered):
            ensure_same(data, event)
        for one in (subscriber, poller, bus):
            one.close()


def channel():
    """Channels of changes and of platform events, each with a filter: what passes arrives on both protocols alike."""
    with Server("pubsub-python-channel") as server:
        org = Org(server.authority)
        bus = Bus(org)
        topics = data, event = "/data/Peers__chn", "/event/Peers_Left__chn"
        filter = "ChangeEventHeader.changeType = 'UPDATE' AND Name LIKE 'a%'"
        org.channel("Peers__chn", "data", "AccountChangeEvent", filterExpression=filter, enrichedFields=[{"name": "Site"}])
        org.channel("Peers_Left__chn", "event", EVENT, filterExpression="Code__c LIKE 't%'")
        poller = Poller(org, {topic: -1 for topic in topics})
        for name in ("Best", "Acme"):
            account = org.create("Account", {"Name": name, "Site": "Bern"})
            org.update("Account", account, {"Phone": "1"})
        for code in ("one", "two"):
            org.publish(EVENT, {"Code__c": code})
        (change,) = ensure_alike(bus, poller, data)
        equal((change.header["recordIds"], change.header["changeType"]), ([account], "UPDATE"), "what passes")
        equal(change.header["changedFields"], ["LastModifiedDate", "Phone"], "what is added did not change")
        values = {path: value for path, value in flat(change.value) if value is not None}
        values.pop("LastModifiedDate")
        equal(values, {"Name": "Acme", "Phone": "1", "Site": "Bern"}, "the update")
        (left,) = ensure_alike(bus, poller, event)
        equal(left.value["Code__c"], "two", "the platform event")
        poller.close()
        bus.close()


def ensure_alike(bus, poller, topic):
    """The one event of a topic, as replayed over gRPC and as streamed over CometD."""
    subscriber = Subscriber(bus, topic, EARLIEST, batch=10)
    events = list(subscriber.wait(1))
    subscriber.close()
    for data, event in zip(poller.wait(topic, 1), events):
        ensure_same(data, event)
    return events


SCENARIOS = {"changes": changes, "resume": resume, "publish": publish, "channel": channel}


if __name__ == "__main__":
    print(f"pubsub-python: LANDFALL_SEED={SEED}", flush=True)
    run("pubsub-python", SCENARIOS)
