"""What open consoles cost: a server at 500 events a second, with and without followers of its events, in turn.

    python3 tests/instructions/consoles.py PROGRAM [CONSOLES] [PAIRS]

A console follows `GET /_landfall/v1/stream`. Beside them one client of the Streaming API gets every event. Prints CPU of the
server in cores, and the time from before each write to the receipt of its event: medians of the pairs of windows.
"""

import http.client
import json
import os
import re
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path

WINDOW_S = 10
WRITES_A_SECOND = 10
RECORDS = 50
SENT_AT = re.compile(rb"~(\d+)~")
TICKS = os.sysconf("SC_CLK_TCK")


class Org:
    """A developer org of its own, and what is done to it."""

    def __init__(self, program, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [program, "dev", "--listen", f"127.0.0.1:{self.port}", "--data", str(Path(folder) / "data")]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        form = {"grant_type": "password", "client_id": "landfall", "client_secret": "landfall",
                "username": "admin@landfall.test", "password": "landfall"}
        for _ in range(200):
            try:
                answer = self.post(self.connection(), "/services/oauth2/token", urllib.parse.urlencode(form),
                                   "application/x-www-form-urlencoded")
                break
            except ConnectionError:
                time.sleep(0.1)
        self.token = json.loads(answer)["access_token"]
        self.latencies = []
        self.is_open = True

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=130)

    def post(self, connection, path, body, media_type="application/json"):
        headers = {"Content-Type": media_type}
        if hasattr(self, "token"):
            headers["Authorization"] = f"Bearer {self.token}"
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise RuntimeError(content.decode())
        return content

    def write(self):
        connection = self.connection()
        due = time.monotonic()
        while self.is_open:
            sent_at = time.monotonic_ns()
            record = {"attributes": {"type": "Account"}, "Name": "Seen by consoles", "Description": f"~{sent_at}~"}
            self.post(connection, "/services/data/v62.0/composite/sobjects", json.dumps({"records": [record] * RECORDS}))
            due += 1 / WRITES_A_SECOND
            time.sleep(max(0, due - time.monotonic()))

    def subscribe(self):
        connection = self.connection()

        def send(**message):
            return self.post(connection, "/cometd/62.0", json.dumps([message]))

        shaken = json.loads(send(channel="/meta/handshake", version="1.0", supportedConnectionTypes=["long-polling"]))
        client = {"clientId": shaken[0]["clientId"]}
        send(channel="/meta/connect", connectionType="long-polling", **client)
        send(channel="/meta/subscribe", subscription="/data/AccountChangeEvent", **client)
        while self.is_open:
            answer = send(channel="/meta/connect", connectionType="long-polling", advice={"timeout": 1000}, **client)
            now = time.monotonic_ns()
            self.latencies.extend(now - int(sent_at) for sent_at in SENT_AT.findall(answer))

    def end(self, threads):
        self.is_open = False
        for thread in threads:
            thread.join()
        self.process.terminate()
        self.process.wait()

    def cpu_s(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


class Consoles:
    """Followers that read what comes and keep nothing."""

    def __init__(self, port, count):
        self.bytes = 0
        self.selector = selectors.DefaultSelector()
        for _ in range(count):
            stream = socket.create_connection(("127.0.0.1", port))
            stream.sendall(f"GET /_landfall/v1/stream HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            stream.setblocking(False)
            self.selector.register(stream, selectors.EVENT_READ)
        self.is_open = True
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        while self.is_open:
            for key, _ in self.selector.select(0.2):
                piece = key.fileobj.recv(1 << 20)
                if not piece:
                    raise RuntimeError("a stream has ended")
                self.bytes += len(piece)

    def end(self):
        self.is_open = False
        self.reader.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()


def window(org, count):
    """CPU in cores, latencies in ms, and MB a second to the consoles."""
    consoles = Consoles(org.port, count)
    time.sleep(2)
    org.latencies.clear()
    cpu_s, begun, read = org.cpu_s(), time.monotonic(), consoles.bytes
    time.sleep(WINDOW_S)
    took = time.monotonic() - begun
    cores = (org.cpu_s() - cpu_s) / took
    ranked = sorted(org.latencies)
    events = len(ranked) / took
    consoles.end()
    at = [ranked[int(len(ranked) * share)] / 1e6 for share in (0.5, 0.99)]
    return cores, *at, (consoles.bytes - read) / took / 1e6, events


def main():
    program = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    pairs = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    with tempfile.TemporaryDirectory() as folder:
        org = Org(program, folder)
        threads = [threading.Thread(target=work) for work in (org.subscribe, org.write)]
        for thread in threads:
            thread.start()
        try:
            time.sleep(3)
            windows = {0: [], count: []}
            for _ in range(pairs):
                for consoles, measured in windows.items():
                    measured.append(window(org, consoles))
            for consoles, measured in windows.items():
                cores, p50, p99, megabytes, events = (statistics.median(one) for one in zip(*measured))
                print(f"{consoles:3} consoles: {cores:.3f} cores, p50 {p50:.1f} ms, p99 {p99:.1f} ms, "
                      f"{megabytes:.1f} MB/s to consoles, {events:.0f} events/s to the client")
        finally:
            org.end(threads)


if __name__ == "__main__":
    main()
