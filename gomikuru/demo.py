"""The demonstration: the service itself on embedded servers, a simulated day for input, and phones that are not there.

Only what stands outside the service is simulated: trucks, homes, phones, and the pace of time.
"""

from __future__ import annotations

import io
import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import typer
from rich.console import Console

from gomikuru import logs, wiring
from gomikuru.city_files import CityFolder, load_city
from gomikuru.clocks import DrivenClock, ScaledClock
from gomikuru.demo_phones import Hall
from gomikuru.demo_screen import DemoScreen
from gomikuru.demo_show import Show
from gomikuru.embedded import EmbeddedFailed, EmbeddedServers
from gomikuru.embedded_config import GATEWAY
from gomikuru.metrics import PrometheusMeter
from gomikuru.places import sample_cities
from gomikuru.service import ended_by_signals, running
from gomikuru.settings import Settings, load
from gomikuru.simulate import (
    NoHomes,
    Payload,
    SimHome,
    Simulation,
    Town,
    TownUnusable,
    drive_day,
    homes,
    lively_start_ms,
    next_collection_day,
    payloads,
    read_town,
    tour_pings,
)
from gomikuru.simulation.broker import Broker
from gomikuru.simulation.play import play
from model.subscription import MetresLead, Pin, Target, TargetKind, ZoneLead
from model.times import format_rfc3339
from notifier.adapters.screen import ScreenChannel
from residents.adapters.key_files import Keys
from residents.adapters.redis_registry import RedisRegistry
from residents.wish import Wish
from streams.redis_streams import RedisStore

OWN = ("GOMIKURU_PUBLIC__", "GOMIKURU_WEBPUSH__")
"""What the demonstration takes from the environment: where residents reach it, and through whom their browsers."""

LEADS = (MetresLead(200.0), MetresLead(300.0), MetresLead(500.0), ZoneLead())


class Wanted(msgspec.Struct, frozen=True):
    """What was asked for on the command line."""

    seconds: float | None
    city: Path | None
    speed: float
    homes: int
    seed: int
    plain: bool


class Day(msgspec.Struct, frozen=True):
    """The simulated day: where it begins in service time, what trucks say, and who lives there."""

    starts_ms: int
    said: Iterator[Payload]
    homes: Sequence[SimHome]


def demonstrate(wanted: Wanted) -> int:
    """Run the demonstration until Ctrl-C or the time is over; print the summary; give the exit code."""
    folder = wanted.city or sample_cities() / "sample"
    logs.set_up("console", "error")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    try:
        town = read_town(folder)
        day = _day(town, wanted)
    except (TownUnusable, NoHomes) as error:
        typer.echo(f"{folder}: {error}", err=True)
        return 1
    city, _ = load_city(folder)
    assert city is not None, "a town that can be simulated has a sound city.toml"
    over = threading.Event()
    try:
        with ended_by_signals(over), TemporaryDirectory(prefix="gomikuru-keys-") as keys:
            return _serve(_settings(folder, wanted, day, Path(keys)), CityFolder(city, folder), day, wanted, over)
    except (EmbeddedFailed, OSError) as error:
        typer.echo(str(error), err=True)
        return 1


def _serve(settings: Settings, folder: CityFolder, day: Day, wanted: Wanted, over: threading.Event) -> int:
    with _servers(settings, over) as servers:
        account = servers.broker_credentials(GATEWAY)
        code = _run(servers.applied(settings), folder, day, wanted, account, over)
        return 1 if servers.problem else code


def _servers(settings: Settings, over: threading.Event) -> EmbeddedServers:
    return EmbeddedServers(settings, temporary=True, on_failure=lambda _: over.set())


def _day(town: Town, wanted: Wanted) -> Day:
    today = datetime.now(UTC).date()
    when = next_collection_day(town, today) or today
    simulation = Simulation()
    tours = drive_day(town, when, wanted.seed, simulation)
    starts_ms = lively_start_ms(tours) or town.instant_ms(when, 8 * 60 + 40)
    said = payloads(town.city.id, tour_pings(town, tours, when, wanted.seed, simulation))
    return Day(starts_ms, said, homes(town, wanted.homes, wanted.seed))


