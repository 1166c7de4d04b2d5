"""Each method does what it says, on a real org."""

import urllib.error

import pytest

from landfall_testing import ControlError, join, start

ACCOUNTS = "/data/AccountChangeEvent"


def create(org, name):
    return org.rest("POST", "sobjects/Account", {"Name": name})["id"]


def names(org):
    found = org.rest("GET", "query?q=SELECT+Name+FROM+Account+ORDER+BY+Name")
    return [record["Name"] for record in found["records"]]


def test_an_org_is_reset(landfall):
    first = create(landfall, "one")
    state = landfall.reset()
    assert (state["name"], state["records"], state["events"]) == ("seed", [], 0)
    assert names(landfall) == []
    assert create(landfall, "two") == first


def test_requests_and_mistakes(landfall):
    create(landfall, "one")
    with pytest.raises(urllib.error.HTTPError):
        landfall.rest("POST", "sobjects/Account", {"Nmae": "two"})
    wrong, right = landfall.requests(api="rest")
    assert (wrong["status"], right["status"]) == (400, 201)
    assert landfall.request(wrong["number"])["request"]["text"] == '{"Nmae": "two"}'
    (mistake,) = landfall.mistakes()
    assert (mistake["kind"], mistake["hint"]) == ("unknown-field", "did you mean Name?")
    landfall.reset()
    assert (landfall.requests(), landfall.mistakes()) == ([], [])


def test_snapshots(landfall):
    create(landfall, "one")
    assert landfall.save("with_one")["records"] == [{"object": "Account", "count": 1}]
    create(landfall, "two")
    landfall.load("with_one")
    assert names(landfall) == ["one"]
    landfall.reset(to="with_one", keep_subscribers=True)
    assert [known["name"] for known in landfall.snapshots()] == ["with_one"]
    landfall.remove("with_one")
    with pytest.raises(ControlError) as refused:
        landfall.load("with_one")
    assert (refused.value.status, refused.value.code) == (404, "snapshot-not-found")


def test_events_are_expected(landfall):
    create(landfall, "one")
    [event] = landfall.expect(ACCOUNTS, {"payload": {"Name": "one"}})
    after = landfall.position(ACCOUNTS)
    assert event["replayId"] == after
    with pytest.raises(ControlError) as refused:
        landfall.expect(ACCOUNTS, after=after, timeout=0.01)
    assert refused.value.code == "not-met"
    assert landfall.settle()["tail"] == after
    assert landfall.subscribers() == []
    channels = [topic["channel"] for topic in landfall.topics()["topics"]]
    assert ACCOUNTS in channels


def test_what_is_retained_and_used(landfall):
    before = landfall.position(ACCOUNTS)
    create(landfall, "one")
    [event] = landfall.events(topic=ACCOUNTS, type="CREATE", from_=before + 1)
    assert landfall.event(event["replayId"])["data"]["payload"]["Name"] == "one"
    counted = landfall.count(ACCOUNTS, before)
    assert (counted["events"], counted["first"]["replayId"]) == (1, event["replayId"])
    assert any(schema["event"] == "AccountChangeEvent" and schema["current"] for schema in landfall.schemas())
    [published] = [of["published"] for of in landfall.usage()["topics"] if of["topic"] == ACCOUNTS]
    assert published >= 1
    [account] = [of for of in landfall.difference("seed")["objects"] if of["object"] == "Account"]
    assert account["created"] == 1
    assert landfall.requests()
    landfall.clear_requests()
    assert landfall.requests() == []


def test_the_clock(landfall_org):
    with landfall_org.open() as org:
        frozen = org.clock.freeze(at="2126-03-01T12:00:00Z")
        assert frozen["mode"] == "frozen"
        assert org.clock.preview("73h")["now"] == "2126-03-04T13:00:00.000Z"
        assert org.clock.advance("73h")["now"] == "2126-03-04T13:00:00.000Z"
        later = org.clock.set("2126-03-05T00:00:00Z")["now"]
        assert org.clock.read()["now"] == later == "2126-03-05T00:00:00.000Z"
        assert org.clock.resume()["mode"] == "running"
        assert landfall_org.clock.read()["now"] < "2126"


def test_faults(landfall):
    fault = landfall.arm("unavailable", method="/limits", from_="2000-01-01T00:00:00Z", next=1)
    assert landfall.unfired() == [fault]
    with pytest.raises(Exception, match="503"):
        landfall.rest("GET", "limits")
    assert [fired["fired"] for fired in landfall.faults()] == [1]
    landfall.disarm(fault["id"])
    assert landfall.faults() == []
    landfall.arm("gap")
    landfall.disarm()
    with pytest.raises(ControlError, match='did you mean "client-unknown"'):
        landfall.arm("client-unknwon")


def test_an_isolated_org_is_gone_when_it_closes(landfall):
    create(landfall, "here")
    with landfall.open() as other:
        assert names(other) == []
        assert other.username != landfall.username
    with pytest.raises(ControlError) as refused:
        other.reset()
    assert refused.value.code == "org-not-found"


def test_a_started_org_has_its_seeds_and_is_joined_by_its_variables(tmp_path, monkeypatch):
    seed = tmp_path / "accounts.json"
    record = '{"attributes": {"type": "Account", "referenceId": "one"}, "Name": "seeded"}'
    seed.write_text(f'{{"records": [{record}]}}')
    monkeypatch.delenv("LANDFALL_TARGET", raising=False)
    assert join() is None
    with start(seeds=[seed]) as org:
        assert names(org) == ["seeded"]
        monkeypatch.setenv("LANDFALL_TARGET", org.target)
        monkeypatch.delenv("LANDFALL_ACCESS_TOKEN", raising=False)
        assert names(join()) == ["seeded"]
        org.reset(to="empty")
        assert names(join()) == []
    org.close()


def test_a_server_that_does_not_start_says_why(tmp_path):
    with pytest.raises(RuntimeError, match="seed"):
        start(seeds=[tmp_path / "none.json"])


def test_an_unfired_fault_fails_its_test(pytester):
    pytester.makepyfile("def test_it(landfall): landfall.arm('gap')")
    outcome = pytester.runpytest_subprocess()
    outcome.assert_outcomes(passed=1, errors=1)
    outcome.stdout.fnmatch_lines(["*armed and never fired: gap*"])
