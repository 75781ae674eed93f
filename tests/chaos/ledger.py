"""The books of a run: what was acknowledged against what the stream holds, what was decided, and what phones got.

Pure. The engine is asked twice offline: on the day as it was said, and on the stream as it came to be.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from geofence.book import Book
from geofence.limits import Limits
from geofence.state import State
from geofence.step import step
from gomikuru.replay import homes_of
from ingest.directory import Directory
from ingest.ports import Message
from ingest.prepare import prepare
from ingest.screen import Limits as Screening
from model.alert import Alert, encode_alert
from model.city import City
from model.event import Event, HomesChanged, ZonesChanged
from model.ping import Ping
from tests.chaos.days import Day, Said, old_phone, phone

Key = tuple[str, int]
"""Names a ping: truck and fix time."""

NOTICE = "-target_lost"
"""Ends the name of a word to a household about its own lost phone, after the alert on whose way it was found lost."""

WITHOUT_EFFECT = frozenset({"duplicate", "out_of_order", "late", "inaccurate", "jump"})


class Account(msgspec.Struct):
    """What a day comes to: the verdict on each ping at its first coming, the refused payloads, the alerts in order.

    `again` are verdicts on repeats that were not without effect.
    """

    verdicts: dict[Key, str] = msgspec.field(default_factory=dict)
    refused: dict[bytes, str] = msgspec.field(default_factory=dict)
    alerts: list[Alert] = msgspec.field(default_factory=list)
    again: list[tuple[Key, str]] = msgspec.field(default_factory=list)


class Push(msgspec.Struct, frozen=True):
    """One message as the phones' stand-in got it: every tag that it carried, for Android, Apple and the web."""

    target: str
    alert: str
    tags: frozenset[str]


def tags_of(message: dict) -> frozenset[str]:  # type: ignore[type-arg]
    """Gather every tag that a push carries; a missing one is empty."""
    android, web = message["android"], message["webpush"]
    return frozenset(
        str(tag or "")
        for tag in (
            android.get("collapse_key"),
            android["notification"].get("tag"),
            message["apns"]["headers"].get("apns-collapse-id"),
            web["headers"].get("Topic"),
            web["notification"].get("tag"),
            message["data"].get("tag"),
        )
    )


class Found(msgspec.Struct, frozen=True):
    """What a run left behind: its stream, refused payloads, alerts as appended, dead letters' alert ids, pushes."""

    events: Sequence[Event]
    refused: Mapping[bytes, str]
    alerts: Sequence[Alert]
    buried: Sequence[str]
    pushes: Sequence[Push]


class Balance(msgspec.Struct):
    """The bottom line; `why` says what each figure above zero stands for."""

    pings: int = 0
    alerts: int = 0
    pushes: int = 0
    repeats: int = 0
    lost: int = 0
    added: int = 0
    untagged: int = 0
    why: list[str] = msgspec.field(default_factory=list)

    def lose(self, what: str) -> None:
        """Book something that is missing."""
        self.lost += 1
        self.why.append(f"lost: {what}")

    def add(self, what: str) -> None:
        """Book something that should not be."""
        self.added += 1
        self.why.append(f"added: {what}")

    @property
    def even(self) -> bool:
        """Whether nothing is lost, added or untagged."""
        return not (self.lost or self.added or self.untagged)


def undisturbed(day: Day, city: City, zones: bytes | None) -> Account:
    """Work the day offline, each message once, in order."""
    directory = Directory.of([city])
    account = Account()
    first_ms = min((one.at_ms for one in day.said), default=0)
    events: list[Event] = [ZonesChanged(first_ms, "v")] if zones else []
    events.append(HomesChanged(first_ms, tuple(homes_of(day.wishes))))
    for one in day.said:
        if not one.repeat:
            pings, refused = read(one, directory)
            events.extend(pings)
            account.refused |= refused
    return _work(account, events, city, zones)


def read(one: Said, directory: Directory) -> tuple[list[Ping], dict[bytes, str]]:
    """Tell what a message holds: pings, and refused payloads with their reasons."""
    prepared, _ = prepare([Message(one.topic, one.payload, False, 0.0)], one.at_ms, directory, Screening())
    refused = [each for some in prepared.rejected.values() for each in some]
    return [ping for some in prepared.pings.values() for ping in some], {
        each.payload: each.reason.value for each in refused
    }


