"""Back-off, Retry-After, phones that are not there, dead letters and their command."""

from __future__ import annotations

import threading
from email.utils import formatdate
from pathlib import Path

import msgspec
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from geofence.aside import encode_aside
from gomikuru import settings, wiring
from gomikuru.commands import dead_letters as command
from model.alert import encode_alert
from model.event import Tick, encode_event
from model.ping import Ping
from notifier import dead_letters
from notifier.adapters.fcm_answers import retry_after_s
from notifier.backoff import CAP_S, delay_s
from notifier.limits import Limits
from notifier.phones import Phones, RawPush
from notifier.ports import Message
from streams import keys
from streams.memory import MemoryStore
from streams.ports import Entry
from tests.support.notifying import alert

shares = st.floats(0.0, 1.0, exclude_max=True)


@given(st.integers(1, 10_000), shares)
def test_the_wait_grows_to_a_cap_and_is_never_short_of_half(attempt: int, share: float) -> None:
    """Whoever fails together does not come back together, nor at once."""
    wait_s = delay_s(attempt, share)
    assert 0.25 <= wait_s <= CAP_S
    assert delay_s(attempt + 1, share) >= wait_s


@given(st.floats(0, 3600), st.integers(1, 50), shares)
def test_what_was_asked_for_is_waited_for_whatever_the_attempt(asked_s: float, attempt: int, share: float) -> None:
    """At least as long as asked, at most a tenth longer."""
    assert asked_s <= delay_s(attempt, share, asked_s) <= asked_s * 1.1


@given(st.text(max_size=40), st.floats(0, 4e9))
def test_any_retry_after_is_a_bounded_wait_or_nothing(value: str, now_s: float) -> None:
    """No header makes the sender raise or wait for longer than its bound."""
    wait_s = retry_after_s(value, now_s, 3600.0)
    assert wait_s is None or 0.0 <= wait_s <= 3600.0


@given(st.integers(0, 10_000), st.floats(1e9, 3e9))
def test_a_retry_after_is_read_as_seconds_and_as_a_date(seconds: int, now_s: float) -> None:
    """Both forms say the same to within the second that a date can tell."""
    assert retry_after_s(str(seconds), now_s, 1e9) == seconds
    read_s = retry_after_s(formatdate(now_s + seconds, usegmt=True), now_s, 1e9)
    assert read_s is not None
    assert seconds - 1.001 <= read_s <= seconds + 0.001


def raw(target: str, tag: str, title: str = "t") -> RawPush:
    return RawPush(target, Message(title, "b", tag, "ja"), 60, 0)


def test_a_phone_shows_the_last_push_of_each_tag() -> None:
    """A repeat replaces, counts as a push and as a duplicate; another phone's same tag is no duplicate."""
    phones = Phones()
    for push in (raw("a", "1"), raw("a", "2"), raw("a", "1", "again"), raw("b", "1")):
        phones.show(push)
    assert [(push.message.tag, push.message.title) for push in phones.screen("a")] == [("2", "t"), ("1", "again")]
    assert (phones.pushes, phones.duplicates) == (4, 1)
    assert [push.target for push in phones.recent(2)] == ["b", "a"]
    assert "masked" in repr(raw("secret", "1"))
    assert "secret" not in repr(raw("secret", "1"))