def _settings(folder: Path, wanted: Wanted, day: Day, keys: Path) -> Settings:
    """The shipped settings, with embedded servers, any free port, and a clock that runs fast."""
    return load(
        None,
        {
            "GOMIKURU_CITIES_DIR": str(folder),
            "GOMIKURU_EMBEDDED__STORE": "true",
            "GOMIKURU_EMBEDDED__BROKER": "true",
            "GOMIKURU_ARCHIVE__ENABLED": "false",
            "GOMIKURU_WEB__PORT": "0",
            "GOMIKURU_PUBLIC__PORT": "0",
            "GOMIKURU_PRIVACY__KEY_FILE": str(keys / "master.key"),
            "GOMIKURU_WEBPUSH__KEY_FILE": str(keys / "webpush.pem"),
            **{name: value for name, value in os.environ.items() if name.startswith(OWN)},
            "GOMIKURU_METRICS__PORT": "0",
            "GOMIKURU_CLOCK__KIND": "scaled",
            "GOMIKURU_CLOCK__FACTOR": str(wanted.speed),
            "GOMIKURU_CLOCK__STARTS_AT": format_rfc3339(day.starts_ms),
        },
    )


def _run(settings: Settings, folder: CityFolder, day: Day, wanted: Wanted, account: Any, over: threading.Event) -> int:
    """Subscribe the homes, then start time: service, trucks, display."""
    hall = Hall(day.homes)
    store = wiring.store_at(settings)
    _subscribe(store, wiring.open_keys(settings, store), folder, day, wanted)
    clock = ScaledClock(wanted.speed, day.starts_ms)
    meter = PrometheusMeter()
    addresses: list[str] = []
    parts = wiring.Parts(
        settings=settings,
        cities=(folder,),
        clock=clock,
        meter=meter,
        owner=wiring.owner_name(),
        channels={TargetKind.SCREEN: ScreenChannel(hall, clock)},
        pushes=hall.seen,
        shown=addresses.append,
        signed_up_at=lambda url: typer.echo(f"sign up here: {url}", err=True),
    )
    with (
        running(parts, wiring.switched_on(settings), over) as at_work,
        _trucks(settings, account, day, clock, wanted, over),
    ):
        show = Show(store, folder, clock, hall, meter, addresses, wanted.speed, len(day.homes))
        show.watch(DemoScreen(Console(force_terminal=False) if wanted.plain else None), over, wanted.seconds)
    store.close()
    typer.echo(json.dumps(hall.summary(meter, wanted.speed)))
    return 1 if at_work.failed else 0


def _subscribe(store: RedisStore, keys: Keys, folder: CityFolder, day: Day, wanted: Wanted) -> None:
    typer.echo(f"{folder.city.name}: subscribing {len(day.homes):,} simulated homes", err=True)
    began = time.monotonic()
    wishes = (
        Wish(
            id=f"home-{number}",
            place=Pin(home.lat, home.lon),
            lead=LEADS[number % len(LEADS)],
            categories=(home.category,) if home.category else (),
            language="en" if number % 10 == 0 else folder.city.language,
            targets=(Target(TargetKind.SCREEN, str(number)),),
        )
        for number, home in enumerate(day.homes)
    )
    registry = RedisRegistry(store, DrivenClock(day.starts_ms), sealers=keys.sealer)
    registry.import_many(folder.city.id, wishes)
    took_s = time.monotonic() - began
    typer.echo(f"done in {took_s:.1f} s; the day runs {wanted.speed:g} times as fast as life", err=True)


@contextmanager
def _trucks(
    settings: Settings, account: Any, day: Day, clock: ScaledClock, wanted: Wanted, over: threading.Event
) -> Iterator[None]:
    """Let the trucks drive, in a thread, for the length of the block."""
    stop = threading.Event()
    thread = threading.Thread(target=_drive, args=(settings, account, day, clock, wanted, stop, over), name="trucks")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _drive(
    settings: Settings,
    account: Any,
    day: Day,
    clock: ScaledClock,
    wanted: Wanted,
    stop: threading.Event,
    over: threading.Event,
) -> None:
    with Broker(settings.broker.url, account.username, account.password) as broker:
        play(day.said, broker.publish, clock, stop, speed=wanted.speed, begin_ms=day.starts_ms)
    if not stop.is_set() and wanted.seconds is None:
        stop.wait(10.0)
        over.set()