def _work(account: Account, events: Iterable[Event], city: City, zones: bytes | None) -> Account:
    state, book = State(), Book(city, Limits())
    for event in events:
        documents = {event.version: zones or b""} if isinstance(event, ZonesChanged) else {}
        decided = step(state, event, book, documents)
        account.alerts.extend(decided.alerts)
        if isinstance(event, Ping) and decided.verdict is not None:
            key, verdict = (event.truck, event.fix_ms), decided.verdict.value
            if account.verdicts.setdefault(key, verdict) != verdict and verdict not in WITHOUT_EFFECT:
                account.again.append((key, verdict))
        state.puts()
        book.puts()
    return account


def balance(wanted: Account, city: City, zones: bytes | None, found: Found) -> Balance:
    """Close the books of one run, of which the undisturbed day is known."""
    worked = _work(Account(refused=dict(found.refused)), found.events, city, zones)
    books = Balance(pings=len(wanted.verdicts) + len(wanted.refused))
    _pings(books, wanted, worked)
    _decisions(books, worked.alerts, found.alerts)
    _alerts(books, wanted.alerts, found.alerts)
    _pushes(books, found)
    return books


def _pings(books: Balance, wanted: Account, worked: Account) -> None:
    for key, verdict in wanted.verdicts.items():
        got = worked.verdicts.get(key)
        if got is None:
            books.lose(f"ping {key}, {verdict}")
        elif got != verdict:
            books.lose(f"ping {key} as {verdict}: it is {got}")
    for payload, reason in wanted.refused.items():
        if worked.refused.get(payload) != reason:
            books.lose(f"refusal of {payload!r} for {reason}: {worked.refused.get(payload)}")
    for key in worked.verdicts.keys() - wanted.verdicts.keys():
        books.add(f"ping {key} that nobody sent")
    for key, verdict in worked.again:
        books.add(f"ping {key} a second time, as {verdict}")


def _decisions(books: Balance, of_stream: Sequence[Alert], appended: Sequence[Alert]) -> None:
    """Hold the alerts that were appended to those of one worker alone on the same stream, in order, bit for bit."""
    if [encode_alert(alert) for alert in of_stream] != [encode_alert(alert) for alert in appended]:
        books.add(f"the stream's alerts differ from one worker's: {len(appended)} against {len(of_stream)}")


def _facts(alert: Alert) -> tuple[object, ...]:
    return (alert.id, alert.kind, alert.fired_ms, alert.vehicle, alert.eta_ms, alert.eta_low_ms, alert.eta_high_ms)


def _alerts(books: Balance, wanted: Sequence[Alert], appended: Sequence[Alert]) -> None:
    should, did = Counter(map(_facts, wanted)), Counter(map(_facts, appended))
    books.alerts = len(wanted)
    for facts in (should - did).elements():
        books.lose(f"alert {facts}")
    for facts in (did - should).elements():
        books.add(f"alert {facts}")


def _pushes(books: Balance, found: Found) -> None:
    alerts = {alert.id: alert for alert in found.alerts}
    reached: dict[str, set[str]] = defaultdict(set)
    for push in found.pushes:
        if push.alert.endswith(NOTICE):
            continue
        reached[push.alert].add(push.target)
        alert = alerts.get(push.alert)
        if alert is None or push.target not in (phone(alert.subscription), old_phone(alert.subscription)):
            books.add(f"push of alert {push.alert} to {push.target}")
        if push.tags != {push.alert}:
            books.untagged += 1
            books.why.append(f"untagged: push of alert {push.alert}: {sorted(push.tags)}")
    for name, alert in alerts.items():
        if phone(alert.subscription) not in reached[name]:
            books.lose(f"push of alert {name}")
    for name in found.buried:
        books.lose(f"alert {name}, buried")
    _notices(books, found.pushes, alerts)
    books.pushes = len(found.pushes)
    books.repeats = len(found.pushes) - len({(push.target, push.alert) for push in found.pushes})


def _notices(books: Balance, pushes: Sequence[Push], alerts: Mapping[str, Alert]) -> None:
    """Hold the words about a lost phone to one a household, to a phone of its own, under one tag."""
    told: dict[str, set[str]] = defaultdict(set)
    for push in pushes:
        if not push.alert.endswith(NOTICE):
            continue
        alert = alerts.get(push.alert.removesuffix(NOTICE))
        if alert is None or push.target != phone(alert.subscription):
            books.add(f"notice {push.alert} to {push.target}")
        else:
            told[alert.subscription].add(push.alert)
        if len(push.tags) != 1 or "" in push.tags:
            books.untagged += 1
            books.why.append(f"untagged: notice {push.alert}: {sorted(push.tags)}")
    for home, names in told.items():
        if len(names) > 1:
            books.add(f"{len(names)} notices to home {home}")
