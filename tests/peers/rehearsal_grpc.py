"""A subscriber in the way of the official sample, for rehearsals: `rehearsal_grpc.py URL TOKEN TOPIC [REPLAY_ID]`.

It requests one event after another, prints each as JSON, and ends when its stream does.
"""

import json
import sys
import threading
from types import SimpleNamespace

import grpc
from pubsub_python import CUSTOM, LATEST, Bus, pb2
from pubsub_python_decode import Event


def requests(topic, replay, wanted):
    """The first request says where to begin."""
    if replay:
        position = int(replay).to_bytes(8, "big") + b"\0\0"
        yield pb2.FetchRequest(topic_name=topic, replay_preset=CUSTOM, replay_id=position, num_requested=1)
    else:
        yield pb2.FetchRequest(topic_name=topic, replay_preset=LATEST, num_requested=1)
    while True:
        wanted.acquire()
        yield pb2.FetchRequest(topic_name=topic, num_requested=1)


def main(url, token, topic, replay=None):
    org = SimpleNamespace(token=token, instance_url=url, authority=url.removeprefix("http://"))
    bus = Bus(org)
    wanted = threading.Semaphore(0)
    try:
        for response in bus.call("Subscribe", requests(topic, replay, wanted)):
            for consumed in response.events:
                event = Event(consumed, bus.schema(consumed.event.schema_id))
                header = event.header
                shown = {"ChangeEventHeader": {name: header[name] for name in ("changeType", "recordIds")}}
                print(json.dumps({"event": {**shown, "Name": event.value.get("Name")}}), flush=True)
            if response.pending_num_requested == 0:
                wanted.release()
    except grpc.RpcError as error:
        print(json.dumps({"error": f"{error.code().name}: {error.details()}"}), flush=True)


main(*sys.argv[1:])
