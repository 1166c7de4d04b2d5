"""aiosfstream-ng under the scenarios of run.mjs: commands on stdin, events, failures and answers on stdout."""

import asyncio
import json
import sys

from aiocometd_ng import Extension
from aiosfstream_ng import Client, PasswordAuthenticator
from aiosfstream_ng.exceptions import AiosfstreamException, ServerError
from aiosfstream_ng.replay import ReplayMarker, ReplayMarkerStorage


def say(**message):
    print(json.dumps(message), flush=True)


class Authenticator(PasswordAuthenticator):
    """The token URL is a constant of the library, so it is overridden, as its users do for sandboxes of their own."""

    def __init__(self, url):
        super().__init__(
            consumer_key="landfall",
            consumer_secret="landfall",
            username="admin@landfall.test",
            password="landfall",
        )
        self._url = url

    @property
    def _token_url(self):
        return self._url + "/services/oauth2/token"

    async def authenticate(self):
        await super().authenticate()
        say(token=self.access_token)


class Positions(ReplayMarkerStorage):
    """Where each channel goes on: the last event received, and before the first one what was asked for."""

    def __init__(self):
        super().__init__()
        self.asked_for = {}
        self.markers = {}

    async def get_replay_id(self, subscription):
        marker = self.markers.get(subscription)
        return marker.replay_id if marker else self.asked_for[subscription]

    async def get_replay_marker(self, subscription):
        return self.markers.get(subscription)

    async def set_replay_marker(self, subscription, replay_marker: ReplayMarker):
        self.markers[subscription] = replay_marker


class Failures(Extension):
    """Shows every refusal as it came, also those that the client handles by itself."""

    async def incoming(self, payload, headers=None):
        for message in payload:
            if message.get("successful") is False:
                say(failure=message)

    async def outgoing(self, payload, headers):
        pass


class Peer:
    def __init__(self):
        self.positions = Positions()
        self.client = None
        self.receiving = None

    async def open(self, url):
        self.client = Client(Authenticator(url), replay=self.positions, connection_timeout=0)
        self.client.extensions.append(Failures())
        await self.client.open()
        self.receiving = asyncio.create_task(self.receive())

    async def subscribe(self, channel, replay_id):
        self.positions.asked_for[channel] = replay_id
        self.positions.markers.pop(channel, None)
        await self.client.subscribe(channel)

    async def receive(self):
        async for message in self.client:
            say(event=message)

    async def carry_out(self, command):
        try:
            if command["do"] == "open":
                await self.open(command["url"])
            else:
                await self.subscribe(command["channel"], command["replayId"])
        except ServerError as error:
            say(answer=command["id"], error=error.error)
        except AiosfstreamException as error:
            say(answer=command["id"], error=repr(error))
        else:
            say(answer=command["id"])


async def main():
    peer = Peer()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        await peer.carry_out(json.loads(line))


asyncio.run(main())
