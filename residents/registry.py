"""How a household's record is kept and changed, and what the engine must hear of it.

Pure: no store, no clock, no randomness.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from model.event import HomesChanged
from model.subscription import Home, InZone, Subscription, Target, home_of
from residents.wish import MAX_TARGETS, Wish, WishRefused, target_problems

RECORD_VERSION = 1


class RecordUnreadable(Exception):
    """A stored record is not one that this version can read: the store's fault, or a newer Gomikuru's record."""


class Record(msgspec.Struct, frozen=True):
    """What is stored of a household: its subscription, and the devices that its present sender may not reach."""

    subscription: Subscription
    barred: tuple[Target, ...] = ()


def record_of(wish: Wish, *, city: str, sub_id: str, number: int, before: Record | None) -> Record:
    """Make the record that a wish asks for; an unchanged wish gives `before` itself."""
    old = before.subscription if before else None
    after = Subscription(
        id=sub_id,
        city=city,
        number=number,
        version=old.version if old else 1,
        place=wish.place,
        lead=wish.lead,
        categories=wish.categories,
        language=wish.language,
        quiet=wish.quiet,
        targets=wish.targets if wish.targets is not None else old.targets if old else (),
        kinds=wish.kinds,
        zone=wish.place.zone if isinstance(wish.place, InZone) else wish.zone,
        reminders=wish.reminders,
        needs_min=wish.needs_min,
        paused_until_ms=wish.paused_until_ms,
        seen_day=wish.seen_day,
    )
    barred = before.barred if before and wish.targets is None else ()
    if before is None or old is None:
        return Record(after)
    return before if (after, barred) == (old, before.barred) else Record(_newer(after), barred)


def with_target(record: Record, target: Target) -> Record:
    """Add a device, barred or new; the same record when it is in use. Raise WishRefused when it cannot be one."""
    if target in record.subscription.targets:
        return record
    targets = (*record.subscription.targets, target)
    problems = tuple(target_problems(targets))
    if problems:
        raise WishRefused(problems)
    return Record(_newer(record.subscription, targets), _but(record.barred, target))


def without_target(record: Record, target: Target) -> Record:
    """Drop a device, in use or barred; the same record when it was not there."""
    if target not in record.subscription.targets + record.barred:
        return record
    return Record(_newer(record.subscription, _but(record.subscription.targets, target)), _but(record.barred, target))


def with_barred(record: Record, target: Target) -> Record:
    """Take a device out of use, and remember it; the same record when it was not in use."""
    if target not in record.subscription.targets:
        return record
    barred = (*_but(record.barred, target), target)
    return Record(_newer(record.subscription, _but(record.subscription.targets, target)), barred)


def with_none_barred(record: Record) -> Record:
    """Take all barred devices into use again; the same record when there were none."""
    if not record.barred:
        return record
    return Record(_newer(record.subscription, (*record.subscription.targets, *record.barred)[:MAX_TARGETS]))


def _newer(subscription: Subscription, targets: tuple[Target, ...] | None = None) -> Subscription:
    return msgspec.structs.replace(
        subscription,
        version=subscription.version + 1,
        targets=subscription.targets if targets is None else targets,
    )


def _but(targets: tuple[Target, ...], target: Target) -> tuple[Target, ...]:
    return tuple(each for each in targets if each != target)


def changes_of(pairs: Sequence[tuple[Record | None, Record | None]], at_ms: int) -> HomesChanged | None:
    """Tell the engine of changes (before, after) in one event; None when its view of the homes is the same."""
    homes = [(_home(before), _home(after)) for before, after in pairs]
    put = tuple(after for before, after in homes if after and after != before)
    gone = tuple(before.number for before, after in homes if before and not after)
    return HomesChanged(at_ms=at_ms, put=put, gone=gone) if put or gone else None


def _home(record: Record | None) -> Home | None:
    return home_of(record.subscription) if record else None


_encoder = msgspec.msgpack.Encoder()
_envelope = msgspec.msgpack.Decoder(tuple[int, msgspec.Raw])
_record = msgspec.msgpack.Decoder(Record)


def encode_record(record: Record) -> bytes:
    """Write a record: its form's version, and itself, as msgpack."""
    return _encoder.encode((RECORD_VERSION, record))


def decode_record(data: bytes) -> Record:
    """Read a record; raise RecordUnreadable, which never repeats the record."""
    try:
        version, body = _envelope.decode(data)
        if version == RECORD_VERSION:
            return _record.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RecordUnreadable(
            "a subscription's record is damaged in the store; restore the store from its backup"
        ) from error
    raise RecordUnreadable(f"a subscription's record has form {version}; this Gomikuru reads form {RECORD_VERSION}")
