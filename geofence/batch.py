"""Many events through the engine at once, and what a commit of them writes. Pure, as `step` is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from geofence.book import Book
from geofence.state import State
from geofence.step import step
from model.alert import Alert
from model.event import AssignmentsChanged, Event, ProfileChanged, ZonesChanged
from model.ping import Ping


class Outcome(msgspec.Struct, frozen=True):
    """What a batch led to: alerts in order, fields to write and delete, and a count of each verdict on a ping."""

    alerts: list[Alert]
    puts: dict[str, bytes]
    deletes: list[str]
    verdicts: Counter[str]


def run_batch(
    state: State,
    book: Book,
    events: Iterable[Event],
    documents: Mapping[str, bytes],
    trace: list[tuple[str, str]] | None = None,
) -> Outcome:
    """Step through events in order; `state` and `book` are consumed and carry on as changed.

    `trace` is given each ping's id with its verdict.
    """
    alerts: list[Alert] = []
    verdicts: Counter[str] = Counter()
    for event in events:
        decided = step(state, event, book, documents)
        alerts.extend(decided.alerts)
        if decided.verdict is not None:
            verdicts[decided.verdict.value] += 1
            if trace is not None and isinstance(event, Ping):
                trace.append((event.id, decided.verdict.value))
    puts, deletes = state.puts()
    book_puts, book_deletes = book.puts()
    return Outcome(alerts, puts | book_puts, deletes + book_deletes, verdicts)


def documents_wanted(events: Iterable[Event]) -> tuple[set[str], ...]:
    """Tell which versions of the zones, of the profile, and of the assignments a batch needs."""
    read = list(events)
    kinds = (ZonesChanged, ProfileChanged, AssignmentsChanged)
    return tuple({event.version for event in read if isinstance(event, kind)} for kind in kinds)
