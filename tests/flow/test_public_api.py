"""A household's way through the API, over real sockets and a real Valkey."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gomikuru.receipt_keys import receipts_of
from model.alert import Alert, Kind, decode_alert, encode_alert
from model.event import HomesChanged, decode_event
from model.report import decode_report
from model.subscription import MinutesLead, Target, TargetKind
from notifier.adapters.line_users import LineUsers
from notifier.adapters.showings import StoreShowings
from streams import keys
from streams.redis_streams import RedisStore
from tests.support.public import BROWSER, HOME, MONDAY_MS, Public
from tests.support.waiting import wait_until
from web.api.guard import Rates
from web.public import Front

REPEAT = "11112222-3333-4444-5555-666677778888"


@pytest.fixture
def public(valkey_store: RedisStore, tmp_path: Path) -> Iterator[Public]:
    with Public(valkey_store, tmp_path).serving() as served:
        yield served


def test_a_home_signs_up_alone_and_the_engine_hears_of_it(public: Public) -> None:
    """Sign-up gives a key, a code to print and the home, whose pin's zone is found; the event names the same home."""
    made = public.sign_up()
    assert len(made["key"]) == 43
    assert len(made["recovery_code"]) == 19
    assert made["home"]["zone"] == "inaho-1"
    shown = public.ask("GET", "sample/home", made["key"])
    assert shown.json() == made["home"]
    event = decode_event(public.store.newest(keys.events("sample"), 1)[0].data)
    assert isinstance(event, HomesChanged)
    assert event.put[0].lead == MinutesLead(10.0)


def test_a_repeated_sign_up_gives_the_same_answer_and_one_home(public: Public) -> None:
    """The same Idempotency-Key and body are answered byte for byte as before; another body is a conflict."""
    first = public.sign_up(repeat_key=REPEAT)
    assert public.sign_up(repeat_key=REPEAT) == first
    assert public.registry.count("sample") == 1
    other = public.ask("POST", "sample/homes", None, {**HOME, "lead": {"minutes": 20}}, **{"Idempotency-Key": REPEAT})
    assert (other.status_code, other.json()["error"]["code"]) == (409, "conflict")
    public.clock.ms += 24 * 3600 * 1000
    assert public.sign_up(repeat_key=REPEAT)["key"] != first["key"]


