"""The command `gomikuru testbed`."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from gomikuru.commands.inputs import fail
from gomikuru.counted import counted

if TYPE_CHECKING:
    from gomikuru.simulation.bed.timetable import TimedRoute


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("testbed")(make_days)


def _share(help_text: str) -> typer.models.OptionInfo:
    found: typer.models.OptionInfo = typer.Option(min=0.0, help=help_text)
    return found


def make_days(
    out: Annotated[Path, typer.Option("--out", help="Folder to write into.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed and settings give the same bytes.")] = 1,
    days: Annotated[int, typer.Option(min=1, help="Service days, Monday to Saturday.")] = 15,
    trucks: Annotated[int, typer.Option(min=1, help="Trucks of the town.")] = 3,
    unrest: Annotated[
        str, typer.Option(help="steady, calm, usual or restless: sets all that follows from --swap-share on.")
    ] = "usual",
    interval: Annotated[float, typer.Option(min=1.0, max=60.0, help="Seconds between fixes.")] = 5.0,
    parked: Annotated[
        float, typer.Option(min=0.0, help="Seconds between fixes while a truck stands; 0 for --interval.")
    ] = 0.0,
    homes: Annotated[int, typer.Option(min=1, help="Households, near routine stops.")] = 60,
    lead_minutes: Annotated[float, typer.Option(min=3.0, max=60.0, help="Their lead.")] = 10.0,
    first_day: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="First day.", show_default="2026-09-07")
    ] = datetime(2026, 9, 7),
    routes: Annotated[
        Path | None, typer.Option(help="Real routes with timed stops (GeoJSON) instead of a made-up town.")
    ] = None,
    swap_share: Annotated[float | None, _share("Chance that two blocks change places.")] = None,
    reverse_share: Annotated[float | None, _share("Chance that a block is done backwards.")] = None,
    move_share: Annotated[float | None, _share("Chance that a stop is left for the end.")] = None,
    skip_factor: Annotated[float | None, _share("How often routine stops are skipped; 1 is usual.")] = None,
    extra_factor: Annotated[float | None, _share("How often occasional stops are served; 1 is usual.")] = None,
    pace_cv: Annotated[float | None, _share("Spread of a day's pace.")] = None,
    leg_cv: Annotated[float | None, _share("Spread of the speed on one street.")] = None,
    dwell_cv: Annotated[float | None, _share("Spread of a service's duration.")] = None,
    load_cv: Annotated[float | None, _share("Spread of the load at a stop.")] = None,
    day_load_cv: Annotated[float | None, _share("Spread of a day's load.")] = None,
    tip_cv: Annotated[float | None, _share("Spread of the load at which a truck goes to tip.")] = None,
    tip_block_share: Annotated[float | None, _share("Chance to tip at a block's end before it is full.")] = None,
    tip_queue_min: Annotated[float | None, _share("Minutes lost in the queue at the tip.")] = None,
    break_share: Annotated[float | None, _share("Chance that the noon break is taken.")] = None,
    break_jitter_min: Annotated[float | None, _share("Spread of its beginning, minutes.")] = None,
    second_break_share: Annotated[float | None, _share("Chance of another break at any time.")] = None,
    start_sd_min: Annotated[float | None, _share("Spread of the start of a day, minutes.")] = None,
    other_way_share: Annotated[float | None, _share("Chance of another way between two places.")] = None,
    closures_per_week: Annotated[float | None, _share("Streets closed for some days, a truck and week.")] = None,
    substitute_share: Annotated[float | None, _share("Chance that a spare vehicle does the day.")] = None,
    breakdown_share: Annotated[float | None, _share("Chance that a vehicle breaks down in mid-round.")] = None,
    given_up_share: Annotated[float | None, _share("Chance that nobody takes over then.")] = None,
    exchange_share: Annotated[float | None, _share("Chance that a truck changes rounds with another.")] = None,
    reform_share: Annotated[float | None, _share("Chance that a round is reordered for good on some day.")] = None,
    errands_per_day: Annotated[float | None, _share("Errands past homes that serve nobody.")] = None,
    light_share: Annotated[float | None, _share("Chance of a red light.")] = None,
    halts_per_h: Annotated[float | None, _share("Short halts without service, an hour of driving.")] = None,
) -> None:
    """Make days of a made-up town for judging predictions: pings, residents and the true arrivals."""
    given = dict(locals())
    from gomikuru.simulation.bed import LEVELS, BedPlan, Tracking, Unrest, make_bed
    from gomikuru.simulation.bed.files import write_bed

    if unrest not in LEVELS:
        raise typer.BadParameter(f"{unrest!r} is unknown: write {', '.join(LEVELS)}", param_hint="--unrest")
    changed = {name: given[name] for name in Unrest.__struct_fields__ if given[name] is not None}
    plan = BedPlan(
        seed=seed,
        days=days,
        trucks=trucks,
        homes=homes,
        unrest=msgspec.structs.replace(LEVELS[unrest], **changed),
        tracking=Tracking(interval_s=interval, parked_s=parked),
        first_day=first_day.date(),
        lead_minutes=lead_minutes,
    )
    try:
        done = write_bed(make_bed(plan, _routes(routes)), out)
    except OSError as error:
        fail(f"{error.filename} cannot be written: {error.strerror}")
    typer.echo(
        f"{out}: {counted(done.days, 'day')}, {counted(done.truck_days, 'truck-day')}, {counted(done.pings, 'ping')}, "
        f"{counted(done.residents, 'resident')}, {counted(done.arrivals, 'arrival')}, "
        f"{counted(done.tips, 'tipping trip')}"
    )


def _routes(file: Path | None) -> list[TimedRoute] | None:
    from gomikuru.simulation.bed import RoutesUnusable, read_routes

    if file is None:
        return None
    try:
        return read_routes(json.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}")
    except (ValueError, KeyError, TypeError, AttributeError, RoutesUnusable) as error:
        fail(f"{file} holds no routes that can be driven: {error}")
