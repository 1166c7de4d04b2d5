"""Counts the instructions that a server spends on a create, a poll and a fetch, with callgrind.

    target/python/bin/python tests/instructions/count.py target/profiling/landfall [OPTION OF THE SERVER ...]

Needs valgrind, and what `cargo xtask peers` installs: the Python environment and the stubs of the Pub/Sub API. The counts
hardly depend on what else the machine does. They are of all threads of the server, its writer too, and leave out the
kernel. Valgrind knows no SHA instructions: a hash costs more here than on most machines.
"""

import http.client
import json
import queue
import shutil
import sys
import tempfile
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path("target/peers/stubs").resolve()))

import grpc  # noqa: E402
import pubsub_api_pb2 as pb  # noqa: E402
import pubsub_api_pb2_grpc as stub  # noqa: E402

from counted import RUNS, Server  # noqa: E402

API = "/services/data/v59.0/sobjects/Account"
CHANNEL = "/data/AccountChangeEvent"


class Client:
    """A connection for REST, one for the Streaming API, and one for the Pub/Sub API."""

    def __init__(self, host):
        self.host = host
        self.rest = http.client.HTTPConnection(host, timeout=300)
        self.streaming = http.client.HTTPConnection(host, timeout=300)
        form = {"grant_type": "password", "client_id": "landfall", "client_secret": "landfall"}
        form |= {"username": "admin@landfall.test", "password": "landfall"}
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        login = self.post(self.rest, "/services/oauth2/token", urllib.parse.urlencode(form), kind)
        self.token, self.org = login["access_token"], login["id"].split("/")[-2]
        self.headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}

    @staticmethod
    def post(connection, path, body, headers):
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status < 300, (answer.status, text)
        return json.loads(text)

    def create(self, times):
        body = json.dumps({"Name": "Acme", "Description": "x" * 200})
        for _ in range(times):
            self.post(self.rest, API, body, self.headers)

    def send(self, message):
        replies = self.post(self.streaming, "/cometd/59.0", json.dumps([message]), self.headers)
        assert replies[-1]["successful"], replies
        return replies

    def subscribe(self):
        handshake = {"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]}
        self.id = self.send(handshake)[-1]["clientId"]
        self.poll(1)
        self.send({"channel": "/meta/subscribe", "clientId": self.id, "subscription": CHANNEL})

    def connect(self, **advice):
        message = {"channel": "/meta/connect", "clientId": self.id, "connectionType": "long-polling"}
        return self.send(message | advice)

    def poll(self, times):
        """Polls that are answered at once, with nothing."""
        for _ in range(times):
            self.connect(advice={"timeout": 0})

    def create_and_poll(self, times):
        """Each event is waiting when it is polled for."""
        for _ in range(times):
            self.create(1)
            assert len(self.connect()) == 2

    def fetch(self, times):
        """Requests for 100 events each, from the oldest on."""
        requests = queue.Queue()

        def ask(**more):
            requests.put(pb.FetchRequest(topic_name=CHANNEL, num_requested=100, **more))

        metadata = (("accesstoken", self.token), ("instanceurl", f"http://{self.host}"), ("tenantid", self.org))
        with grpc.insecure_channel(self.host) as channel:
            ask(replay_preset=pb.EARLIEST)
            asked = 1
            for response in stub.PubSubStub(channel).Subscribe(iter(requests.get, None), metadata=metadata):
                if response.pending_num_requested == 0:
                    if asked == times:
                        break
                    asked += 1
                    ask()
            requests.put(None)


def main():
    folder = Path(tempfile.mkdtemp(prefix="landfall-instructions-"))
    server = Server(sys.argv[1], folder, *sys.argv[2:])
    try:
        client = Client(server.host)
        client.create(1200)
        client.subscribe()
        client.poll(50)
        client.create_and_poll(50)
        client.fetch(10)
        units = [("create", client.create, 1000), ("empty poll", client.poll, 1000)]
        units += [("create and its poll", client.create_and_poll, 500), ("fetch of 100 events", client.fetch, 10)]
        for name, work, times in units:
            counts = []
            for _ in range(RUNS):
                # A client that did not poll for a while is gone.
                client.subscribe()
                counts.append(server.count(work, times))
            print(f"{name:20} {min(counts):>9,}", flush=True)
    finally:
        server.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
