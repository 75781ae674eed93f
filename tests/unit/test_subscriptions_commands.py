"""The residents' commands over a store in memory and the sample city: what they print, refuse and do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gomikuru import wiring
from gomikuru.cli import program
from gomikuru.settings import Settings
from gomikuru.subscriptions import service_clock
from gomikuru.wishes import Asked, wish_of
from model.event import HomesChanged, Tick, decode_event, encode_event
from model.kind import OPT_IN, Kind
from model.ping import Ping
from model.subscription import AtPoint, InZone, MetresLead, Pin, Quiet, ZoneLead
from residents.wish import WishRefused
from streams import keys
from streams.memory import MemoryStore
from streams.ports import START, StoreUnavailable

HEAD = "resident_id,lat,lon,category,lead_minutes,lead_metres,target\n"
TOKEN = "fcm_token:dGhpcyBpcyBhIHRva2VuIQ-abcd"
HOME = ("--lat", "34.8295", "--lon", "135.4712", "--metres", "300")


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> MemoryStore:
    memory = MemoryStore()
    monkeypatch.setattr(wiring, "open_store", lambda _settings: memory)
    return memory


def run(*words: str) -> Result:
    return CliRunner().invoke(program(), list(words))


def listed(*options: str) -> list[dict[str, object]]:
    result = run("subscriptions", "--city", "sample", "--json", *options)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_home_subscribes_and_is_listed_without_its_place(store: MemoryStore) -> None:
    """A listing shows neither home nor device, unless the home is asked for."""
    result = run("subscribe", "--city", "sample", "--id", "r1", *HOME, "--target", TOKEN, "--quiet", "22:00-06:30")
    assert result.exit_code == 0, result.output
    assert "r1: subscribed in sample, 300 m, 1 device\n" in result.stdout
    assert listed() == [
        {"id": "r1", "lead": "300 m", "categories": [], "language": "ja", "quiet": "22:00-06:30"}
        | {"devices": ["fcm_token:…abcd"], "kinds": []}
    ]
    plain = run("subscriptions", "--city", "sample").stdout
    assert "34.8" not in plain
    assert "dGhp" not in plain
    assert listed("--show-homes")[0]["home"] == {"type": "pin", "lat": 34.8295, "lon": 135.4712}
    assert run("subscriptions", "--city", "sample", "--count").stdout == "1\n"


def test_a_home_asks_for_more_kinds_with_a_lead_in_minutes(store: MemoryStore, tmp_path: Path) -> None:
    """From the command line and from a file; the engine hears of it; with metres, or for no choice, it is refused."""
    spot = ("--lat", "34.8295", "--lon", "135.4712")
    kinds = ("--kind", "passed", "--kind", "here")
    one = run("subscribe", "--city", "sample", "--id", "r1", *spot, "--minutes", "10", *kinds)
    assert "r1: subscribed in sample, 10 min, here, passed, 0 devices\n" in one.stdout
    path = tmp_path / "residents.csv"
    path.write_text(HEAD.replace("target", "kinds") + "r2,34.83,135.47,,10,,passed\n", encoding="utf-8")
    assert run("subscribe", "--city", "sample", "--csv", str(path)).exit_code == 0
    assert [each["kinds"] for each in listed()] == [["here", "passed"], ["passed"]]
    events = [decode_event(entry.data) for entry in store.read(keys.events("sample"), START, 10, 0)]
    heard = [home.kinds for event in events if isinstance(event, HomesChanged) for home in event.put]
    assert heard == [OPT_IN, (Kind.PASSED,)]
    for words, said in (
        (("--metres", "300", "--kind", "here"), "kinds: here and passed are told with a lead in minutes only"),
        (("--minutes", "10", "--kind", "corrected"), "kinds: 'corrected' is none of here, passed"),
    ):
        refused = run("subscribe", "--city", "sample", *spot, *words)
        assert (refused.exit_code, said in refused.stderr) == (1, True), refused.stderr


def test_what_the_city_does_not_have_is_refused_at_once(store: MemoryStore) -> None:
    """Unknown zone, category and language are told together, and nothing is kept."""
    result = run("subscribe", "--city", "sample", "--zone", "nowhere", "--category", "glass", "--language", "nihongo")
    assert result.exit_code == 1
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["zone", "category", "language"]
    assert listed() == []


def test_a_language_without_messages_is_refused(store: MemoryStore, tmp_path: Path) -> None:
    """A home that asks for a language that no catalogue has would be told in another; a region of one is fine."""
    alone = run("subscribe", "--city", "sample", *HOME, "--language", "fr")
    assert alone.exit_code == 1
    assert "there are no messages in 'fr'; there are: en, ja" in alone.stderr
    path = tmp_path / "residents.csv"
    path.write_text(HEAD.replace("target", "language") + "r1,34.83,135.47,,,300,fr\n", encoding="utf-8")
    of_a_file = run("subscribe", "--city", "sample", "--csv", str(path))
    assert of_a_file.exit_code == 1
    assert "line 2: language: there are no messages in 'fr'; there are: en, ja" in of_a_file.stderr
    assert listed() == []
    assert run("subscribe", "--city", "sample", *HOME, "--language", "en-GB").exit_code == 0


def test_a_file_tells_how_many_homes_have_no_device(store: MemoryStore, tmp_path: Path) -> None:
    """Homes that nobody can be told in are counted; a line without device leaves a home those that it had."""
    run("subscribe", "--city", "sample", "--id", "r3", *HOME, "--target", TOKEN)
    path = tmp_path / "residents.csv"
    lines = [f"r{number},34.83,135.47,,,300,\n" for number in (1, 2, 3)]
    path.write_text(HEAD + "".join(lines) + "r4,34.83,135.47,,,300,token-4\n", encoding="utf-8")
    result = run("subscribe", "--city", "sample", "--csv", str(path))
    assert "2 homes have no device: nobody is told" in result.stderr
    path.write_text(HEAD + lines[0], encoding="utf-8")
    assert "1 home has no device: nobody" in run("subscribe", "--city", "sample", "--csv", str(path)).stderr
    path.write_text(HEAD + lines[2], encoding="utf-8")
    assert "no device" not in run("subscribe", "--city", "sample", "--csv", str(path)).stderr


def test_the_list_has_a_head_and_is_in_order(store: MemoryStore) -> None:
    """Whatever order the store has, the ids stand in theirs, under the names of the columns."""
    for name in ("r3", "r1", "r4", "r2"):
        run("subscribe", "--city", "sample", "--id", name, *HOME)
    head, *lines = run("subscriptions", "--city", "sample").stdout.splitlines()
    assert head.split("\t") == ["id", "lead", "categories", "language", "quiet", "devices", "kinds"]
    assert [line.split("\t")[0] for line in lines] == ["r1", "r2", "r3", "r4"]
    assert run("subscriptions", "--city", "sample", "--show-homes").stdout.splitlines()[0].endswith("\thome")


def test_what_cannot_be_read_is_told_at_once() -> None:
    """Home, lead, quiet hours and device are all named in one refusal."""
    with pytest.raises(WishRefused) as refused:
        wish_of(Asked(lat=34.8, zone="z", metres=300.0, minutes=5.0, quiet="22-6", targets=("pager:1",)), "ja")
    assert [each.split(":")[0] for each in refused.value.problems] == ["home", "lead", "quiet", "target"]


def test_a_zone_alone_means_on_entering_it() -> None:
    """A home known by its zone is told when the truck enters; a pin may ask for the same."""
    assert wish_of(Asked(zone="sakura-1"), "en").place == InZone("sakura-1")
    assert wish_of(Asked(zone="sakura-1"), "en").lead == ZoneLead()
    pinned = wish_of(Asked(lat=34.8, lon=135.4, on_zone=True, quiet="00:30-06:00"), "en")
    assert (pinned.place, pinned.lead, pinned.quiet) == (Pin(34.8, 135.4), ZoneLead(), Quiet(30, 360))
    assert wish_of(Asked(lat=34.8, lon=135.4, metres=300.0), "en").lead == MetresLead(300.0)


def test_a_file_with_a_bad_line_imports_nothing(store: MemoryStore, tmp_path: Path) -> None:
    """Every bad line is told with its number; --skip-bad takes the others."""
    path = tmp_path / "residents.csv"
    good = "r1,34.83,135.47,burnable,,300,\nr2,34.83,135.47,,,500,token-2\n"
    path.write_text(HEAD + good + "r3,34.83,135.47,glass,,300,\nr4,x,135.47,,,300,\n", encoding="utf-8")
    result = run("subscribe", "--city", "sample", "--csv", str(path))
    assert result.exit_code == 1
    assert "line 4: category: the city has no category 'glass'" in result.stderr
    assert "line 5: lat: not a number" in result.stderr
    assert listed() == []
    taken = run("subscribe", "--city", "sample", "--csv", str(path), "--skip-bad")
    assert taken.exit_code == 0
    assert "2 new, 0 changed, 0 unchanged" in taken.stdout
    assert sorted(str(each["id"]) for each in listed()) == ["r1", "r2"]


def test_a_file_of_a_spreadsheet_in_another_encoding_is_told(store: MemoryStore, tmp_path: Path) -> None:
    """A Shift-JIS file is refused with what to do, not with a traceback."""
    path = tmp_path / "residents.csv"
    path.write_bytes((HEAD + "家1,34.83,135.47,,,300,\n").encode("cp932"))
    result = run("subscribe", "--city", "sample", "--csv", str(path))
    assert result.exit_code == 1
    assert "CSV UTF-8" in result.stderr


def test_a_file_and_a_home_together_are_wrong_usage(store: MemoryStore, tmp_path: Path) -> None:
    """--csv stands alone."""
    assert run("subscribe", "--city", "sample", "--csv", "x.csv", *HOME).exit_code == 2
    assert run("subscribe", "--city", "sample", "--csv", str(tmp_path / "absent.csv")).exit_code == 1


def test_unsubscribing_tells_who_was_not_there(store: MemoryStore) -> None:
    """Those that exist go, the others are named and end the command with 1."""
    for name in ("r1", "r2", "r3"):
        run("subscribe", "--city", "sample", "--id", name, *HOME)
    result = run("unsubscribe", "--city", "sample", "r1", "nobody")
    assert (result.exit_code, result.stdout) == (1, "1 removed from sample\n")
    assert "nobody" in result.stderr
    assert run("unsubscribe", "--city", "sample").exit_code == 2
    assert run("unsubscribe", "--city", "sample", "--all", "r2").exit_code == 2
    assert run("unsubscribe", "--city", "sample", "--all", "--yes").stdout == "2 removed from sample\n"
    assert listed() == []


def test_emptying_a_city_asks_first(store: MemoryStore) -> None:
    """--all without --yes asks, and no answer removes nobody."""
    run("subscribe", "--city", "sample", "--id", "r1", *HOME)
    CliRunner().invoke(program(), ["unsubscribe", "--city", "sample", "--all"], input="n\n")
    assert len(listed()) == 1


def test_a_device_is_added_and_dropped_by_the_id_alone(store: MemoryStore) -> None:
    """The home, its lead and its other devices stay as they are."""
    run("subscribe", "--city", "sample", "--id", "r1", *HOME, "--target", TOKEN, "--quiet", "22:00-06:30")
    second = "screen:kitchen"
    added = run("subscribe", "--city", "sample", "--id", "r1", "--target", second)
    assert (added.exit_code, added.stdout) == (0, "r1: 2 devices in sample\n")
    assert listed("--show-homes")[0] | {"home": None} == {
        **{"id": "r1", "lead": "300 m", "categories": [], "language": "ja", "quiet": "22:00-06:30", "home": None},
        **{"devices": ["fcm_token:…abcd", "screen:…"], "kinds": []},
    }
    dropped = run("unsubscribe", "--city", "sample", "r1", "--target", TOKEN)
    assert (dropped.exit_code, dropped.stdout) == (0, "r1: 1 device dropped, 1 device left\n")
    assert [each["devices"] for each in listed()] == [["screen:…"]]
    last = run("unsubscribe", "--city", "sample", "r1", "--target", second)
    assert (last.exit_code, len(listed())) == (0, 1)
    assert "1 home has no device" in last.stderr


def test_a_device_of_nobody_is_told(store: MemoryStore) -> None:
    """A home that is not there, a device that it has not, one that cannot be read, and a device of two homes."""
    run("subscribe", "--city", "sample", "--id", "r1", *HOME)
    for words, code, said in (
        (("subscribe", "--city", "sample", "--id", "r2", "--target", TOKEN), 1, "r2: not there"),
        (("subscribe", "--city", "sample", "--id", "r1", "--target", "pager:1"), 1, "KIND:VALUE"),
        (("unsubscribe", "--city", "sample", "r2", "--target", TOKEN), 1, "not there: r2"),
        (("unsubscribe", "--city", "sample", "r1", "--target", TOKEN), 1, "no such device"),
        (("unsubscribe", "--city", "sample", "r1", "r2", "--target", TOKEN), 2, "one id"),
        (("unsubscribe", "--city", "sample", "--all", "--yes", "--target", TOKEN), 2, "one id"),
    ):
        result = run(*words)
        assert (result.exit_code, said in result.stderr) == (code, True), (words, result.stderr)
        assert TOKEN.partition(":")[2] not in result.output
    assert [each["id"] for each in listed()] == ["r1"]


def test_a_collection_point_is_subscribed_by_its_name_and_position(store: MemoryStore, tmp_path: Path) -> None:
    """From the command line and from a file; the engine hears of it as of a home there."""
    place = ("--lat", "34.8295", "--lon", "135.4712", "--metres", "300")
    assert run("subscribe", "--city", "sample", "--id", "r1", "--point", "Park gate", *place).exit_code == 0
    path = tmp_path / "residents.csv"
    path.write_text(
        "resident_id,lat,lon,category,lead_minutes,lead_metres,point\nr2,34.8295,135.4712,,,300,Park gate\n"
        "r3,34.8295,135.4712,,,300,\n",
        encoding="utf-8",
    )
    assert run("subscribe", "--city", "sample", "--csv", str(path)).exit_code == 0
    homes = [
        home.place
        for entry in store.read(keys.events("sample"), START, 10, 0)
        if isinstance(event := decode_event(entry.data), HomesChanged)
        for home in event.put
    ]
    assert homes == [*[AtPoint("Park gate", 34.8295, 135.4712)] * 2, Pin(34.8295, 135.4712)]
    refused = run("subscribe", "--city", "sample", "--point", "Park gate", "--zone", "z", "--on-zone")
    assert (refused.exit_code, "--lat and --lon" in refused.stderr) == (1, True)
    assert run("subscribe", "--city", "sample", "--point", "", *place).exit_code == 1


def test_an_unknown_city_names_those_that_exist(store: MemoryStore) -> None:
    """A typing error in the city's name is told with the names that there are."""
    result = run("subscriptions", "--city", "smaple")
    assert result.exit_code == 1
    assert "no city 'smaple'; there are: sample" in result.stderr