def test_phones_count_every_send_of_many_threads() -> None:
    """Four threads, four thousand sends, two thousand of them repeats."""
    phones = Phones(recent=10, screens=5)

    def body() -> None:
        for n in range(1000):
            phones.show(raw(f"p{n}", str(n % 2)))

    threads = [threading.Thread(target=body) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (phones.pushes, phones.duplicates) == (4000, 3000)
    assert len(phones.recent(100)) == 10
    assert sum(bool(phones.screen(f"p{n}")) for n in range(1000)) == 5


def test_a_worker_holds_an_alert_for_less_time_than_others_wait_to_take_it_over() -> None:
    """With the time of the longest send between the two, whatever the setting."""
    assert Limits().hold_s + 20.0 < Limits().reclaim_idle_s


def dead(store: MemoryStore, *items: bytes, why: str = "refused: X") -> list[str]:
    return store.append(keys.dead("minami"), [msgspec.msgpack.encode((why, 3, item)) for item in items])


def test_a_dead_letter_is_read_resent_and_dropped() -> None:
    """Resent, it is the same bytes in the alert stream and no longer a dead letter."""
    store = MemoryStore()
    first, second = dead(store, encode_alert(alert("a")), b"junk")
    store.append(keys.dead("minami"), [b"\xff"])
    read = list(dead_letters.letters(store, "minami"))
    assert [(one.why, one.tries) for one in read[:2]] == [("refused: X", 3)] * 2
    assert [one.alert for one in read] == [alert("a"), None, None]
    dead_letters.resend(store, "minami", first)
    dead_letters.drop(store, "minami", second)
    assert [entry.data for entry in store.read(keys.alerts("minami"), "0-0", 10, 0)] == [encode_alert(alert("a"))]
    assert store.length(keys.dead("minami")) == 1
    with pytest.raises(dead_letters.NoSuchLetter, match=first):
        dead_letters.resend(store, "minami", first)


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[typer.Typer, MemoryStore]:
    store = MemoryStore()
    monkeypatch.setattr(wiring, "open_store", lambda _: store)
    (tmp_path / "city.toml").write_text('id = "minami"\nname = "南市"\ntimezone = "Asia/Tokyo"\n', encoding="utf-8")
    monkeypatch.setattr(settings, "load", lambda *_: settings.Settings.model_construct(cities_dir=tmp_path))
    app = typer.Typer()
    app.callback()(lambda: None)
    command.register(app)
    return app, store


def test_the_command_lists_resends_and_drops(program: tuple[typer.Typer, MemoryStore]) -> None:
    """One line a letter, exit code 0; an id that is not there is exit code 1 and says where to look."""
    app, store = program
    first, second = dead(store, encode_alert(alert("a")), b"junk")
    run = lambda *args: CliRunner().invoke(app, ["dead-letters", "--city", "minami", *args])  # noqa: E731
    listed = run()
    assert listed.exit_code == 0
    head, *lines = listed.stdout.splitlines()
    assert head.startswith("id  alert  tries")
    assert lines[0] == (
        f"{first}  approaching {alert('a').id} run run-1 useful until 2026-11-22T23:41:00Z  tries 3: refused: X"
    )
    assert lines[1] == f"{second}  4 bytes that are no alert  tries 3: refused: X"
    assert run("resend", first).exit_code == 0
    assert run("drop", second).exit_code == 0
    assert store.length(keys.alerts("minami")) == 1
    missing = run("drop", first)
    assert (missing.exit_code, "no dead letter" in missing.stderr) == (1, True)


def test_the_command_lists_and_drops_events_that_the_engine_could_not_take(
    program: tuple[typer.Typer, MemoryStore],
) -> None:
    """What it is and why, without any position; a drop forgets it."""
    app, store = program
    ping = Ping(city="minami", truck="17", fix_ms=1_795_392_000_000, received_ms=1_795_392_000_500, lat=34.8, lon=135.4)
    events = [encode_event(ping), encode_event(Tick(1_795_392_000_000)), b"junk"]
    kept = [encode_aside("no event: broken", Entry(f"{k}-0", data)) for k, data in enumerate(events, 1)]
    first, second, third = store.append(keys.aside("minami"), kept)
    run = lambda *args: CliRunner().invoke(app, ["dead-letters", "--city", "minami", "--events", *args])  # noqa: E731
    assert run().stdout.splitlines() == [
        "id  event: why it was set aside",
        f"{first}  ping 17@1795392000000 received 2026-11-23T00:00:00.500Z: no event: broken",
        f"{second}  Tick at 2026-11-23T00:00:00Z: no event: broken",
        f"{third}  4 bytes that are no event: no event: broken",
    ]
    assert "3 events set aside in minami" in run().stderr
    assert run("drop", second).exit_code == 0
    assert [entry.id for entry in store.read(keys.aside("minami"), "0-0", 10, 0)] == [first, third]
    missing = run("drop", second)
    assert (missing.exit_code, "no event set aside" in missing.stderr) == (1, True)
    assert run("resend", first).exit_code == 2


def test_the_command_refuses_a_city_that_is_not_served(program: tuple[typer.Typer, MemoryStore]) -> None:
    """A typing error in the city's id is not a city without dead letters."""
    result = CliRunner().invoke(program[0], ["dead-letters", "--city", "nope"])
    assert result.exit_code == 1
    assert "no city 'nope'; there are: minami" in result.stderr


@pytest.mark.parametrize("args", [("resend",), ("drop",), ("list", "1-0"), ("burn", "1-0")])
def test_the_command_refuses_what_makes_no_sense(
    program: tuple[typer.Typer, MemoryStore], args: tuple[str, ...]
) -> None:
    """Wrong usage is exit code 2."""
    result = CliRunner().invoke(program[0], ["dead-letters", "--city", "minami", *args])
    assert result.exit_code == 2
