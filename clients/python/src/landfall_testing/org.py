"""An org, and what a test does with it. Each method is a call of the control interface."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any, Self

from . import types

API_VERSION = "59.0"
# The longest that a call of the control interface waits for itself.
_LONGEST_S = 60.0
_SLACK_S = 10.0


class ControlError(Exception):
    """A call that was refused: `code` does not change between versions, `message` may."""

    def __init__(self, status: int, code: str, message: str):
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message


class Org:
    """An org; with `with` it is closed at the end."""

    def __init__(
        self,
        target: str,
        username: str,
        password: str,
        client_id: str,
        client_secret: str,
        access_token: str,
        ca_file: str | None = None,
        close: Callable[[], None] = lambda: None,
    ):
        self.target = target
        self.username = username
        self.password = password
        self.client_id = client_id
        self.client_secret = client_secret
        self.access_token = access_token
        self.ca_file = ca_file
        self.clock = Clock(self)
        self._close = close

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends what was started for it. Once is enough."""
        close, self._close = self._close, lambda: None
        close()

    def rest(self, method: str, path: str, body: Any = None) -> Any:
        """A call of the REST API; `path` begins after the version. Raises `urllib.error.HTTPError`."""
        return self._send(method, f"/services/data/v{API_VERSION}/{path}", body, _LONGEST_S)

    def login(self) -> str:
        """Logs in again, as a client does whose access token has expired; the new access token is used from now on."""
        form = {
            "grant_type": "password",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "username": self.username,
            "password": self.password,
        }
        body = urllib.parse.urlencode(form).encode()
        with urllib.request.urlopen(f"{self.target}/services/oauth2/token", body, timeout=_LONGEST_S) as answer:
            self.access_token = json.loads(answer.read())["access_token"]
        return self.access_token

    def reset(self, to: str = "seed", keep_subscribers: bool = False) -> types.Snapshot:
        """Returns to how the org began: `seed`, `empty`, or the name of a snapshot."""
        return self.control("POST", "reset", {"to": to, "keepSubscribers": keep_subscribers})

    def save(self, name: str) -> types.Snapshot:
        """Saves a snapshot."""
        return self.control("PUT", f"snapshots/{_segment(name)}")

    def load(self, name: str) -> types.Snapshot:
        """Returns to a snapshot, with its events and their replay ids."""
        return self.control("POST", f"snapshots/{_segment(name)}")

    def snapshots(self) -> list[types.Snapshot]:
        return self.control("GET", "snapshots")["snapshots"]

    def remove(self, name: str) -> None:
        """Removes a snapshot."""
        self.control("DELETE", f"snapshots/{_segment(name)}")

    def difference(self, name: str, other: str | None = None) -> types.Difference:
        """What differs between a snapshot, `seed` or `empty`, and now, or another snapshot."""
        query = "" if other is None else f"?{urllib.parse.urlencode({'with': other})}"
        return self.control("GET", f"snapshots/{_segment(name)}/difference{query}")

    def arm(self, fault: str, **where_and_when: Any) -> types.Fault:
        """Arms a fault: `org.arm("client-unknown", method="/meta/connect", next=2)`. `from` is written `from_`."""
        given = {name.rstrip("_"): value for name, value in where_and_when.items()}
        return self.control("POST", "faults", {"fault": fault, **given})

    def faults(self) -> list[types.Fault]:
        return self.control("GET", "faults")["faults"]

    def unfired(self) -> list[types.Fault]:
        """The armed faults that have never fired."""
        return [fault for fault in self.faults() if fault["fired"] == 0]

    def disarm(self, id: str | None = None) -> None:
        """Removes a fault, or all of them."""
        self.control("DELETE", "faults" if id is None else f"faults/{_segment(id)}")

    def requests(self, **filter: Any) -> list[types.RequestSummary]:
        """What clients have sent, the newest first: `org.requests(api="streaming", text="/meta/connect")`."""
        return self.control("GET", f"requests?{urllib.parse.urlencode(filter)}")["requests"]

    def request(self, number: int) -> types.Request:
        """A request and its answer, with the beginnings of their bodies."""
        return self.control("GET", f"requests/{number}")

    def mistakes(self) -> list[types.Mistake]:
        """What clients did that no correct client does, since the last reset."""
        return self.control("GET", "mistakes")["mistakes"]

    def clear_requests(self) -> None:
        """Forgets what clients have sent, and their mistakes."""
        self.control("DELETE", "requests")

    def events(self, **filter: Any) -> list[types.RetainedEvent]:
        """Retained events, the newest first: `org.events(topic="/data/AccountChangeEvent", type="UPDATE", from_=1005)`."""
        given = {name.rstrip("_"): value for name, value in filter.items()}
        return self.control("GET", f"events?{urllib.parse.urlencode(given)}")["events"]

    def event(self, replay_id: int) -> types.WholeEvent:
        """A retained event, as clients of each API get it."""
        return self.control("GET", f"events/{replay_id}")

    def count(self, channel: str, after: int) -> types.EventCount:
        """The retained events of a channel that follow a replay id."""
        return self.control("GET", f"topics/{_segment(channel)}/count?{urllib.parse.urlencode({'after': after})}")

    def schemas(self) -> list[types.EventSchema]:
        """The current and the former schemas of events."""
        return self.control("GET", "schemas")["schemas"]

    def usage(self) -> types.Usage:
        """How much of its allocations the org has used, and how many events were on each topic."""
        return self.control("GET", "usage")

    def settle(self, timeout: float = 5.0) -> types.Settled:
        """Waits until every subscriber has every event so far."""
        return self.control("POST", "settle", {"timeoutMs": round(timeout * 1000)})

    def expect(
        self,
        channel: str,
        match: dict[str, Any] | None = None,
        count: int = 1,
        after: int | None = None,
        timeout: float = 5.0,
    ) -> list[types.Event]:
        """Waits for events that contain what `match` says; those that are there already count."""
        given = {"match": match, "after": after}
        given = {name: value for name, value in given.items() if value is not None}
        body = {"channel": channel, "count": count, "timeoutMs": round(timeout * 1000), **given}
        return self.control("POST", "expect", body)["events"]

    def topics(self) -> types.Topics:
        return self.control("GET", "topics")

    def position(self, channel: str, at: str | None = None) -> int:
        """The replay id from which a subscriber gets every event since `at`; without it, only new ones."""
        query = "" if at is None else f"?{urllib.parse.urlencode({'at': at})}"
        return self.control("GET", f"topics/{_segment(channel)}/position{query}")["replayId"]

    def subscribers(self) -> list[types.Subscriber]:
        return self.control("GET", "subscribers")["subscribers"]

    def end_subscriber(self, id: str) -> None:
        self.control("DELETE", f"subscribers/{_segment(id)}")

    def open(self) -> Org:
        """Opens an isolated org in the same process, with the same project and seeds."""
        opened: types.Credentials = self.control("POST", "orgs")
        return Org(
            target=self.target,
            username=opened["username"],
            password=opened["password"],
            client_id=opened["clientId"],
            client_secret=opened["clientSecret"],
            access_token=opened["accessToken"],
            ca_file=self.ca_file,
            close=lambda: self.control("DELETE", f"orgs/{opened['id']}"),
        )

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """A call of the control interface; `path` begins after its version. Raises `ControlError`."""
        try:
            return self._send(method, f"/_landfall/v1/{path}", body, _LONGEST_S + _SLACK_S)
        except urllib.error.HTTPError as refused:
            with refused:
                text = refused.read().decode(errors="replace")
            try:
                error = json.loads(text)["error"]
                code, message = error["code"], error["message"]
            except (ValueError, KeyError, TypeError):
                code, message = "no-control-interface", f"{self.target} answered {refused.code}"
            raise ControlError(refused.code, code, message) from None

    def _send(self, method: str, path: str, body: Any, timeout: float) -> Any:
        headers = {"Authorization": f"Bearer {self.access_token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.target + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return json.loads(answer.read() or b"null")


class Clock:
    """The clock of an org."""

    def __init__(self, org: Org):
        self._org = org

    def read(self) -> types.Clock:
        return self._org.control("GET", "clock")

    def freeze(self, at: str | None = None) -> types.Clock:
        """Stops the time, now or at a later time such as `2030-01-01T09:00:00Z`."""
        return self._org.control("PUT", "clock", {"mode": "frozen", **({} if at is None else {"now": at})})

    def set(self, time: str) -> types.Clock:
        """Sets a later time."""
        return self._org.control("PUT", "clock", {"now": time})

    def advance(self, by: str) -> types.Clock:
        """Advances the time by a span such as `73h`, and returns when all that has fallen due is done."""
        return self._org.control("POST", "clock/advance", {"by": by})

    def preview(self, by: str) -> types.ClockPreview:
        """What would fall due if the time were advanced by a span such as `73h`; changes nothing."""
        return self._org.control("POST", "clock/preview", {"by": by})

    def resume(self) -> types.Clock:
        """Lets the time go on from where it is."""
        return self._org.control("PUT", "clock", {"mode": "running"})


def _segment(text: str) -> str:
    return urllib.parse.quote(text, safe="")
