"""The command `gomikuru run`: the service, whole or a stage of it; with --demo a simulated day of the sample city."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Annotated, NoReturn

import typer

NAMES = ("ingest", "geofence", "notifier", "reminders", "web", "public", "archive", "learner")

Stages = Annotated[
    list[str] | None, typer.Argument(help=f"Only these stages: {', '.join(NAMES)}. Default: all, in one process.")
]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="Settings file, over the shipped defaults.")]
Demo = Annotated[bool, typer.Option("--demo", help="A simulated day of the sample city, on embedded servers.")]
Seconds = Annotated[float | None, typer.Option("--for", min=1.0, help="Stop after so many seconds.")]
City = Annotated[Path | None, typer.Option("--city", help="With --demo: another city's folder.")]
Speed = Annotated[
    float | None, typer.Option("--speed", min=1.0, max=120.0, help="With --demo: how much faster than life (20).")
]
Homes = Annotated[int | None, typer.Option("--homes", min=1, help="With --demo: how many simulated homes (20000).")]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="With --demo: the same seed gives the same day (1).")]
Plain = Annotated[bool, typer.Option("--plain", help="With --demo: lines instead of the live display.")]


def run(
    stages: Stages = None,
    demo: Demo = False,
    seconds: Seconds = None,
    city: City = None,
    speed: Speed = None,
    homes: Homes = None,
    seed: Seed = None,
    plain: Plain = False,
    config: ConfigFile = None,
) -> None:
    """Run the service until Ctrl-C: take pings, decide alerts, send pushes, show the map."""
    names = tuple(stages or ())
    for name in names:
        if name not in NAMES:
            _fail(f"{name!r} is no stage; there are {', '.join(NAMES)}", 2)
    if demo:
        from gomikuru.demo import Wanted, demonstrate

        if stages or config:
            _fail("--demo runs all stages with settings of its own; leave the stages and --config away", 2)
        raise typer.Exit(demonstrate(Wanted(seconds, city, speed or 20.0, homes or 20_000, _or(seed, 1), plain)))
    for_demo = {"--city": city, "--speed": speed, "--homes": homes, "--seed": seed, "--plain": plain or None}
    if given := [name for name, value in for_demo.items() if value is not None]:
        _fail(f"{', '.join(given)}: only with --demo; the service itself takes its cities from the settings", 2)
    raise typer.Exit(_serve(names, seconds, config))


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(run)


def _serve(names: tuple[str, ...], seconds: float | None, config: Path | None) -> int:
    from gomikuru import logs, wiring
    from gomikuru.embedded import EmbeddedFailed, EmbeddedServers
    from gomikuru.metrics import PrometheusMeter
    from gomikuru.service import NothingToServe, cities_to_serve, ended_by_signals, running
    from gomikuru.settings import SettingsError, load
    from notifier.adapters.catalogues import CatalogueFault
    from notifier.ports import ChannelFault
    from residents.adapters.key_files import KeyMissing
    from streams.ports import StoreUnavailable

    try:
        settings = load(config, os.environ)
    except SettingsError as error:
        _fail(str(error), 1)
    logs.set_up(settings.log.format, settings.log.level)
    over = threading.Event()
    try:
        with ended_by_signals(over), EmbeddedServers(settings, on_failure=lambda _: over.set()) as servers:
            settings = servers.applied(settings)
            parts = wiring.Parts(
                settings=settings,
                cities=cities_to_serve(settings),
                clock=wiring.clock_of(settings),
                meter=PrometheusMeter(),
                owner=wiring.owner_name(),
                shown=lambda url: typer.echo(f"Map: {url}", err=True),
                signed_up_at=lambda url: typer.echo(_residents_at(url), err=True),
            )
            on = wiring.switched_on(settings)
            if off := [name for name in names if name not in on]:
                _fail(f"{', '.join(off)}: switched off in the settings (archive, learn, public: enabled)", 2)
            with running(parts, names or on, over) as at_work:
                over.wait(seconds)
        return 1 if at_work.failed or servers.problem else 0
    except ChannelFault as fault:
        _fail(f"{fault}; `gomikuru check` names the setting", 1)
    except (CatalogueFault, EmbeddedFailed, KeyMissing, NothingToServe, StoreUnavailable, OSError, ValueError) as error:
        _fail(str(error), 1)


def _residents_at(url: str) -> str:
    plain = "; no HTTPS here: push and sign-up need it, by public.cert_file or a TLS proxy (localhost is fine)"
    return f"Residents: {url}{'' if url.startswith('https:') else plain}"


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


def _fail(text: str, code: int) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(code)
