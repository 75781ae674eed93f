"""What leaves the simulator: payloads played by a clock, files of the offline twin, and the command around both."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gomikuru import places
from gomikuru.cli import program
from gomikuru.clocks import DrivenClock
from gomikuru.residents_csv import read_residents
from gomikuru.simulate import Payload, Simulation, drive_day, payloads, read_town, shifted, tour_pings
from gomikuru.simulation.play import play
from model.times import parse_rfc3339
from tests.support.tables import rows

SAMPLE = places.sample_cities() / "sample"


def payload(sent_ms: int) -> Payload:
    return Payload(sent_ms, "1", "topic", str(sent_ms).encode())


def invoke(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(program(), ["simulate", "--city", str(SAMPLE), *map(str, arguments)])
    return result.exit_code, result.output


def test_each_payload_is_played_when_the_clock_reaches_it() -> None:
    """Nothing is published before its time; a fast clock shortens the waits by its factor."""
    clock, waits, heard = DrivenClock(1_000), [], []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        clock.advance_to(clock.now_ms() + round(seconds * 1000 * 20))

    sent = play(
        map(payload, (1_000, 3_000, 9_000)),
        lambda topic, body: heard.append((clock.now_ms(), topic, body)),
        clock,
        threading.Event(),
        speed=20,
        wait=wait,
    )
    assert sent == 3
    assert heard == [(1_000, "topic", b"1000"), (3_000, "topic", b"3000"), (9_000, "topic", b"9000")]
    assert sum(waits) == pytest.approx(8 / 20)


def test_what_was_due_before_the_beginning_is_left_out() -> None:
    """A play that begins at 08:40 does not rush through what came before."""
    heard: list[bytes] = []
    clock = DrivenClock(5_000)
    play(map(payload, (1, 4_999, 5_000)), lambda _, body: heard.append(body), clock, threading.Event(), begin_ms=5_000)
    assert heard == [b"5000"]


def test_stopping_ends_a_play_in_the_middle_of_a_wait() -> None:
    """Once stop is set, nothing more is published."""
    stop, heard = threading.Event(), []

    def wait(_: float) -> None:
        stop.set()

    assert play(map(payload, (1, 10_000)), lambda _, body: heard.append(body), DrivenClock(5), stop, wait=wait) == 1
    assert heard == [b"1"]


def test_a_play_draws_payloads_only_as_they_are_due() -> None:
    """A day is generated while it is played, not before."""
    drawn = []

    def endless() -> Iterator[Payload]:
        for at in range(0, 10**9, 1_000):
            drawn.append(at)
            yield payload(at)

    stop, clock = threading.Event(), DrivenClock()
    play(endless(), lambda *_: None, clock, stop, wait=lambda _: stop.set())
    assert len(drawn) == 2


def test_shifting_moves_fix_and_sending_alike() -> None:
    """A day that is moved to now keeps every latency."""
    town = read_town(SAMPLE)
    settings = Simulation(trucks=1)
    pings = list(tour_pings(town, drive_day(town, date(2026, 11, 26), 1, settings), date(2026, 11, 26), 1, settings))
    moved = list(shifted(pings, 5_000))
    assert [(p.sent_ms - 5_000, p.fix_ms - 5_000) for p in moved] == [(p.sent_ms, p.fix_ms) for p in pings]
    assert next(payloads("minami", moved)).topic == "gomikuru/v1/minami/trucks/1/ping"


def test_the_command_writes_the_file_forms_of_the_offline_twin(tmp_path: Path) -> None:
    """pings.csv in order of receipt, residents.csv that subscribes, arrivals.csv that names both."""
    names = {name: tmp_path / f"{name}.csv" for name in ("pings", "residents", "arrivals")}
    code, said = invoke(
        *("--day", "2026-11-26", "--trucks", 2, "--interval", 10, "--homes", 300, "--lead", "mixed"),
        *("--out", names["pings"], "--residents", names["residents"], "--arrivals", names["arrivals"]),
    )
    assert code == 0, said
    pings = rows(names["pings"])
    assert list(pings[0]) == [
        *("vehicle_id", "timestamp", "lat", "lon", "speed_mps", "heading", "accuracy", "received_at"),
    ]
    received = [parse_rfc3339(ping["received_at"]) for ping in pings]
    assert received == sorted(received)
    assert {ping["vehicle_id"] for ping in pings} == {"1", "2"}
    with names["residents"].open(encoding="utf-8", newline="") as file:
        residents = read_residents(file)
    assert not residents.problems
    homes = rows(names["residents"])
    assert len(homes) == 300
    assert all(bool(home["lead_minutes"]) != bool(home["lead_metres"]) for home in homes)
    arrivals = rows(names["arrivals"])
    assert arrivals
    assert {each["resident_id"] for each in arrivals} <= {home["resident_id"] for home in homes}
    assert {each["vehicle_id"] for each in arrivals} <= {"1", "2"}


def test_the_command_writes_the_same_bytes_from_the_same_seed(tmp_path: Path) -> None:
    """A recorded day can be made again."""
    for name in ("a", "b"):
        assert invoke("--day", "2026-11-26", "--trucks", 1, "--seed", 7, "--out", tmp_path / name)[0] == 0
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        ([], 2, "nothing to do: give --broker, --out, --residents or --arrivals"),
        (["--out", "x", "--day", "tomorrow"], 2, "--day 'tomorrow' is no date: write it as 2026-11-26"),
        (["--out", "x", "--day", "2026-11-29"], 1, "no truck is out on 2026-11-29: choose another --day"),
        (["--out", "x", "--lead", "miles"], 2, "--lead 'miles' is unknown: write metres, minutes or mixed"),
        (["--out", "/nowhere/x", "--day", "2026-11-26"], 1, "/nowhere/x cannot be written: No such file or directory"),
        (["--broker", "broker.example"], 1, "'broker.example' is no broker address: write mqtt://host:1883"),
        (["--broker", "mqtt://h", "--start-at", "9h"], 2, "--start-at '9h' is no time: write it as 08:40"),
        (["--broker", "mqtt://h", "--password-file", "/nowhere"], 1, "the password file /nowhere cannot be read"),
        (["--out", "x", "--interval", "0.5"], 2, "--interval"),
    ],
)
def test_wrong_use_says_what_to_write(arguments: list[str], code: int, expected: str) -> None:
    """Each mistake on the command line ends with its own sentence and exit code."""
    found, said = invoke(*arguments)
    assert found == code, said
    assert expected in said


def test_a_broken_city_is_shown_with_its_problems(tmp_path: Path) -> None:
    """The simulator refuses a folder with errors and repeats them."""
    (tmp_path / "city.toml").write_text('id = "A"\n')
    result = CliRunner().invoke(program(), ["simulate", "--city", str(tmp_path), "--out", "x"])
    assert result.exit_code == 1
    assert "city.toml: 'timezone' is missing" in result.output
    assert "routes.geojson: holds no route" in result.output
    assert "gomikuru check" in result.output


def test_a_silent_port_is_named() -> None:
    """Where no broker listens, the command says so and ends."""
    code, said = invoke("--broker", "mqtt://127.0.0.1:9", "--day", "2026-11-26")
    assert code == 1
    assert "no broker answers at 127.0.0.1:9" in said
