"""The command `gomikuru simulate`."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import msgspec
import typer

from gomikuru.clocks import ScaledClock, machine_ms
from model.subscription import Lead, MetresLead, MinutesLead
from model.times import format_rfc3339, local

if TYPE_CHECKING:
    from gomikuru.simulate import SimPing, Simulation, Tour, Town

PASSWORD_VARIABLE = "SIMULATOR_PASSWORD"


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("simulate")(simulate)


def simulate(
    city: Annotated[Path, typer.Option("--city", help="Folder of the city, such as data/routes/sample.")],
    broker: Annotated[
        str | None, typer.Option("--broker", help="Publish here: mqtt://host:1883 or mqtts://host:8883.")
    ] = None,
    username: Annotated[str | None, typer.Option("--username", help="The simulator's user at the broker.")] = None,
    password_file: Annotated[
        Path | None, typer.Option("--password-file", help=f"File with its password; or set {PASSWORD_VARIABLE}.")
    ] = None,
    day: Annotated[
        str | None, typer.Option("--day", help="Service day, YYYY-MM-DD; default: the next with a collection.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same day.")] = 1,
    speed: Annotated[float, typer.Option("--speed", min=0.01, help="How much faster than life to publish.")] = 1.0,
    start_at: Annotated[
        str | None, typer.Option("--start-at", help="Local time to begin at, HH:MM; default: trucks at work.")
    ] = None,
    now: Annotated[
        bool, typer.Option("--now", help="Move the day so that it begins now: for a service on real time.")
    ] = False,
    interval: Annotated[
        float, typer.Option("--interval", min=1.0, max=60.0, help="Seconds between a truck's fixes.")
    ] = 5.0,
    trucks: Annotated[int | None, typer.Option("--trucks", min=1, help="At most so many trucks.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the day's pings as CSV.")] = None,
    homes: Annotated[int, typer.Option("--homes", min=1, help="How many households, for the next two.")] = 1000,
    residents: Annotated[Path | None, typer.Option("--residents", help="Write the households as CSV.")] = None,
    lead: Annotated[
        str, typer.Option("--lead", help="Their leads: metres (200, 300, 500), minutes (5, 10) or mixed.")
    ] = "metres",
    arrivals: Annotated[
        Path | None, typer.Option("--arrivals", help="Write when their truck really came, as CSV.")
    ] = None,
) -> None:
    """Simulate a day of a city's trucks: publish it to a broker as the trucks would, write it to files, or both."""
    from gomikuru import simulate as simulator
    from gomikuru.simulation.gps import Receiver

    if lead not in _LEADS:
        _stop(f"--lead {lead!r} is unknown: write metres, minutes or mixed", 2)
    if broker is None and out is None and residents is None and arrivals is None:
        _stop("nothing to do: give --broker, --out, --residents or --arrivals", 2)
    try:
        town = simulator.read_town(city)
    except simulator.TownUnusable as error:
        _stop(f"the files in {city} cannot be used:\n{error}\n'gomikuru check --city {city}' lists all", 1)
    settings = simulator.Simulation(receiver=Receiver(interval_s=interval), trucks=trucks)
    when = _day(town, day)
    tours = simulator.drive_day(town, when, seed, settings)
    if not tours:
        _stop(f"no truck is out on {when}: choose another --day", 1)
    try:
        _files(town, tours, when, seed, settings, _Outputs(out, residents, arrivals, homes, lead))
    except OSError as error:
        _stop(f"{error.filename} cannot be written: {error.strerror}", 1)
    except simulator.NoHomes as error:
        _stop(str(error), 1)
    if broker is not None:
        pings = simulator.tour_pings(town, tours, when, seed, settings)
        begin = _begin_ms(town, tours, when, start_at)
        _publish(town, pings, begin, _Account(broker, username, _password(password_file)), speed, now)


class _Outputs(msgspec.Struct, frozen=True):
    pings: Path | None
    residents: Path | None
    arrivals: Path | None
    homes: int
    lead: str


