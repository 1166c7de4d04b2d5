"""Tests of the integration that never guess how long something takes: cause it, wait until it has arrived, check."""

import datetime
import json
import time

import pytest
from contact_table import CHANNEL, ContactTable
from landfall_testing import ControlError

# No test waits longer.
PATIENCE_S = 30
POLLS = {"method": "/meta/connect"}
POSTS = {"method": "/cometd"}
TOPIC = {"topic": CHANNEL}


@pytest.fixture
def org(landfall):
    landfall.login()
    return landfall


@pytest.fixture
def table(org):
    table = ContactTable(org)
    table.start()
    yield table
    table.stop()
    assert table.failure is None


def create(org, name, **more):
    return org.rest("POST", "sobjects/Contact", {"LastName": name, **more})["id"]


def update(org, id, **fields):
    org.rest("PATCH", f"sobjects/Contact/{id}", fields)


def remove(org, id):
    org.rest("DELETE", f"sobjects/Contact/{id}")


def together(org, names):
    records = [{"attributes": {"type": "Contact"}, "LastName": name} for name in names]
    org.rest("POST", "composite/sobjects", {"allOrNone": True, "records": records})


def contacts(org):
    """What the org has."""
    records = org.rest("GET", "query?q=SELECT+Id,LastName,Email+FROM+Contact")["records"]
    return {record["Id"]: {"LastName": record["LastName"], "Email": record["Email"]} for record in records}


def names(table):
    return sorted(row["LastName"] for row in list(table.rows.values()))


