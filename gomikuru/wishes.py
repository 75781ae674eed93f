"""From what was typed on a command line to a wish. Pure; tells everything that cannot be read at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gomikuru.residents_csv import parse_kinds, parse_quiet, parse_target
from model.kind import Kind
from model.subscription import AtPoint, InZone, Lead, MetresLead, MinutesLead, Pin, Place, Quiet, Target, ZoneLead
from residents.wish import Wish, WishRefused


class Asked(NamedTuple):
    """What one call of `subscribe` says, as it was typed."""

    id: str | None = None
    lat: float | None = None
    lon: float | None = None
    zone: str | None = None
    metres: float | None = None
    minutes: float | None = None
    on_zone: bool = False
    categories: tuple[str, ...] = ()
    language: str | None = None
    quiet: str | None = None
    targets: tuple[str, ...] = ()
    point: str | None = None
    kinds: tuple[str, ...] = ()


NOTHING = Asked()


def devices_only(asked: Asked) -> bool:
    """Tell whether nothing is said but whose devices, and which."""
    return bool(asked.id and asked.targets) and asked._replace(id=None, targets=()) == NOTHING


def targets_of(texts: Sequence[str]) -> tuple[Target, ...]:
    """Read devices written as KIND:VALUE; raise WishRefused, which never repeats one."""
    problems: list[str] = []
    targets = _targets(texts, problems)
    if problems:
        raise WishRefused(tuple(dict.fromkeys(problems)))
    return targets


def wish_of(asked: Asked, language: str) -> Wish:
    """Make a wish of what was typed; raise WishRefused with all that cannot be read."""
    problems: list[str] = []
    place, lead = _place(asked, problems), _lead(asked, problems)
    quiet, targets = _quiet(asked.quiet, problems), _targets(asked.targets, problems)
    kinds = _kinds(asked.kinds, problems)
    if problems or place is None or lead is None:
        raise WishRefused(tuple(problems))
    return Wish(
        id=asked.id,
        place=place,
        lead=lead,
        categories=asked.categories,
        language=asked.language or language,
        quiet=quiet,
        targets=targets or None,
        kinds=kinds,
    )


def _place(asked: Asked, problems: list[str]) -> Place | None:
    pinned = asked.lat is not None and asked.lon is not None
    if asked.zone is not None and asked.lat is None and asked.lon is None and asked.point is None:
        return InZone(asked.zone)
    if asked.zone is None and asked.lat is not None and asked.lon is not None:
        return Pin(asked.lat, asked.lon) if asked.point is None else AtPoint(asked.point, asked.lat, asked.lon)
    if asked.point is not None:
        problems.append("point: a collection point needs --lat and --lon, and no --zone")
        return None
    problems.append("home: either --lat and --lon, or --zone" + (", not both" if pinned else ""))
    return None


def _lead(asked: Asked, problems: list[str]) -> Lead | None:
    leads: list[Lead] = []
    if asked.metres is not None:
        leads.append(MetresLead(asked.metres))
    if asked.minutes is not None:
        leads.append(MinutesLead(asked.minutes))
    if asked.on_zone or (asked.zone is not None and not leads):
        leads.append(ZoneLead())
    if len(leads) == 1:
        return leads[0]
    problems.append("lead: exactly one of --metres, --minutes, --on-zone")
    return None


def _quiet(text: str | None, problems: list[str]) -> Quiet | None:
    try:
        return parse_quiet(text) if text else None
    except ValueError as error:
        problems.append(str(error))
        return None


def _kinds(names: Sequence[str], problems: list[str]) -> tuple[Kind, ...]:
    try:
        return parse_kinds(names)
    except ValueError as error:
        problems.append(str(error))
        return ()


def _targets(texts: Sequence[str], problems: list[str]) -> tuple[Target, ...]:
    targets = []
    for text in texts:
        kind, colon, value = text.partition(":")
        try:
            targets.append(parse_target(kind if colon else "", value))
        except ValueError:
            problems.append("target: write it as KIND:VALUE, with KIND fcm_token, fcm_fid or screen")
    return tuple(targets)