class _Account(msgspec.Struct, frozen=True):
    url: str
    username: str | None
    password: str | None

    def __repr__(self) -> str:
        return "_Account(masked)"


_LEADS: dict[str, tuple[Lead, ...]] = {
    "metres": (MetresLead(200), MetresLead(300), MetresLead(500)),
    "minutes": (MinutesLead(5), MinutesLead(10)),
}
_LEADS["mixed"] = _LEADS["metres"] + _LEADS["minutes"]


def _stop(text: str, code: int) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(code)


def _day(town: Town, text: str | None) -> date:
    from gomikuru.simulate import next_collection_day

    if text is None:
        return next_collection_day(town, local(machine_ms(), town.city.timezone).date())
    try:
        return date.fromisoformat(text)
    except ValueError:
        _stop(f"--day {text!r} is no date: write it as 2026-11-26", 2)


def _password(file: Path | None) -> str | None:
    if file is None:
        return os.environ.get(PASSWORD_VARIABLE)
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        _stop(f"the password file {file} cannot be read: {error.strerror}", 1)


def _begin_ms(town: Town, tours: list[Tour], day: date, start_at: str | None) -> int:
    from gomikuru.city_files.hours import DAY_MIN, minutes_of
    from gomikuru.simulate import lively_start_ms

    if start_at is None:
        return lively_start_ms(tours) or 0
    minutes = minutes_of(start_at, 2 * DAY_MIN)
    if minutes is None:
        _stop(f"--start-at {start_at!r} is no time: write it as 08:40", 2)
    return town.instant_ms(day, minutes)


def _files(town: Town, tours: list[Tour], day: date, seed: int, settings: Simulation, outputs: _Outputs) -> None:
    from gomikuru import simulate as simulator
    from gomikuru.simulation import homes, record

    with contextlib.ExitStack() as open_files:
        if outputs.pings:
            file = open_files.enter_context(outputs.pings.open("w", encoding="utf-8", newline=""))
            count = record.write_pings(file, simulator.tour_pings(town, tours, day, seed, settings))
            typer.echo(f"{outputs.pings}: {count} pings of {len(tours)} trucks on {day}")
        wanted = simulator.homes(town, outputs.homes, seed) if outputs.residents or outputs.arrivals else []
        if outputs.residents:
            leads = _LEADS[outputs.lead]
            file = open_files.enter_context(outputs.residents.open("w", encoding="utf-8", newline=""))
            count = record.write_residents(file, wanted, lambda number: leads[number % len(leads)])
            typer.echo(f"{outputs.residents}: {count} residents")
        if outputs.arrivals:
            file = open_files.enter_context(outputs.arrivals.open("w", encoding="utf-8", newline=""))
            count = record.write_arrivals(file, homes.arrivals(town, tours, wanted))
            typer.echo(f"{outputs.arrivals}: {count} arrivals")


def _publish(town: Town, pings: Iterator[SimPing], begin_ms: int, account: _Account, speed: float, now: bool) -> None:
    from gomikuru.simulate import payloads, shifted
    from gomikuru.simulation.broker import Broker, BrokerUnusable
    from gomikuru.simulation.play import play

    later_ms = machine_ms() - begin_ms if now else 0
    begin_ms += later_ms
    stop = threading.Event()
    before = {sign: signal.signal(sign, lambda *_: stop.set()) for sign in (signal.SIGINT, signal.SIGTERM)}
    try:
        with Broker(account.url, account.username, account.password) as broker:
            typer.echo(
                f"publishing from {format_rfc3339(begin_ms)} on, {speed:g} times as fast as life; Ctrl-C ends it"
            )
            clock = ScaledClock(speed, begin_ms, time.monotonic)
            said = payloads(town.city.id, shifted(pings, later_ms))
            sent = play(said, broker.publish, clock, stop, speed=speed, begin_ms=begin_ms)
    except BrokerUnusable as error:
        _stop(str(error), 1)
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)
    typer.echo(f"{sent} messages acknowledged by the broker")
