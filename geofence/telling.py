"""From nominees to alerts: who was told what on a run decides who is told now. Each once, in every kind.

A run has one told-record a kind: that of `approaching` under the run's own key, the others beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from msgspec.structs import replace

from geofence.book import Book
from geofence.runs import ROUTE, Run
from geofence.scene import Nominee
from geofence.state import State
from model.alert import Alert, Kind, alert_id

_RECORD = {
    (Kind.APPROACHING, 1): "",
    (Kind.APPROACHING, 2): "again",
    (Kind.CORRECTED, 1): "corrected",
    (Kind.HERE, 1): "here",
    (Kind.PASSED, 1): "passed",
    (Kind.DISRUPTED, 1): "disrupted",
}
_ONLY_AFTER = {"corrected": "", "again": "", "disrupted": ""}
"""What only those hear who heard something else before: a correction needs what it corrects."""


class Occasion(NamedTuple):
    """What all alerts of one moment have in common; `ping` names the truck's newest fix."""

    city: str
    vehicle: str
    category: str | None
    fired_ms: int
    ping: str


def fire(nominees: Iterable[Nominee], state: State, run: Run, occasion: Occasion, book: Book) -> list[Alert]:
    """Turn nominees into alerts, each subscription once a run and kind, and record them."""
    alerts = []
    for nominee in nominees:
        service = _turned(run, nominee.turn)
        record = _RECORD[nominee.kind, nominee.ordinal]
        before = _ONLY_AFTER.get(record)
        if before is not None and not state.was_told(_key(service, before), nominee.number):
            continue
        told = state.told_on(_key(service, record))
        if told.has(nominee.number):
            continue
        told.tell(nominee.number)
        alerts.append(_alert(nominee, service, occasion, book))
    return alerts


def _turned(run: Run, turn: int) -> Run:
    """Tell the run of which a spot's service is: the second one of a day is a run of its own."""
    return replace(run, ordinal=run.ordinal + turn) if turn else run


def _key(run: Run, record: str) -> str:
    return f"{run.key}/{record}" if record else run.key


def _alert(nominee: Nominee, run: Run, occasion: Occasion, book: Book) -> Alert:
    name = f"{run.name}/{run.ordinal}"
    eta_ms, low_ms, high_ms = nominee.eta_ms or (None, None, None)
    return Alert(
        id=alert_id(occasion.city, run.day, name, nominee.subscription, nominee.kind, nominee.ordinal),
        city=occasion.city,
        subscription=nominee.subscription,
        kind=nominee.kind,
        service_day=run.day,
        run=name,
        ordinal=nominee.ordinal,
        vehicle=occasion.vehicle,
        fired_ms=occasion.fired_ms,
        useful_until_ms=occasion.fired_ms + nominee.useful_ms,
        lead=nominee.lead,
        ping=occasion.ping,
        category=occasion.category,
        route=run.name.removeprefix(ROUTE) if run.name.startswith(ROUTE) else None,
        zone=nominee.zone,
        eta_ms=eta_ms,
        eta_low_ms=low_ms,
        eta_high_ms=high_ms,
        number=nominee.number,
        shadow=book.is_shadow(nominee.number),
        heard_ms=nominee.heard_ms,
        was_ms=nominee.was_ms,
    )
