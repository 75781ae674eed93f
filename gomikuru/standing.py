"""How a stage stands, judged from what its worker says of itself: live, ready, and each trouble in plain words. Pure.

A stage is live while its loop turns, ready while it can do its work; a trouble may leave it ready (degraded).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from gomikuru.counted import counted

if TYPE_CHECKING:
    from geofence.pulse import Health as CityHealth
    from gomikuru.archive.worker import Kept
    from gomikuru.learning.night import Night
    from ingest.worker import Health as IngestHealth
    from notifier.worker import Health as NotifierHealth
    from web.worker import Health as WebHealth


class Trouble(NamedTuple):
    """One thing that is wrong: `what` names it for logs and comparisons, `text` says it; `stops` the work or not."""

    what: str
    text: str
    stops: bool = False


class Standing(msgspec.Struct, frozen=True):
    """How a stage stands. `facts` are figures for whoever looks closer."""

    live: bool = True
    troubles: tuple[Trouble, ...] = ()
    facts: Mapping[str, object] = {}

    @property
    def ready(self) -> bool:
        """Whether it can do its work."""
        return self.live and not any(trouble.stops for trouble in self.troubles)

    @property
    def well(self) -> bool:
        """Whether there is nothing to say."""
        return self.live and not self.troubles


class Bounds(msgspec.Struct, frozen=True):
    """From when on something is a trouble."""

    stalled_s: float = 120.0
    behind_events: int = 10_000
    behind_s: float = 10.0
    unarchived_s: float = 900.0


def judge(idle_s: float, troubles: Sequence[Trouble], facts: Mapping[str, object], bounds: Bounds) -> Standing:
    """Put a stage's troubles together with whether its loop turns."""
    if idle_s <= bounds.stalled_s:
        return Standing(True, tuple(troubles), facts)
    stalled = Trouble("stalled", f"its loop has not turned for {idle_s:.0f} s; restart the process", stops=True)
    return Standing(False, (stalled, *troubles), facts)


def judge_ingest(now: IngestHealth, bounds: Bounds) -> Standing:
    """Judge the stage that takes pings."""
    troubles = []
    if not now.connected:
        text = "the broker does not answer, or refuses us; trucks' pings wait there"
        troubles.append(Trouble("broker_away", text, stops=True))
    if not now.store_ok:
        troubles.append(_store_away())
    if now.waiting_for_engine:
        troubles.append(
            Trouble("waits_for_engine", "the engine is far behind; ingest takes nothing until it caught up")
        )
    return judge(now.idle_s, troubles, msgspec.structs.asdict(now), bounds)


def judge_geofence(cities: Mapping[str, CityHealth], silent: Collection[str], bounds: Bounds) -> Standing:
    """Judge the stage that decides; `silent` names cities in service that have sent no ping for too long."""
    troubles = [trouble for city, now in cities.items() for trouble in _city_troubles(city, now, bounds)]
    for city in sorted(silent):
        text = f"{city}: no ping has come for a while, though the city is in service; look at trackers, network, broker"
        troubles.append(Trouble(f"no_pings {city}", text))
    idle_s = max((now.idle_ms / 1000 for now in cities.values()), default=0.0)
    return judge(idle_s, troubles, {city: msgspec.structs.asdict(now) for city, now in cities.items()}, bounds)


def judge_notifier(now: NotifierHealth, idle_s: float, channels: int, cities: int, bounds: Bounds) -> Standing:
    """Judge the stage that sends."""
    all_hindered = len({*now.cities_away, *now.failing}) >= cities
    troubles = []
    for city in now.cities_away:
        text = f"{city}: its alerts cannot be taken from the store; trying again"
        troubles.append(Trouble(f"store_away {city}", text, stops=all_hindered))
    for city in now.failing:
        text = f"{city}: the notifier fails and begins again, its alerts wait; see notifier_turn_failed in the log"
        troubles.append(Trouble(f"notifier_fails {city}", text, stops=all_hindered))
    for channel, code in sorted(now.refusing.items()):
        text = f"channel {channel}: the last pushes all came back, lately with {code}; `gomikuru doctor` says more"
        troubles.append(Trouble(f"channel_refuses {channel}", text))
    if not channels:
        text = "no channel is set up, so no push can go out; set webpush.enabled or fcm.service_account_file"
        troubles.append(Trouble("no_channel", text))
    return judge(idle_s, troubles, msgspec.structs.asdict(now), bounds)


