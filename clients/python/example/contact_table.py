"""A small integration: a table of contacts that is kept in step with an org by its change events.

It survives what the service does rarely: lost sessions, expired logins, replay ids that are too old, events that come
twice, and events that only say that something has changed.
"""

import http.client
import json
import re
import threading
import urllib.error
import urllib.parse
import urllib.request

CHANNEL = "/data/ContactChangeEvent"
FIELDS = ("LastName", "Email")
NEW_ONLY = -1
# What a request meets when a connection breaks, or something else than the server answers.
BROKEN = (OSError, http.client.HTTPException, ValueError)


class Refused(Exception):
    """The server has refused a message."""


class ContactTable:
    """Contacts by id. `org` has `target`, `access_token`, and `login`, which gives a new access token."""

    def __init__(self, org, rows=None, replay_id=NEW_ONLY):
        self.rows = dict(rows or {})
        self.replay_id = replay_id
        self.handshakes = self.logins = self.rereads = self.resyncs = 0
        self.subscribed = threading.Event()
        # What went wrong that the table does not know how to survive.
        self.failure = None
        self._org = org
        self._stopped = threading.Event()
        self._resync = False
        self._client = None
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def start(self):
        """Is subscribed when it returns, and has what is there."""
        self._thread.start()
        while not self.subscribed.wait(0.1):
            if self.failure:
                raise self.failure

    def stop(self):
        """Ends the session, which answers the poll that is held."""
        self._stopped.set()
        while self._thread.is_alive():
            try:
                if self._client:
                    self._send({"channel": "/meta/disconnect", "clientId": self._client})
            except BROKEN:
                # The session ends by itself.
                pass
            self._thread.join(0.1)

    def resync(self):
        """Reads the whole table again, before the next event."""
        self._resync = True

    def _follow(self):
        """Connects, and connects again whenever the session is lost, from the last replay id."""
        try:
            while not self._stopped.is_set():
                try:
                    self._session()
                except Refused as refused:
                    if str(refused).startswith("401"):
                        self._login()
                except BROKEN:
                    # The next session begins where this one broke.
                    continue
        except Exception as failure:  # noqa: BLE001
            self.failure = failure

    def _session(self):
        self._cookies = {}
        hello = {"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]}
        self._client = self._one(hello)["clientId"]
        self.handshakes += 1
        self._subscribe()
        # Without a replay id, nobody knows what has happened before.
        self._resync = self._resync or self.replay_id == NEW_ONLY
        self._read_again()
        self.subscribed.set()
        connect = {"channel": "/meta/connect", "clientId": self._client, "connectionType": "long-polling"}
        while not self._stopped.is_set():
            messages = self._send(connect)
            for message in messages:
                self._read_again()
                if message["channel"] == CHANNEL:
                    self._apply(message["data"])
                elif message["channel"] == "/meta/connect" and not message["successful"]:
                    raise Refused(message.get("error", ""))
            self._read_again()

    def _subscribe(self):
        message = {"channel": "/meta/subscribe", "clientId": self._client, "subscription": CHANNEL}
        try:
            self._one({**message, "ext": {"replay": {CHANNEL: self.replay_id}}})
        except Refused as refused:
            if "replayId" not in str(refused):
                raise
            # What has happened since is not retained: begin with what comes now.
            self.replay_id = NEW_ONLY
            self._one({**message, "ext": {"replay": {CHANNEL: NEW_ONLY}}})

    def _apply(self, data):
        # It came before.
        if data["event"]["replayId"] <= self.replay_id:
            return
        payload = data["payload"]
        header = payload["ChangeEventHeader"]
        ids, change = header["recordIds"], header["changeType"]
        if not all(re.fullmatch(r"003\w{15}", id) for id in ids):
            # Too many changes to name them.
            self._resync = True
            self._read_again()
        elif change.startswith("GAP_"):
            self._reread(ids)
        else:
            for id in ids:
                self._change(id, change, payload)
        self.replay_id = data["event"]["replayId"]

    def _change(self, id, change, payload):
        if change == "DELETE":
            self.rows.pop(id, None)
            return
        row = self.rows.get(id, {}) if change == "UPDATE" else {}
        # The parts of a name are together in one field.
        values = {**payload, **(payload.get("Name") or {})}
        changed = {name: values[name] for name in FIELDS if name in values}
        self.rows[id] = {**dict.fromkeys(FIELDS), **row, **changed}

    def _reread(self, ids):
        """An event says that contacts have changed, and not how."""
        self.rereads += 1
        names = "','".join(ids)
        found = self._query(f" WHERE Id IN ('{names}')")
        for id in ids:
            self.rows.pop(id, None)
        self.rows.update(found)

    def _read_again(self):
        if self._resync:
            self._resync = False
            self.resyncs += 1
            self.rows = self._query("")

    def _query(self, where):
        query = urllib.parse.quote(f"SELECT Id, LastName, Email FROM Contact{where}")
        path = f"/services/data/v59.0/query?q={query}"
        try:
            answer = self._call(path)
        except urllib.error.HTTPError as error:
            if error.code != 401:
                raise
            self._login()
            answer = self._call(path)
        return {record["Id"]: {name: record[name] for name in FIELDS} for record in answer["records"]}

    def _login(self):
        self.logins += 1
        self._org.login()

    def _one(self, message):
        """Sends a message, and gives what answers it."""
        answers = self._send(message)
        answer = next(answer for answer in answers if answer["channel"] == message["channel"])
        if not answer["successful"]:
            raise Refused(answer.get("error", ""))
        return answer

    def _send(self, message):
        return self._call("/cometd/59.0", [message])

    def _call(self, path, body=None):
        headers = {"Authorization": f"Bearer {self._org.access_token}", "Content-Type": "application/json"}
        if body is not None:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
            body = json.dumps(body).encode()
        request = urllib.request.Request(self._org.target + path, body, headers)
        with urllib.request.urlopen(request, timeout=130) as answer:
            for cookie in answer.headers.get_all("Set-Cookie") or []:
                name, _, value = cookie.partition(";")[0].partition("=")
                self._cookies[name] = value
            return json.loads(answer.read())
