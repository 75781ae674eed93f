"""The registry over a store's tables: one hash a city, changed together with the event that the engine must hear.

Field `#next` of the hash is the next free number; it only grows and outlives every subscription, so that no number
is used twice. Every change expects the records it has read, and starts again when somebody else was quicker.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

import msgspec

from model.alert import decode_alert
from model.event import HomesChanged, decode_event, encode_event
from model.ports import ServiceClock
from model.subscription import Subscription, Target
from residents.ports import Imported, Names, RegistryBusy, ResidentsStore, Tokens
from residents.registry import (
    Record,
    changes_of,
    decode_record,
    encode_record,
    is_sealed,
    record_of,
    seen_on,
    with_barred,
    with_none_barred,
    with_target,
    without_target,
)
from residents.sealing import Sealer, SealerOf
from residents.wish import ANYTHING, Known, Wish, WishRefused, problems_of
from streams import keys
from streams.ports import START

T = TypeVar("T")
Pair = tuple[Record | None, Record | None]

SUBS = "subs"
NEXT = "#next"
BATCH = 500
TRIES = 200
"""Each failed try means that another writer succeeded, so this bounds how many may be quicker in a row."""


def random_id() -> str:
    """Make an id of 128 random bits."""
    return secrets.token_urlsafe(16).replace("-", "a").replace("_", "b")


def dead_letter_names(data: bytes) -> Collection[str]:
    """Tell whom a dead letter ([why, tries, alert]) names."""
    try:
        return (decode_alert(_dead_letter.decode(data)[2]).subscription,)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ()


def aside_names(data: bytes) -> Collection[str]:
    """Tell whom an event that was set aside ([why, id, event]) names."""
    try:
        event = decode_event(_aside.decode(data)[2])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ()
    return [home.subscription for home in event.put] if isinstance(event, HomesChanged) else ()


_dead_letter = msgspec.msgpack.Decoder(tuple[str, int, bytes])
_aside = msgspec.msgpack.Decoder(tuple[str, str, bytes])


class RedisRegistry:
    """Keeps subscriptions in a store; see residents.ports.Registry.

    `traces`: streams to clear of who leaves. `sealers`: seal the devices of each city; without, they stand as they are.
    """

    def __init__(
        self,
        store: ResidentsStore,
        clock: ServiceClock,
        tokens: Tokens = random_id,
        traces: Mapping[Callable[[str], str], Names] | None = None,
        sealers: SealerOf | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._tokens = tokens
        self._sealers = sealers
        self._traces = {keys.dead: dead_letter_names, keys.aside: aside_names} if traces is None else dict(traces)

    def put(self, city: str, wish: Wish, known: Known = ANYTHING) -> Subscription:
        """Keep a wish, new or in place of the one with its id. Raise WishRefused with all that is wrong."""
        problems = problems_of(wish, known)
        if problems:
            raise WishRefused(problems)
        subscription = wish.id or self._tokens()
        return self._keep(city, {subscription: wish})[subscription][1].subscription

    def import_many(self, city: str, wishes: Iterable[Wish], known: Known = ANYTHING) -> Imported:
        """Keep many wishes, `BATCH` at a time, each batch whole; nothing when one of them is refused."""
        named = self._named(wishes, known)
        new = changed = unchanged = 0
        for batch in _batches(named.items()):
            for before, after in self._keep(city, dict(batch)).values():
                new += before is None
                changed += before is not None and after != before
                unchanged += after == before
        return Imported(new, changed, unchanged)

    def get(self, city: str, subscription: str) -> Subscription | None:
        """Read one subscription."""
        return self.get_many(city, [subscription]).get(subscription)

    def get_many(self, city: str, ids: Sequence[str]) -> dict[str, Subscription]:
        """Read those of the named subscriptions that exist."""
        wanted = [subscription for subscription in dict.fromkeys(ids) if subscription != NEXT]
        fields = self._store.fields(city, SUBS, wanted) if wanted else {}
        return {subscription: self._decode(city, data).subscription for subscription, data in fields.items()}

    def list(self, city: str) -> Iterator[Subscription]:
        """Read all of a city's subscriptions, piece by piece, in no order."""
        for subscription, data in self._store.scan_fields(city, SUBS):
            if subscription != NEXT:
                yield self._decode(city, data).subscription

    def count(self, city: str) -> int:
        """Tell how many subscriptions a city has."""
        return self._store.count_fields(city, SUBS) - len(self._store.fields(city, SUBS, [NEXT]))

    def remove(self, city: str, subscription: str) -> bool:
        """Remove a subscription and everything that names it; False when there was none."""
        return self.remove_many(city, [subscription]) == 1

    def remove_many(self, city: str, ids: Iterable[str]) -> int:
        """Remove many; what names them is cleared even where an earlier removal had been cut short."""
        leaving = [subscription for subscription in dict.fromkeys(ids) if subscription != NEXT]
        removed = sum(self._take_out(city, batch) for batch in _batches(leaving))
        self._clear_traces(city, frozenset(leaving))
        return removed

    def add_target(self, city: str, subscription: str, target: Target) -> Subscription | None:
        """Add a device to a home; None when there is no such subscription."""
        change = self._edit(city, subscription, lambda record: with_target(record, target))
        return change[1].subscription if change else None

    def drop_target(self, city: str, subscription: str, target: Target) -> bool:
        """Drop a device from a home; False when it was not there."""
        return _changed(self._edit(city, subscription, lambda record: without_target(record, target)))

    def bar_target(self, city: str, subscription: str, target: Target) -> bool:
        """Take a device out of use, because the present sender may not reach it; False when it was not in use."""
        return _changed(self._edit(city, subscription, lambda record: with_barred(record, target)))

    def unbar_targets(self, city: str, ids: Iterable[str]) -> int:
        """Take the barred devices of these homes into use again; tell how many homes had any."""
        return sum(_changed(self._edit(city, subscription, with_none_barred)) for subscription in ids)

    def note_seen(self, city: str, subscription: str, day: str) -> bool:
        """Note that a home's page was open on this day (ISO); False when that is known, or the home is gone."""
        return _changed(self._edit(city, subscription, lambda record: seen_on(record, day)))

    def reseal(self, city: str) -> int:
        """Seal what is not sealed with the key in force; tell how many records that were."""
        sealer, done = self._sealer(city), 0
        if sealer is None:
            return 0
        for subscription, data in self._store.scan_fields(city, SUBS):
            if subscription == NEXT or is_sealed(data, sealer):
                continue
            again = encode_record(self._decode(city, data), sealer)
            done += self._store.transact(city, SUBS, {subscription: again}, (), {}, {subscription: data})
        return done

    def _sealer(self, city: str) -> Sealer | None:
        return self._sealers(city) if self._sealers else None

    def _decode(self, city: str, data: bytes) -> Record:
        return decode_record(data, self._sealer(city))

    def _named(self, wishes: Iterable[Wish], known: Known) -> dict[str, Wish]:
        named: dict[str, Wish] = {}
        problems: list[str] = []
        for wish in wishes:
            subscription = wish.id or self._tokens()
            problems.extend(f"{wish.id or 'a new resident'}: {problem}" for problem in problems_of(wish, known))
            if subscription in named:
                problems.append(f"{subscription}: the same id twice")
            named[subscription] = wish
        if problems:
            raise WishRefused(tuple(problems))
        return named

    def _keep(self, city: str, wishes: Mapping[str, Wish]) -> dict[str, tuple[Record | None, Record]]:
        for _ in range(TRIES):
            stored = self._store.fields(city, SUBS, [NEXT, *wishes])
            following = int(stored.get(NEXT, b"0"))
            pairs: dict[str, tuple[Record | None, Record]] = {}
            for subscription, wish in wishes.items():
                before = self._decode(city, stored[subscription]) if subscription in stored else None
                number = before.subscription.number if before else following
                following += before is None
                pairs[subscription] = (
                    before,
                    record_of(wish, city=city, sub_id=subscription, number=number, before=before),
                )
            puts = {
                subscription: encode_record(after, self._sealer(city))
                for subscription, (before, after) in pairs.items()
                if after != before
            }
            if following != int(stored.get(NEXT, b"0")):
                puts[NEXT] = b"%d" % following
            if not puts or self._transact(city, stored, list(pairs.values()), puts, ()):
                return pairs
        raise RegistryBusy(f"subscriptions of city {city!r} were changed by others {TRIES} times in a row")

    def _take_out(self, city: str, ids: Sequence[str]) -> int:
        for _ in range(TRIES):
            stored = self._store.fields(city, SUBS, ids)
            if not stored:
                return 0
            pairs: list[Pair] = [(self._decode(city, data), None) for data in stored.values()]
            if self._transact(city, stored, pairs, {}, list(stored)):
                return len(stored)
        raise RegistryBusy(f"subscriptions of city {city!r} were changed by others {TRIES} times in a row")

    def _edit(self, city: str, subscription: str, edit: Callable[[Record], Record]) -> tuple[Record, Record] | None:
        for _ in range(TRIES):
            stored = self._store.fields(city, SUBS, [subscription])
            if subscription not in stored:
                return None
            before = self._decode(city, stored[subscription])
            after = edit(before)
            if after is before or self._transact(
                city, stored, [(before, after)], {subscription: encode_record(after, self._sealer(city))}, ()
            ):
                return before, after
        raise RegistryBusy(f"a subscription of city {city!r} was changed by others {TRIES} times in a row")

    def _transact(
        self,
        city: str,
        stored: Mapping[str, bytes],
        pairs: Sequence[Pair],
        puts: Mapping[str, bytes],
        deletes: Sequence[str],
    ) -> bool:
        change = changes_of(pairs, self._clock.now_ms())
        appends = {keys.events(city): [encode_event(change)]} if change else {}
        expect = {field: stored.get(field) for field in (*puts, *deletes)}
        return self._store.transact(city, SUBS, puts, deletes, appends, expect)

    def _clear_traces(self, city: str, ids: frozenset[str]) -> None:
        for stream_of, names in self._traces.items():
            stream, after = stream_of(city), START
            while entries := self._store.read(stream, after, BATCH, 0):
                after = entries[-1].id
                named = [entry.id for entry in entries if not ids.isdisjoint(names(entry.data))]
                if named:
                    self._store.remove(stream, named)


def _changed(change: tuple[Record, Record] | None) -> bool:
    return change is not None and change[0] is not change[1]


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, BATCH)):
        yield batch
