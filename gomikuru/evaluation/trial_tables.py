"""A trial's figures as a table for people, and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gomikuru.evaluation.tables import Sheet, share
from gomikuru.evaluation.trial import ZoneFigures

HEAD = (
    *("zone", "mode", "days", "homes", "arrivals", "alerts"),
    *("hit", "close", "late", "missed", "early", "false", "inside"),
)


class Trial(msgspec.Struct, frozen=True):
    """A whole trial: the days that were asked for, a row a zone (and day), and what must be known of them."""

    city: str
    first: str
    last: str
    rows: tuple[ZoneFigures, ...]
    notes: tuple[str, ...] = ()


def sheet(trial: Trial) -> Sheet:
    """Lay it out: a row a zone, and below it a row a day where days were asked for."""
    return Sheet(f"{trial.city}, {trial.first} to {trial.last}", 2, HEAD, [_row(each) for each in trial.rows])


def trial_json(trial: Trial) -> bytes:
    """Write every figure; docs/evaluation.md describes the form."""
    return msgspec.json.format(msgspec.json.encode(trial), indent=2) + b"\n"


def _row(each: ZoneFigures) -> tuple[str, ...]:
    figures = each.figures
    shares: Sequence[float | None] = (figures.hit, figures.close, figures.late, figures.missed, figures.early)
    name = f"  {each.day}" if each.day else each.zone
    counts = (each.days, each.homes, figures.arrivals, figures.alerts)
    return (name, each.mode, *map(str, counts), *map(share, shares), share(figures.false), share(each.inside))