def test_a_sign_up_that_was_cut_short_is_finished_by_asking_again(
    public: Public, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the home was not written, the same request writes it, with the secrets of the first time."""
    put = public.registry.put

    def fails(*_: Any) -> Any:
        raise RuntimeError("cut short")

    monkeypatch.setattr(public.registry, "put", fails)
    cut = public.ask("POST", "sample/homes", None, HOME, **{"Idempotency-Key": REPEAT})
    assert cut.status_code == 500
    assert public.registry.count("sample") == 0
    monkeypatch.setattr(public.registry, "put", put)
    made = public.sign_up(repeat_key=REPEAT)
    assert public.ask("GET", "sample/home", made["key"]).status_code == 200


def test_a_home_is_changed_and_keeps_its_devices(public: Public) -> None:
    """PUT replaces the wish and no device; what cannot be kept is refused with every problem."""
    key = public.sign_up()["key"]
    device = public.ask("POST", "sample/home/devices", key, BROWSER).json()
    wish = {
        "place": {"kind": "zone", "zone": "inaho-2"},
        "lead": {"zone": True},
        "language": "en",
        "quiet": {"from": "22:00", "until": "06:30"},
        "reminders": [{"days_before": 1, "at": "19:00"}],
        "needs_min": 4,
        "paused_until": "2026-12-30",
    }
    changed = public.ask("PUT", "sample/home", key, wish)
    assert changed.status_code == 200
    assert changed.json()["devices"] == [device]
    assert changed.json()["paused_until"] == "2026-12-29T15:00:00Z"
    assert {name: changed.json()[name] for name in ("quiet", "reminders", "language")} == {
        name: wish[name] for name in ("quiet", "reminders", "language")
    }
    nowhere = {"kind": "zone", "zone": "nowhere"}
    bad = public.ask("PUT", "sample/home", key, {**wish, "place": nowhere, "language": "xx"})
    assert bad.status_code == 422
    assert len(bad.json()["error"]["problems"]) == 2


def test_devices_are_shown_masked_dropped_and_tried(public: Public) -> None:
    """A device's address never comes back; its test goes to the notifier as its place in the home's list."""
    key = public.sign_up()["key"]
    first = public.ask("POST", "sample/home/devices", key, {"kind": "email", "value": "hanako@example.jp"}).json()
    second = public.ask("POST", "sample/home/devices", key, BROWSER)
    assert second.status_code == 201
    assert public.ask("POST", "sample/home/devices", key, BROWSER).json() == second.json()
    shown = public.ask("GET", "sample/home", key).text
    assert "hanako" not in shown
    assert "SECRET-ENDPOINT" not in shown
    tried = public.ask("POST", f"sample/home/devices/{second.json()['id']}/test", key)
    assert tried.status_code == 202
    alert = decode_alert(public.store.newest(keys.alerts("sample"), 1)[0].data)
    assert (alert.id, alert.tries) == (tried.json()["tag"], 1)
    assert public.ask("DELETE", f"sample/home/devices/{first['id']}", key).status_code == 204
    assert public.ask("POST", f"sample/home/devices/{first['id']}/test", key).status_code == 404
    assert [each["id"] for each in public.ask("GET", "sample/home", key).json()["devices"]] == [second.json()["id"]]


def test_a_link_code_opens_the_home_for_one_other_phone(public: Public) -> None:
    """It works once, however it is typed, and not after ten minutes."""
    key = public.sign_up()["key"]
    code = public.ask("POST", "sample/home/links", key).json()["code"]
    typed = " " + code.replace("-", " ").lower()
    second = public.ask("POST", "sample/links", None, {"code": typed})
    assert second.status_code == 201
    assert public.ask("GET", "sample/home", second.json()["key"]).status_code == 200
    assert public.ask("POST", "sample/links", None, {"code": code}).status_code == 401
    late = public.ask("POST", "sample/home/links", key).json()["code"]
    public.clock.ms += 10 * 60 * 1000
    assert public.ask("POST", "sample/links", None, {"code": late}).status_code == 401


def test_the_printed_code_restores_moves_and_erases(public: Public) -> None:
    """It gives new keys as often as it is asked, takes the others when told, and erases without any key."""
    made = public.sign_up()
    code = made["recovery_code"]
    moved = public.ask("POST", "sample/recover", None, {"recovery_code": code, "revoke": True})
    assert (moved.status_code, moved.json()["recovery_code"]) == (201, code)
    assert public.ask("GET", "sample/home", made["key"]).status_code == 401
    assert public.ask("GET", "sample/home", moved.json()["key"]).status_code == 200
    again = public.ask("POST", "sample/home/recovery_code", moved.json()["key"]).json()["recovery_code"]
    assert public.ask("POST", "sample/recover", None, {"recovery_code": code}).status_code == 401
    assert public.ask("POST", "sample/recover", None, {"recovery_code": again, "erase": True}).status_code == 204
    assert public.ask("GET", "sample/home", moved.json()["key"]).status_code == 401
    assert public.registry.count("sample") == 0


def test_erasing_leaves_nothing_that_names_or_opens_the_home(public: Public) -> None:
    """After DELETE neither registry nor secrets, nor what the notifier keeps of its devices, hold a field of it."""
    made = public.sign_up()
    public.ask("POST", "sample/home/links", made["key"])
    public.ask("POST", "sample/home/devices", made["key"], BROWSER)
    (home,) = public.registry.list("sample")
    receipts = receipts_of(public.keys, ["sample"])
    line = Target(TargetKind.LINE, "U" + "0" * 32)
    LineUsers(public.store, receipts, "sample").link(line, home.id)
    public.registry.add_target("sample", home.id, line)
    StoreShowings(public.store).shown("sample", receipts.digest_of("sample", home.id, home.targets[0]), "a1")
    assert len(public.store.fields("sample", "access")) == 5
    assert all(public.store.fields("sample", each) for each in ("shown", "line-users"))
    assert public.ask("DELETE", "sample/home", made["key"]).status_code == 204
    assert [public.store.fields("sample", each) for each in ("access", "shown", "line-users")] == [{}, {}, {}]
    assert set(public.store.fields("sample", "subs")) == {"#next"}
    assert public.ask("POST", "sample/recover", None, {"recovery_code": made["recovery_code"]}).status_code == 401


def test_today_follows_what_the_home_was_told(public: Public) -> None:
    """By the calendar first; then the window that was foretold, silence, and when the truck passed."""
    key = public.sign_up()["key"]
    today = public.ask("GET", "sample/home/today", key).json()
    assert (today["date"], today["state"], today["categories"]) == ("2026-11-30", "not_started", ["burnable"])
    assert today["next"] == {"date": "2026-11-30", "categories": ["burnable"], "out_by": "08:00"}
    told(public, Kind.APPROACHING, eta_ms=MONDAY_MS + 600_000, eta_low_ms=MONDAY_MS, eta_high_ms=MONDAY_MS + 900_000)
    window = wait_for(public, key, "window")["window"]
    assert (window["low"], window["mid"], window["high"]) == (
        *("2026-11-29T23:00:00Z", "2026-11-29T23:10:00Z", "2026-11-29T23:15:00Z"),
    )
    told(public, Kind.DISRUPTED, heard_ms=MONDAY_MS)
    assert wait_for(public, key, "no_signal")["heard_at"] == "2026-11-29T23:00:00Z"
    told(public, Kind.PASSED)
    assert wait_for(public, key, "passed")["next"]["date"] == "2026-12-03"


def test_an_open_page_is_told_at_once(public: Public) -> None:
    """The stream begins with today and brings what is said to this home, and to no other."""
    key, other = public.sign_up()["key"], public.sign_up()
    mine = [each.id for each in public.registry.list("sample")]
    home = next(each for each in mine if public.reception.access.home_of("sample", key) == each)
    assert other
    stop = threading.Event()
    follower = threading.Thread(target=public.feeds["sample"].run, args=(stop,))
    follower.start()
    try:
        headers = {"Authorization": f"Bearer {key}"}
        with public.client.stream("GET", "api/v1/cities/sample/home/live", headers=headers) as live:
            events = events_of(live)
            assert next(events)[0] == "today"
            for whose, title in (("someone-else", "not for you"), (home, "soon")):
                said = {"v": 1, "title": title, "body": "b", "tag": "t", "lang": "ja", "kind": "approaching"}
                said |= {"useful_until": 0, "receipt": ""}
                entry = json.dumps({"subscription": whose, "message": said}).encode()
                public.store.append(keys.pages("sample"), [entry])
            name, event = next(events)
            assert (name, event["title"], event["kind"]) == ("alert", "soon", "approaching")
    finally:
        stop.set()
        follower.join()


def test_a_report_names_nobody(public: Public) -> None:
    """What was not collected goes to the city with zone, day and kind of waste; only what was due can be reported."""
    key = public.sign_up()["key"]
    report = {"date": "2026-11-30", "category": "burnable"}
    assert public.ask("POST", "sample/home/not_collected", key, report).status_code == 202
    kept = decode_report(public.store.newest(keys.reports("sample"), 1)[0].data)
    assert (kept.zone, kept.day, kept.category) == ("inaho-1", "2026-11-30", "burnable")
    assert public.ask("POST", "sample/home/not_collected", key, {**report, "category": "plastic"}).status_code == 422
    assert public.ask("POST", "sample/home/not_collected", key, {**report, "date": "2026-11-01"}).status_code == 422


def test_the_day_of_use_is_noted_and_the_engine_hears_nothing(public: Public) -> None:
    """Looking at the page notes the day, without an event and without a new version."""
    key = public.sign_up()["key"]
    before = public.store.length(keys.events("sample"))
    public.clock.ms += 24 * 3600 * 1000
    public.ask("GET", "sample/home/today", key)
    (home,) = public.registry.list("sample")
    assert (home.seen_day, home.version) == ("2026-12-01", 1)
    assert public.store.length(keys.events("sample")) == before


def test_forms_are_strict(public: Public) -> None:
    """Unknown fields, other types, other kinds of body and large bodies are refused, each with its code."""
    key = public.sign_up()["key"]
    cases: list[tuple[Any, str, int, str]] = [
        ({**HOME, "extra": 1}, "application/json", 422, "form"),
        ({**HOME, "lead": {}}, "application/json", 422, "refused"),
        ({**HOME, "lead": {"minutes": 10, "zone": True}}, "application/json", 422, "refused"),
        ({**HOME, "place": {"kind": "pin", "lat": "34", "lon": 1}}, "application/json", 422, "form"),
        (HOME, "text/plain", 415, "not_json"),
        ({**HOME, "language": "x" * 20_000}, "application/json", 413, "too_large"),
    ]
    for body, kind, status, code in cases:
        answer = public.ask("PUT", "sample/home", key, body, **{"Content-Type": kind})
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    broken = public.client.put(
        "api/v1/cities/sample/home",
        content=b"{",
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    assert (broken.status_code, broken.json()["error"]["code"]) == (400, "not_json")


def test_a_body_without_a_length_is_bounded_too(public: Public) -> None:
    """Chunks are counted as they come."""
    chunks = (b" " * 4096 for _ in range(8))
    answer = public.client.post(
        "api/v1/cities/sample/places", content=chunks, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 413


def test_limits_hold_and_say_when_to_come_again(valkey_store: RedisStore, tmp_path: Path) -> None:
    """Sign-ups and codes of an address, requests of a key, wrong codes of a city: 429 with Retry-After beyond them."""
    rates = Rates(address="1000/minute", device="5/hour", sign_ups="2/hour", codes="4/hour", wrong_codes="2/hour")
    with Public(valkey_store, tmp_path, rates=rates).serving() as public:
        key = public.sign_up()["key"]
        public.sign_up()
        refused = public.ask("POST", "sample/homes", None, HOME, **{"Idempotency-Key": "x" * 20})
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["Retry-After"]) <= 3600
        wrong = [public.ask("POST", "sample/links", None, {"code": "ABCD"}).status_code for _ in range(4)]
        assert wrong == [401, 401, 429, 429]
        mine = [public.ask("GET", "sample/home", key).status_code for _ in range(6)]
        assert mine == [200, 200, 200, 200, 200, 429]


def test_who_asks_is_told_by_trusted_proxies_only(valkey_store: RedisStore, tmp_path: Path) -> None:
    """Behind one proxy the address that it saw counts; without one X-Forwarded-For is nobody's word."""
    rates = Rates(address="3/hour")
    for proxies, expected in ((0, 429), (1, 200)):
        with Public(valkey_store, tmp_path, rates=rates, proxies=proxies).serving() as public:
            answers = [public.ask("GET", "sample", **{"X-Forwarded-For": f"198.51.100.{n}"}) for n in range(4)]
            assert answers[-1].status_code == expected


def test_every_answer_is_closed_to_other_origins(public: Public) -> None:
    """No origin may read, frame or script; nothing of a home is cached; other hosts' names are refused."""
    key = public.sign_up()["key"]
    answer = public.ask("GET", "sample/home", key, Origin="https://elsewhere.example")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert public.ask("GET", "sample", Host="elsewhere.example").status_code == 400


def test_an_app_of_an_allowed_origin_may_call(valkey_store: RedisStore, tmp_path: Path) -> None:
    """CORS is open to the origins of the settings, with the headers that a home needs."""
    front = Front(hosts=("127.0.0.1",), origins=("https://app.example",))
    with Public(valkey_store, tmp_path, front=front).serving() as public:
        asked = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization,content-type"}
        allowed = public.client.options("api/v1/cities/sample/home", headers={"Origin": "https://app.example", **asked})
        assert allowed.headers["Access-Control-Allow-Origin"] == "https://app.example"
        other = public.client.options("api/v1/cities/sample/home", headers={"Origin": "https://evil.example", **asked})
        assert "Access-Control-Allow-Origin" not in other.headers


def test_a_store_that_is_away_is_said_and_nothing_of_ours_is_told(public: Public) -> None:
    """503 with Retry-After, in the form of every error."""
    public.store.close()
    public.reception.access.__dict__["_store"] = RedisStore.at("redis://127.0.0.1:1")
    answer = public.ask("GET", "sample/home", "k" * 43)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
    assert "127.0.0.1" not in answer.text


def test_places_are_found_as_people_write_them(public: Public) -> None:
    """By zone without any places.csv, by the city's names with one, and by position."""
    for typed in ("稲穂町一丁目", "稲穂町１丁目", "稲穂町 1", "稻穂"):
        answer = public.ask("POST", "sample/places", None, {"q": typed}).json()["places"]
        assert answer, typed
        assert answer[0]["zone"] == "inaho-1", typed
    near = public.ask("POST", "sample/places", None, {"lat": 34.8209, "lon": 135.455}).json()["places"]
    assert near[0]["id"] == "inaho-1"
    assert public.ask("POST", "sample/places", None, {"q": "x", "lat": 1}).status_code == 422


def told(public: Public, kind: Kind, **more: Any) -> None:
    """Let the engine tell the only home something."""
    (home,) = public.registry.list("sample")
    alert = Alert(
        id=kind.value,
        city="sample",
        subscription=home.id,
        kind=kind,
        service_day="2026-11-30",
        run="r",
        ordinal=0,
        vehicle="1",
        fired_ms=MONDAY_MS,
        useful_until_ms=MONDAY_MS + 1,
        lead=home.lead,
        ping="p",
        **more,
    )
    public.store.append(keys.alerts("sample"), [encode_alert(alert)])


def wait_for(public: Public, key: str, state: str) -> dict[str, Any]:
    """Ask until today stands so."""
    found: dict[str, Any] = {}

    def there() -> bool:
        found.clear()
        found.update(public.ask("GET", "sample/home/today", key).json())
        return bool(found["state"] == state)

    wait_until(there, 10, f"today to be {state}")
    return found


def events_of(live: httpx.Response) -> Iterator[tuple[str, dict[str, Any]]]:
    """Read server-sent events."""
    name = ""
    for line in live.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def test_targets_of_every_kind_are_checked(public: Public) -> None:
    """A browser comes with its subscription, the others with a value; an address must be one."""
    key = public.sign_up()["key"]
    for body in (
        {"kind": "webpush", "value": "x"},
        {"kind": "email", "value": "nobody"},
        {"kind": "email", "subscription": BROWSER["subscription"]},
        {"kind": TargetKind.SCREEN.value, "value": "1"},
        {"kind": TargetKind.LINE.value, "value": "U1"},
    ):
        assert public.ask("POST", "sample/home/devices", key, body).status_code == 422


def test_an_answer_does_not_wait_for_an_acknowledgement(public: Public) -> None:
    """Head and body are two packets; held back until the first is acknowledged, each answer would take 40 ms."""
    took = []
    for _ in range(20):
        began = time.monotonic()
        assert public.client.get("health").status_code == 200
        took.append(time.monotonic() - began)
    assert min(took[1:]) < 0.035
