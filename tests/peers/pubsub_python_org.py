"""What the gRPC peer stands on besides: the org over REST, and a plain Bayeux client over long polling."""

import http.client
import json
import threading
import urllib.parse

from python_peer import CLIENT, USER, WAIT, until


class Org:
    """The org over one HTTP connection, not to be shared by threads."""

    def __init__(self, authority, token=None):
        self.authority = authority
        self._connection = http.client.HTTPConnection(authority, timeout=WAIT)
        self.token = token or self._login()

    def _login(self):
        form = urllib.parse.urlencode({"grant_type": "password"} | CLIENT | USER)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        status, answer = self._send("POST", "/services/oauth2/token", form, headers)
        assert status == 200, f"login: {status} {answer}"
        self.instance_url = answer["instance_url"]
        return answer["access_token"]

    def _send(self, method, path, body, headers):
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text else None

    def call(self, method, path, value=None):
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        return self._send(method, path, None if value is None else json.dumps(value), headers)

    def _record(self, method, path, value, wanted):
        status, answer = self.call(method, f"/services/data/v59.0/sobjects/{path}", value)
        assert status == wanted, f"{method} {path} {value}: {status} {answer}"
        return answer

    def create(self, kind, fields):
        return self._record("POST", kind, fields, 201)["id"]

    def publish(self, kind, fields):
        """The UUID of the event."""
        return self._record("POST", kind, fields, 201)["errors"][0]["message"]

    def update(self, kind, record, fields):
        self._record("PATCH", f"{kind}/{record}", fields, 204)

    def delete(self, kind, record):
        self._record("DELETE", f"{kind}/{record}", None, 204)

    def channel(self, full_name, channel_type, selected_entity, **member):
        """Makes a channel of one event, with what a member says of it."""
        self._define("PlatformEventChannel", full_name, {"channelType": channel_type, "label": full_name})
        name = f"{full_name}_{selected_entity}".replace("__", "_")
        member |= {"eventChannel": full_name, "selectedEntity": selected_entity}
        self._define("PlatformEventChannelMember", name, member)

    def _define(self, kind, full_name, metadata):
        path = f"/services/data/v62.0/tooling/sobjects/{kind}"
        status, answer = self.call("POST", path, {"FullName": full_name, "Metadata": metadata})
        assert status == 201, f"{kind} {full_name}: {status} {answer}"


class Poller:
    """A Bayeux subscriber to `channels`, each from the replay id given for it, on a thread of its own."""

    def __init__(self, org, channels):
        self.events = {channel: [] for channel in channels}
        self.failure = None
        self._org = Org(org.authority, org.token)
        handshake = {"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]}
        self._id = self._exchange(handshake)["clientId"]
        for channel, replay_id in channels.items():
            ext = {"replay": {channel: replay_id}}
            self._exchange({"channel": "/meta/subscribe", "clientId": self._id, "subscription": channel, "ext": ext})
        self._wanted = True
        self._thread = threading.Thread(target=self._poll, daemon=True)
        self._thread.start()

    def _exchange(self, message):
        status, replies = self._org.call("POST", "/cometd/59.0", [message])
        assert status == 200, f"{message}: {status} {replies}"
        answer = None
        for reply in replies:
            if reply["channel"] == message["channel"]:
                answer = reply
            else:
                self.events[reply["channel"]].append(reply["data"])
        assert answer and answer["successful"], f"{message}: {replies}"
        return answer

    def _poll(self):
        try:
            while self._wanted:
                # Short polls, so that the thread ends soon after it is told to.
                connect = {"channel": "/meta/connect", "clientId": self._id, "connectionType": "long-polling"}
                self._exchange(connect | {"advice": {"timeout": 200}})
        except Exception as failure:
            self.failure = failure

    def wait(self, channel, count):
        def there():
            if self.failure:
                raise self.failure
            return len(self.events[channel]) >= count

        until(f"{count} events of {channel}", there)
        return self.events[channel]

    def close(self):
        self._wanted = False
        self._thread.join()
