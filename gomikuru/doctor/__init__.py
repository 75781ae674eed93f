"""Looks at a running installation: can it be reached, does it keep what it acknowledges, what to do about each fault.

One module a part; each gives findings and raises nothing. Changes nothing, sends nothing to anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from gomikuru.doctor.broker import examine_broker
from gomikuru.doctor.channels import examine_email, examine_line, examine_webpush
from gomikuru.doctor.fcm import examine_fcm
from gomikuru.doctor.findings import Finding, error
from gomikuru.doctor.learning import examine_learning
from gomikuru.doctor.machine import examine_machine
from gomikuru.doctor.public import examine_public
from gomikuru.doctor.store import examine_store
from gomikuru.embedded import EmbeddedFailed, reach
from gomikuru.settings import Settings

__all__ = ["PARTS", "Finding", "examine"]

PARTS: Mapping[str, Callable[[Settings, Sequence[str]], Iterator[Finding]]] = {
    "machine": lambda settings, _filters: examine_machine(settings),
    "store": lambda settings, _filters: examine_store(settings),
    "broker": examine_broker,
    "fcm": lambda settings, _filters: examine_fcm(settings),
    "webpush": lambda settings, _filters: examine_webpush(settings),
    "line": lambda settings, _filters: examine_line(settings),
    "email": lambda settings, _filters: examine_email(settings),
    "public": lambda settings, _filters: examine_public(settings),
    "learning": lambda settings, _filters: examine_learning(settings),
}


def examine(settings: Settings, filters: Sequence[str], parts: Sequence[str] = tuple(PARTS)) -> Iterator[Finding]:
    """Examine the parts, one finding after the other; `filters` are the topics that ingest reads."""
    try:
        reached = reach(settings)
    except EmbeddedFailed as fault:
        yield error("embedded", str(fault), "then ask again")
        reached = None
    for name in parts:
        if reached is not None or not _embedded(settings, name):
            yield from PARTS[name](reached or settings, filters)


def _embedded(settings: Settings, part: str) -> bool:
    server = "store" if part in ("learning", "public") else part
    return server in ("store", "broker") and bool(getattr(settings.embedded, server))
