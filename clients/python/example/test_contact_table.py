"""Tests of the integration that never guess how long something takes: cause it, wait until it has arrived, check."""

import threading
import time

import pytest

from contact_table import ContactTable


@pytest.fixture
def table(landfall):
    table = ContactTable(landfall.target, landfall.access_token)
    follower = threading.Thread(target=table.follow)
    follower.start()
    wait_for_subscription(landfall)
    yield table
    table.stop()
    # An ended session answers the held poll.
    for subscriber in landfall.subscribers():
        landfall.end_subscriber(subscriber["id"])
    follower.join()


def wait_for_subscription(landfall):
    while not any(subscriber["subscriptions"] for subscriber in landfall.subscribers()):
        time.sleep(0.005)
    landfall.settle()


def contact(landfall, name):
    return landfall.rest("POST", "sobjects/Contact", {"LastName": name})["id"]


def test_the_table_follows_creates_updates_and_deletes(landfall, table):
    ames, bell = contact(landfall, "Ames"), contact(landfall, "Bell")
    landfall.rest("PATCH", f"sobjects/Contact/{ames}", {"Email": "ames@example.com"})
    landfall.rest("DELETE", f"sobjects/Contact/{bell}")
    landfall.settle()
    assert table.rows == {ames: {"LastName": "Ames", "Email": "ames@example.com"}}


def test_a_lost_session_loses_nothing(landfall, table):
    contact(landfall, "Ames")
    landfall.settle()
    landfall.arm("client-unknown", method="/meta/connect")
    contact(landfall, "Bell")
    contact(landfall, "Cole")
    landfall.expect("/data/ContactChangeEvent", {"payload": {"Name": {"LastName": "Cole"}}})
    while len(table.rows) < 3:
        landfall.settle()
    assert table.handshakes == 2
    assert [row["LastName"] for row in table.rows.values()] == ["Ames", "Bell", "Cole"]