def judge_web(cities: Mapping[str, WebHealth], bounds: Bounds) -> Standing:
    """Judge the stage that shows."""
    troubles = []
    if any(not now.feed_ok and not now.failing for now in cities.values()):
        text = "the store does not answer; pages show old news and say so"
        troubles.append(Trouble("store_away", text, stops=True))
    for city, now in cities.items():
        if now.failing:
            text = f"{city}: its page fails over the news and shows old ones; see web.feed_failed in the log"
            troubles.append(Trouble(f"page_fails {city}", text, stops=True))
    idle_s = max((now.idle_s for now in cities.values()), default=0.0)
    return judge(idle_s, troubles, {city: msgspec.structs.asdict(now) for city, now in cities.items()}, bounds)


def judge_public(store_ok: bool, idle_s: float, bounds: Bounds) -> Standing:
    """Judge the stage that residents reach."""
    troubles = [] if store_ok else [Trouble("store_away", _PUBLIC_AWAY, stops=True)]
    return judge(idle_s, troubles, {"store_ok": store_ok}, bounds)


_PUBLIC_AWAY = "the store does not answer; residents are told to try again"


def judge_archive(cities: Mapping[str, Kept], idle_s: float, bounds: Bounds) -> Standing:
    """Judge the stage that keeps past days."""
    stands = all(now.problem for now in cities.values())
    troubles = [
        Trouble(f"archive_stands_still {city}", f"{city}: {now.problem}", stops=stands)
        for city, now in cities.items()
        if now.problem
    ]
    return judge(idle_s, troubles, {city: msgspec.structs.asdict(now) for city, now in cities.items()}, bounds)


def judge_learner(
    cities: Mapping[str, Night | None], now_ms: int, warn_after_days: float, idle_s: float, bounds: Bounds
) -> Standing:
    """Judge the stage that learns; a night that failed is tried again, and is a trouble when that lasts for days."""
    troubles = []
    for city, night in cities.items():
        if night is not None and failing_days(night, now_ms) >= warn_after_days:
            text = f"{city}: nothing was learned for {failing_days(night, now_ms):.0f} days: {night.problem}"
            troubles.append(Trouble(f"learning_failed {city}", f"{text}; the last profile stays in force"))
    facts = {city: msgspec.structs.asdict(night) if night else None for city, night in cities.items()}
    return judge(idle_s, troubles, facts, bounds)


def failing_days(night: Night, now_ms: int) -> float:
    """Tell for how many days learning has failed; 0 where it has not."""
    return 0.0 if night.failing_ms is None else max(0, now_ms - night.failing_ms) / 86_400_000


def _store_away() -> Trouble:
    return Trouble("store_away", "the store does not answer; trying again, nothing is dropped", stops=True)


def _city_troubles(city: str, now: CityHealth, bounds: Bounds) -> list[Trouble]:
    """Tell what is wrong with one city. That another process works it is no trouble, if that one gets on."""
    troubles = []
    if not now.store_ok:
        troubles.append(Trouble(f"store_away {city}", f"{city}: {_store_away().text}", stops=True))
    if now.failing:
        text = f"{city}: the engine fails and begins again; see turn_failed in the log"
        troubles.append(Trouble(f"engine_fails {city}", text, stops=True))
    if now.held_up and not now.holds_lease:
        text = f"{city}: another process holds the city and does not get on; events wait. Look at that one, or end it"
        troubles.append(Trouble(f"held_up {city}", text))
    if now.backlog > bounds.behind_events or now.behind_ms > bounds.behind_s * 1000:
        text = f"{city}: the engine is behind by {now.backlog} events, the oldest of {now.behind_ms / 1000:.0f} s ago"
        troubles.append(Trouble(f"engine_behind {city}", text))
    if now.unarchived_ms > bounds.unarchived_s * 1000:
        text = f"{city}: the oldest event has waited {now.unarchived_ms / 60_000:.0f} min for the archive"
        troubles.append(
            Trouble(f"archive_behind {city}", f"{text}; run the archive stage, or set archive.enabled = false")
        )
    for problem in now.zones_problems:
        text = f"{city}: {problem}; the zones before it stay in force"
        troubles.append(Trouble(f"zones_refused {city} {problem}", text))
    for problem in now.profile_problems:
        text = f"{city}: {problem}; the learned days before it stay in force, where there are any"
        troubles.append(Trouble(f"profile_refused {city} {problem}", text))
    for problem in now.assignments_problems:
        text = f"{city}: {problem}; the assignments before it stay in force"
        troubles.append(Trouble(f"assignments_refused {city} {problem}", text))
    if now.unserved:
        homes = counted(now.unserved, "home")
        text = (
            f"{city}: {homes} with a lead in minutes, and no profile, so that nobody of them is told; `gomikuru learn`"
        )
        troubles.append(Trouble(f"no_profile {city}", text))
    return troubles
