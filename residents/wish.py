"""What a household may wish. A wish is checked whole: all that is wrong with it is told at once. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import msgspec

from model.kind import OPT_IN, Kind
from model.subscription import (
    LEAD_METRES,
    LEAD_MINUTES,
    AtPoint,
    InZone,
    Lead,
    MetresLead,
    MinutesLead,
    Place,
    Quiet,
    Reminder,
    Target,
    ZoneLead,
)

MAX_TARGETS = 20
MAX_REMINDERS = 4
MAX_DAYS_BEFORE = 2
MAX_TARGET_LENGTH = 4096
DAY_MIN = 24 * 60
MAX_POINT = 64
MAX_LAT = 85.0
"""As for trucks and zones: nearer to a pole the engine's plane stretches without a bound."""

_ID = re.compile(r"[^\s#{}\x00-\x1f\x7f][^\s{}\x00-\x1f\x7f]{0,63}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a household asks for. `id` None: a random one is given; `targets` None: devices stay as they are.

    `kinds`: what it wants to hear besides what everybody is told. The rest is as in model.subscription.Subscription.
    """

    place: Place
    lead: Lead
    id: str | None = None
    categories: tuple[str, ...] = ()
    language: str = "ja"
    quiet: Quiet | None = None
    targets: tuple[Target, ...] | None = None
    kinds: tuple[Kind, ...] = ()
    zone: str | None = None
    reminders: tuple[Reminder, ...] = ()
    needs_min: float | None = None
    paused_until_ms: int | None = None
    seen_day: str | None = None


class Known(msgspec.Struct, frozen=True):
    """The categories and zones that a city has, the languages of messages; None: not known here, so not checked."""

    categories: frozenset[str] | None = None
    zones: frozenset[str] | None = None
    languages: frozenset[str] | None = None


ANYTHING = Known()


class WishRefused(ValueError):
    """The wish cannot be kept; `problems` says everything that is wrong with it, in words for who wrote it."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def problems_of(wish: Wish, known: Known = ANYTHING) -> tuple[str, ...]:
    """Tell all that is wrong with a wish; nothing when it can be kept. Never repeats a position or a target."""
    return (
        *_id_problems(wish.id),
        *_place_problems(wish.place, known),
        *_lead_problems(wish.lead, wish.place),
        *_category_problems(wish.categories, known),
        *_language_problems(wish.language, known),
        *_quiet_problems(wish.quiet),
        *_kind_problems(wish.kinds, wish.lead),
        *_reminder_problems(wish.reminders),
        *_zone_problems(wish, known),
        *target_problems(wish.targets or ()),
    )


def _id_problems(sub_id: str | None) -> Iterator[str]:
    if sub_id is not None and not _ID.fullmatch(sub_id):
        yield "id: 1 to 64 characters, no spaces, no braces, and not starting with #"


def _place_problems(place: Place, known: Known) -> Iterator[str]:
    if isinstance(place, InZone):
        if not place.zone:
            yield "zone: empty"
        elif known.zones is not None and place.zone not in known.zones:
            yield f"zone: the city has no zone {place.zone!r}"
        return
    if isinstance(place, AtPoint) and not (0 < len(place.point) <= MAX_POINT and place.point.isprintable()):
        yield f"point: a name of 1 to {MAX_POINT} printable characters"
    if not _within(place.lat, -MAX_LAT, MAX_LAT):
        yield f"lat: must be degrees between -{MAX_LAT:g} and {MAX_LAT:g}"
    if not _within(place.lon, -180.0, 180.0):
        yield "lon: must be degrees between -180 and 180"


def _lead_problems(lead: Lead, place: Place) -> Iterator[str]:
    if isinstance(lead, ZoneLead):
        return
    if isinstance(place, InZone) and isinstance(lead, MetresLead):
        yield "lead: a home known only by its zone can be told in minutes or when the truck enters it, not in metres"
    if isinstance(lead, MetresLead) and not _within(lead.metres, *LEAD_METRES):
        yield f"lead: metres must be between {LEAD_METRES[0]:g} and {LEAD_METRES[1]:g}"
    if isinstance(lead, MinutesLead) and not _within(lead.minutes, *LEAD_MINUTES):
        yield f"lead: minutes must be between {LEAD_MINUTES[0]:g} and {LEAD_MINUTES[1]:g}"


def _category_problems(categories: tuple[str, ...], known: Known) -> Iterator[str]:
    for category in categories:
        if not category:
            yield "category: empty"
        elif known.categories is not None and category not in known.categories:
            yield f"category: the city has no category {category!r}; it has {', '.join(sorted(known.categories))}"
    if len(set(categories)) != len(categories):
        yield "category: named twice"


def _language_problems(language: str, known: Known) -> Iterator[str]:
    if not _LANGUAGE.fullmatch(language):
        yield f"language: {language!r} is no language tag such as ja, en or zh-Hant"
    elif known.languages is not None and not known.languages & {language, language.partition("-")[0]}:
        yield f"language: there are no messages in {language!r}; there are: {', '.join(sorted(known.languages))}"


def _quiet_problems(quiet: Quiet | None) -> Iterator[str]:
    if quiet is None:
        return
    if not (0 <= quiet.from_min < DAY_MIN and 0 <= quiet.until_min < DAY_MIN):
        yield "quiet: hours must be between 00:00 and 23:59"
    elif quiet.from_min == quiet.until_min:
        yield "quiet: begins and ends at the same minute; leave it out for no quiet hours"


def _kind_problems(kinds: tuple[Kind, ...], lead: Lead) -> Iterator[str]:
    for kind in dict.fromkeys(kinds):
        if kind not in OPT_IN:
            yield f"kinds: {kind.value} is not a matter of choice; there are: {', '.join(OPT_IN)}"
    if len(set(kinds)) != len(kinds):
        yield "kinds: named twice"
    if kinds and not isinstance(lead, MinutesLead):
        yield f"kinds: {' and '.join(OPT_IN)} are told with a lead in minutes only"


def _reminder_problems(reminders: tuple[Reminder, ...]) -> Iterator[str]:
    if len(reminders) > MAX_REMINDERS or len(set(reminders)) != len(reminders):
        yield f"reminders: at most {MAX_REMINDERS}, each once"
    if any(not (0 <= one.days_before <= MAX_DAYS_BEFORE and 0 <= one.at_min < DAY_MIN) for one in reminders):
        yield f"reminders: 0 to {MAX_DAYS_BEFORE} days before, at a time between 00:00 and 23:59"


def _zone_problems(wish: Wish, known: Known) -> Iterator[str]:
    if wish.zone is not None and known.zones is not None and wish.zone not in known.zones:
        yield f"zone: the city has no zone {wish.zone!r}"
    if isinstance(wish.place, InZone) and wish.zone not in (None, wish.place.zone):
        yield "zone: a home known by its zone follows that zone's calendar"
    if wish.needs_min is not None and not _within(wish.needs_min, 0.0, LEAD_MINUTES[1]):
        yield f"needs_min: must be between 0 and {LEAD_MINUTES[1]:g}"


def target_problems(targets: tuple[Target, ...]) -> Iterator[str]:
    """Tell what is wrong with a home's devices."""
    if len(targets) > MAX_TARGETS:
        yield f"target: at most {MAX_TARGETS} devices for one home"
    if len(set(targets)) != len(targets):
        yield "target: the same device twice"
    for target in targets:
        if not target.value or len(target.value) > MAX_TARGET_LENGTH or any(c.isspace() for c in target.value):
            yield f"target: a {target.kind.value} is 1 to {MAX_TARGET_LENGTH} characters without spaces"


def _within(value: float, low: float, high: float) -> bool:
    return math.isfinite(value) and low <= value <= high
