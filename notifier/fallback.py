"""Which of a household's targets get an alert, and when one of them counts as lost. Pure: time is an argument.

Phones and browsers all get each alert. A LINE account or an address gets it when nothing that works stands before it.
"Accepted" is not "shown": a target that reports and has shown none of the last three alerts does not work.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from model.subscription import Target, TargetKind

SILENT_AFTER = 3
KEPT_SENDS = 8
KEPT_SHOWN = 16
GRACE_MS = 60_000
"""A report may come so long after the alert's useful life has ended: the phone was offline, the network slow."""

DEVICES = frozenset({TargetKind.FCM_TOKEN, TargetKind.FCM_FID, TargetKind.WEBPUSH, TargetKind.SCREEN})
REPORTING = frozenset({TargetKind.FCM_TOKEN, TargetKind.FCM_FID, TargetKind.WEBPUSH})
_ALWAYS_REPORTS = frozenset({TargetKind.WEBPUSH})


class Sent(msgspec.Struct, frozen=True, array_like=True):
    """One send that a channel accepted: the alert, and until when (service time) it was of use."""

    alert: str
    until_ms: int


class History(msgspec.Struct, frozen=True, array_like=True):
    """One target: its last sends, oldest first; the alerts it has shown; what its household was told about it."""

    sends: tuple[Sent, ...] = ()
    shown: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


NOTHING = History()


def with_sends(history: History, sends: Sequence[Sent]) -> History:
    """Add sends; one that is there already (a repeat) counts once."""
    known = {each.alert for each in history.sends}
    fresh = [each for each in dict.fromkeys(sends) if each.alert not in known]
    return msgspec.structs.replace(history, sends=(*history.sends, *fresh)[-KEPT_SENDS:])


def with_shown(history: History, alert: str) -> History:
    """Add what was shown; the same history when that is known."""
    if alert in history.shown:
        return history
    return msgspec.structs.replace(history, shown=(*history.shown, alert)[-KEPT_SHOWN:])


def with_told(history: History, notice: str) -> History:
    """Add what was told; the same history when that is known."""
    return history if notice in history.told else msgspec.structs.replace(history, told=(*history.told, notice))


def reports(kind: TargetKind, history: History) -> bool:
    """Tell whether a target says what it has shown.

    A token of FCM counts as reporting from its first report on: an app of before may not report at all.
    """
    return kind in REPORTING and (kind in _ALWAYS_REPORTS or bool(history.shown))


def is_silent(kind: TargetKind, history: History, now_ms: int) -> bool:
    """Tell whether a target that reports showed none of the last three alerts whose time has passed, nor one since."""
    if not reports(kind, history):
        return False
    ripe = [at for at, each in enumerate(history.sends) if each.until_ms + GRACE_MS <= now_ms]
    if len(ripe) < SILENT_AFTER:
        return False
    lately = {each.alert for each in history.sends[ripe[-SILENT_AFTER] :]}
    return lately.isdisjoint(history.shown)


def in_use(targets: Sequence[Target], lost: Collection[Target] = ()) -> tuple[Target, ...]:
    """Tell which targets get an alert: those in `lost` are served where they are devices, and not relied on."""
    used: list[Target] = []
    works = False
    for target in dict.fromkeys(targets):
        if target.kind is TargetKind.PAGE:
            continue
        if target.kind in DEVICES or (not works and target not in lost):
            used.append(target)
        works = works or target not in lost
    return tuple(used) or tuple(dict.fromkeys(targets))[:1]


def standby(targets: Sequence[Target], lost: Collection[Target], gone: Target) -> Target | None:
    """Tell through which target the household hears about a lost one: the next that works, from the front again."""
    rest = [target for target in dict.fromkeys(targets) if target.kind is not TargetKind.PAGE]
    at = rest.index(gone) if gone in rest else -1
    around = [*rest[at + 1 :], *rest[: max(at, 0)]]
    return next((target for target in around if target not in lost and target != gone), None)


def silent_ones(
    targets: Sequence[Target], histories: Mapping[Target, History], now_ms: int
) -> tuple[frozenset[Target], frozenset[Target]]:
    """Tell which targets are silent, and about which of them the household was not told yet."""
    silent = frozenset(each for each in targets if is_silent(each.kind, histories.get(each, NOTHING), now_ms))
    return silent, frozenset(each for each in silent if LOST not in histories.get(each, NOTHING).told)


LOST = "lost"
"""The notice about a lost target: told once in its life."""