def in_step(org, table):
    """Waits until the table is in step, and gives the names in it."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            org.settle(timeout=0.1)
        except ControlError as error:
            # A session that was lost is not settled until the client is back.
            assert error.code == "not-settled"
        if table.failure:
            raise table.failure
        if table.rows == contacts(org):
            return names(table)
        assert time.monotonic() < end, (table.rows, contacts(org))


def until(condition):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end


def survive(org, table, fault, **where_and_when):
    """Changes contacts while a fault fires."""
    create(org, "Ames")
    in_step(org, table)
    org.arm(fault, **where_and_when)
    create(org, "Bell")
    create(org, "Cole")
    assert in_step(org, table) == ["Ames", "Bell", "Cole"]
    # A table that was in step before a connection broke notices it with the next poll.
    until(lambda: org.faults()[0]["fired"] == 1)


class TestChanges:
    def test_a_contact_is_created(self, org, table):
        id = create(org, "Ames", Email="ames@example.com")
        in_step(org, table)
        assert table.rows == {id: {"LastName": "Ames", "Email": "ames@example.com"}}

    def test_an_update_changes_what_it_names(self, org, table):
        id = create(org, "Ames", Email="ames@example.com")
        update(org, id, LastName="Bell")
        in_step(org, table)
        assert table.rows[id] == {"LastName": "Bell", "Email": "ames@example.com"}

    def test_a_value_is_removed(self, org, table):
        id = create(org, "Ames", Email="ames@example.com")
        update(org, id, Email=None)
        in_step(org, table)
        assert table.rows[id]["Email"] is None

    def test_a_contact_is_deleted(self, org, table):
        remove(org, create(org, "Ames"))
        create(org, "Bell")
        assert in_step(org, table) == ["Bell"]

    def test_the_last_of_several_changes_counts(self, org, table):
        id = create(org, "one")
        for name in ("two", "three", "four"):
            update(org, id, LastName=name)
        assert in_step(org, table) == ["four"]

    def test_a_transaction_has_several_contacts(self, org, table):
        together(org, ["Ames", "Bell", "Cole"])
        assert in_step(org, table) == ["Ames", "Bell", "Cole"]

    def test_200_contacts_come_at_once(self, org, table):
        together(org, [f"contact {number}" for number in range(200)])
        assert len(in_step(org, table)) == 200

    def test_other_objects_are_none_of_its_business(self, org, table):
        org.rest("POST", "sobjects/Account", {"Name": "Acme"})
        create(org, "Ames")
        assert in_step(org, table) == ["Ames"]


class TestState:
    def test_what_is_there_at_the_beginning_is_read(self, org):
        create(org, "Ames")
        table = ContactTable(org)
        table.start()
        assert names(table) == ["Ames"]
        table.stop()

    def test_a_reset_returns_to_the_beginning(self, org):
        create(org, "Ames")
        state = org.reset()
        assert (state["name"], state["records"], state["events"]) == ("seed", [], 0)
        assert contacts(org) == {}

    def test_a_reset_to_nothing_leaves_nothing(self, org):
        create(org, "Ames")
        assert org.reset(to="empty")["records"] == []
        assert contacts(org) == {}

    def test_a_reset_can_keep_the_session(self, org, table):
        org.reset(keep_subscribers=True)
        create(org, "Bell")
        assert in_step(org, table) == ["Bell"]
        assert table.handshakes == 1

    def test_a_snapshot_brings_contacts_back_and_their_events(self, org):
        id = create(org, "Ames")
        saved = org.save("with_ames")
        assert saved["records"] == [{"object": "Contact", "count": 1}]
        remove(org, id)
        org.load("with_ames")
        [event] = org.expect(CHANNEL, {"payload": {"ChangeEventHeader": {"recordIds": [id]}}})
        assert event["replayId"] == saved["replayId"]
        assert list(contacts(org)) == [id]

    def test_a_snapshot_is_listed_until_it_is_removed(self, org):
        org.save("short_lived")
        assert "short_lived" in [snapshot["name"] for snapshot in org.snapshots()]
        org.remove("short_lived")
        with pytest.raises(ControlError) as refused:
            org.load("short_lived")
        assert (refused.value.status, refused.value.code) == (404, "snapshot-not-found")

    def test_a_restart_misses_nothing(self, org, table):
        create(org, "Ames")
        in_step(org, table)
        table.stop()
        remove(org, next(iter(table.rows)))
        together(org, ["Bell", "Cole"])
        again = ContactTable(org, table.rows, table.replay_id)
        again.start()
        assert in_step(org, again) == ["Bell", "Cole"]
        assert again.resyncs == 0
        again.stop()

    def test_a_table_begins_at_a_time(self, org):
        create(org, "before")
        org.clock.advance("1m")
        now = org.clock.read()["now"]
        create(org, "after")
        late = ContactTable(org, replay_id=org.position(CHANNEL, now))
        late.start()
        until(lambda: names(late) == ["after"])
        late.stop()

    def test_another_org_is_another_world(self, org, table):
        with org.open() as other:
            create(other, "Stranger")
            create(org, "Ames")
            assert in_step(org, table) == ["Ames"]


class TestTime:
    def test_a_clock_that_stands_still_gives_the_same_dates(self, org):
        frozen = org.clock.freeze()
        assert frozen["mode"] == "frozen"
        dates = set()
        for name in ("Ames", "Bell"):
            id = create(org, name)
            dates.add(org.rest("GET", f"sobjects/Contact/{id}?fields=CreatedDate")["CreatedDate"])
        assert len(dates) == 1

    def test_time_goes_on_from_where_it_was_set_to(self, org):
        now = org.clock.read()["now"]
        later = datetime.datetime.fromisoformat(now) + datetime.timedelta(hours=1)
        org.clock.set(later.isoformat())
        org.clock.resume()
        create(org, "Ames")
        [event] = org.expect(CHANNEL)
        commit = event["data"]["payload"]["ChangeEventHeader"]["commitTimestamp"]
        # Commits have no parts of a second.
        assert commit / 1000 > later.timestamp() - 1
        with pytest.raises(ControlError) as refused:
            org.clock.set(now)
        assert (refused.value.status, refused.value.code) == (409, "clock-backwards")

    def test_a_poll_that_is_held_too_long_is_answered(self, org, table):
        org.clock.advance("3m")
        create(org, "Ames")
        assert in_step(org, table) == ["Ames"]

    def test_a_login_that_has_expired_is_renewed(self, org, table):
        create(org, "Ames")
        in_step(org, table)
        org.clock.advance("25h")
        org.login()
        create(org, "Bell")
        assert in_step(org, table) == ["Ames", "Bell"]

    def test_a_replay_id_that_is_too_old_makes_it_read_everything(self, org, table):
        create(org, "Ames")
        in_step(org, table)
        table.stop()
        create(org, "Bell")
        org.clock.advance("73h")
        org.login()
        again = ContactTable(org, table.rows, table.replay_id)
        again.start()
        assert in_step(org, again) == ["Ames", "Bell"]
        assert again.resyncs == 1
        again.stop()


class TestFaultsOfSessionsAndConnections:
    def test_a_lost_session_loses_nothing(self, org, table):
        survive(org, table, "client-unknown", **POLLS)
        assert table.handshakes == 2

    def test_a_token_that_is_refused_is_renewed(self, org, table):
        create(org, "Ames")
        in_step(org, table)
        org.arm("token-invalid")
        # The held poll is answered, and the next one is refused.
        org.clock.advance("3m")
        until(lambda: table.logins == 1)
        create(org, "Bell")
        assert in_step(org, table) == ["Ames", "Bell"]

    @pytest.mark.parametrize("fault", ["unavailable", "events-daily-limit"])
    def test_a_server_that_refuses_is_asked_again(self, org, table, fault):
        survive(org, table, fault, **POLLS)

    def test_another_server_behind_the_balancer_goes_on(self, org, table):
        survive(org, table, "server-moved", **POLLS)
        assert table.handshakes == 1

    @pytest.mark.parametrize("fault", ["reset-peer", "half-close", "http-503-html", "ack-lost", "truncate"])
    def test_a_broken_connection_is_made_again(self, org, table, fault):
        survive(org, table, fault, **POSTS)

    def test_an_answer_in_small_pieces_is_an_answer(self, org, table):
        survive(org, table, "slice", **POSTS, bytes=7, delay="1ms")

    def test_a_fault_that_is_taken_back_does_not_fire(self, org, table):
        armed = org.arm("client-unknown", **POLLS, after=5)
        assert armed["fired"] == 0
        org.disarm(armed["id"])
        create(org, "Ames")
        assert in_step(org, table) == ["Ames"]
        assert table.handshakes == 1


class TestFaultsOfEvents:
    def test_a_refused_replay_id_makes_it_read_everything(self, org, table):
        create(org, "Ames")
        in_step(org, table)
        table.stop()
        org.arm("replay-id-invalid", **TOPIC)
        create(org, "Bell")
        again = ContactTable(org, table.rows, table.replay_id)
        again.start()
        assert in_step(org, again) == ["Ames", "Bell"]
        assert again.resyncs == 1
        again.stop()

    def test_a_gap_event_makes_it_read_a_contact(self, org, table):
        org.arm("gap", **TOPIC)
        create(org, "Ames")
        assert in_step(org, table) == ["Ames"]
        assert (table.rereads, table.resyncs) == (1, 1)

    def test_an_overflow_makes_it_read_everything(self, org, table):
        org.arm("overflow", **TOPIC)
        together(org, ["Ames", "Bell"])
        assert in_step(org, table) == ["Ames", "Bell"]
        assert table.resyncs == 2

    def test_a_field_that_became_another_type_makes_it_read_everything(self, org, table):
        id = create(org, "Ames")
        in_step(org, table)
        org.arm("conversion", **TOPIC)
        update(org, id, Email="ames@example.com")
        in_step(org, table)
        assert table.rows[id]["Email"] == "ames@example.com"
        assert table.resyncs == 2

    def test_an_event_that_comes_twice_counts_once(self, org, table):
        org.arm("duplicate", **TOPIC)
        create(org, "Ames")
        create(org, "Bell")
        assert in_step(org, table) == ["Ames", "Bell"]

    def test_a_late_event_comes_with_time(self, org, table):
        org.clock.freeze()
        org.arm("delay", **TOPIC, delay="10m")
        create(org, "Ames")
        org.expect(CHANNEL)
        assert names(table) == []
        org.clock.advance("10m")
        assert in_step(org, table) == ["Ames"]

    def test_an_event_that_never_comes_is_found_by_comparing(self, org, table):
        org.arm("drop", **TOPIC)
        create(org, "Ames")
        create(org, "Bell")
        until(lambda: names(table) == ["Bell"])
        table.resync()
        create(org, "Cole")
        assert in_step(org, table) == ["Ames", "Bell", "Cole"]


class TestWhatTheIntegrationDoes:
    def test_it_makes_no_mistakes(self, org, table):
        create(org, "Ames")
        in_step(org, table)
        assert org.mistakes() == []
        [subscribed] = org.requests(api="streaming", text="/meta/subscribe")
        sent = json.loads(org.request(subscribed["number"])["request"]["text"])
        assert sent[0]["ext"] == {"replay": {CHANNEL: -1}}

    def test_a_wrong_channel_is_a_mistake_and_the_right_one_is_named(self, org):
        table = ContactTable(org)
        table._cookies = {}
        hello = {"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]}
        client = table._one(hello)["clientId"]
        table._send({"channel": "/meta/subscribe", "clientId": client, "subscription": "/data/ContactsChangeEvent"})
        table._send({"channel": "/meta/disconnect", "clientId": client})
        [mistake] = org.mistakes()
        assert (mistake["kind"], mistake["hint"]) == ("unknown-channel", f"did you mean {CHANNEL}?")

    def test_its_subscription_has_no_lag_and_can_be_ended(self, org, table):
        create(org, "Ames")
        in_step(org, table)
        [subscriber] = org.subscribers()
        [subscription] = subscriber["subscriptions"]
        assert (subscriber["protocol"], subscription["channel"], subscription["lag"]) == ("cometd", CHANNEL, 0)
        org.end_subscriber(subscriber["id"])
        create(org, "Bell")
        assert in_step(org, table) == ["Ames", "Bell"]
        assert table.handshakes == 2

    def test_events_are_waited_for_and_missed_in_time(self, org):
        topics = org.topics()
        assert CHANNEL in [topic["channel"] for topic in topics["topics"]]
        together(org, ["Ames", "Bell"])
        match = {"payload": {"ChangeEventHeader": {"changeType": "CREATE"}}}
        events = org.expect(CHANNEL, match, count=2, after=topics["tail"])
        assert [event["data"]["payload"]["Name"]["LastName"] for event in events] == ["Ames", "Bell"]
        with pytest.raises(ControlError) as refused:
            org.expect(CHANNEL, {"payload": {"Name": {"LastName": "Nobody"}}}, timeout=0.02)
        assert (refused.value.status, refused.value.code) == (408, "not-met")