def test_a_silent_store_is_told_without_a_traceback(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the store does not answer the command says what to do."""

    def silent(*_: object) -> bool:
        raise StoreUnavailable("no answer from redis://localhost:6379")

    monkeypatch.setattr(store, "transact", silent)
    result = run("subscribe", "--city", "sample", *HOME)
    assert result.exit_code == 1
    assert "run the same command again" in result.stderr


def test_a_change_under_a_fast_clock_stands_at_the_time_of_the_newest_event(store: MemoryStore) -> None:
    """Where service time is not the machine's, a change takes the time of the city's newest event."""
    settings = Settings.model_construct(clock=type("Clock", (), {"kind": "scaled"}))
    assert service_clock(settings, store, "sample").now_ms() == 0
    store.append(keys.events("sample"), [encode_event(Tick(at_ms=5_000))])
    assert service_clock(settings, store, "sample").now_ms() == 5_000
    store.append(keys.events("sample"), [encode_event(Ping("sample", "17", 6_000, 7_000, 34.8, 135.4))])
    assert service_clock(settings, store, "sample").now_ms() == 7_000


def test_the_engine_hears_the_machines_time_by_default(store: MemoryStore) -> None:
    """A subscription's event carries the present time."""
    run("subscribe", "--city", "sample", "--id", "r1", *HOME)
    events = [decode_event(entry.data) for entry in store.read(keys.events("sample"), START, 10, 0)]
    assert isinstance(events[-1], HomesChanged)
    assert events[-1].at_ms > 1_700_000_000_000
