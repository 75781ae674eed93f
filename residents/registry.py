"""How a household's record is kept and changed, and what the engine must hear of it.

Pure: no store, no clock, no randomness.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from model.event import HomesChanged
from model.subscription import Home, InZone, Subscription, Target, home_of
from residents.sealing import SealBroken, Sealer
from residents.wish import MAX_TARGETS, Wish, WishRefused, target_problems

PLAIN_FORM = 1
SEALED_FORM = 2
"""In this form the devices are sealed; the plain one is still read, and sealed at the next change."""


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


def seen_on(record: Record, day: str) -> Record:
    """Note the day (ISO) on which the home's page was open last; the same record when it is noted already."""
    if record.subscription.seen_day == day:
        return record
    return Record(msgspec.structs.replace(record.subscription, seen_day=day), record.barred)


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
_record = msgspec.msgpack.Decoder(Record)
_bytes = msgspec.msgpack.Decoder(bytes)
_devices = msgspec.msgpack.Decoder(tuple[tuple[Target, ...], tuple[Target, ...]])


def encode_record(record: Record, sealer: Sealer | None = None) -> bytes:
    """Write a record as msgpack: its form's number and itself; with a sealer its devices are sealed apart from it."""
    if sealer is None:
        return _encoder.encode((PLAIN_FORM, record))
    one = record.subscription
    devices = sealer.seal(one.id, _encoder.encode((one.targets, record.barred)))
    return _encoder.encode((SEALED_FORM, Record(msgspec.structs.replace(one, targets=())), devices))


def decode_record(data: bytes, sealer: Sealer | None = None) -> Record:
    """Read a record of either form; raise RecordUnreadable, which never repeats the record."""
    try:
        form, *parts = msgspec.msgpack.decode(data, type=list[msgspec.Raw])
        number = msgspec.msgpack.decode(form, type=int)
        if number == PLAIN_FORM:
            return _record.decode(parts[0])
        if number == SEALED_FORM:
            return _unsealed(_record.decode(parts[0]), _bytes.decode(parts[1]), sealer)
    except (msgspec.DecodeError, UnicodeDecodeError, IndexError, ValueError) as error:
        raise RecordUnreadable(
            "a subscription's record is damaged in the store; restore the store from its backup"
        ) from error
    raise RecordUnreadable(f"a subscription's record has form {number}; this Gomikuru reads forms 1 and 2")


def is_sealed(data: bytes, sealer: Sealer) -> bool:
    """Tell whether a stored record is sealed with the key in force."""
    try:
        form, *parts = msgspec.msgpack.decode(data, type=list[msgspec.Raw])
        sealed = msgspec.msgpack.decode(form, type=int) == SEALED_FORM
        return sealed and sealer.is_current(_bytes.decode(parts[1]))
    except (msgspec.DecodeError, IndexError, ValueError):
        return True  # damaged: not ours to rewrite


def _unsealed(record: Record, sealed: bytes, sealer: Sealer | None) -> Record:
    if sealer is None:
        raise RecordUnreadable("a subscription's devices are sealed, and no key is set; see privacy.key_file")
    try:
        targets, barred = _devices.decode(sealer.unseal(record.subscription.id, sealed))
    except SealBroken as error:
        raise RecordUnreadable(str(error)) from error
    return Record(msgspec.structs.replace(record.subscription, targets=targets), barred)
