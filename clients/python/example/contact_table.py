"""A small integration: a table of contacts that follows an org by its change events."""

import json
import urllib.request


class ContactTable:
    """Contacts by id. `follow` polls the Streaming API until it is stopped."""

    def __init__(self, target, access_token, channel="/data/ContactChangeEvent"):
        self.rows = {}
        self.handshakes = 0
        self._target, self._token, self._channel = target, access_token, channel
        self._replay = -1
        self._stopped = False

    def stop(self):
        self._stopped = True

    def follow(self):
        """Connects, and connects again whenever the server has lost the session, from the last replay id."""
        while not self._stopped:
            self._session()

    def _session(self):
        self._cookies = {}
        hello = {"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]}
        client = self._send(hello)[0]["clientId"]
        self.handshakes += 1
        replay = {"replay": {self._channel: self._replay}}
        subscribed = self._send(
            {"channel": "/meta/subscribe", "clientId": client, "subscription": self._channel, "ext": replay}
        )
        assert subscribed[0]["successful"], subscribed
        connect = {"channel": "/meta/connect", "clientId": client, "connectionType": "long-polling"}
        while not self._stopped:
            for message in self._send(connect):
                if message["channel"] == self._channel:
                    self._apply(message["data"])
                elif not message["successful"]:
                    return

    def _apply(self, data):
        payload = data["payload"]
        header = payload["ChangeEventHeader"]
        # The parts of a name are together in one field.
        values = {**payload, **(payload.get("Name") or {})}
        changed = {name: values[name] for name in ("LastName", "Email") if name in values}
        for record in header["recordIds"]:
            if header["changeType"] == "DELETE":
                self.rows.pop(record, None)
            else:
                self.rows.setdefault(record, {}).update(changed)
        self._replay = data["event"]["replayId"]

    def _send(self, message):
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        body = json.dumps([message]).encode()
        request = urllib.request.Request(f"{self._target}/cometd/59.0", body, headers)
        with urllib.request.urlopen(request, timeout=130) as answer:
            for cookie in answer.headers.get_all("Set-Cookie") or []:
                name, _, value = cookie.partition(";")[0].partition("=")
                self._cookies[name] = value
            return json.loads(answer.read())
