"""Leads in minutes in the live engine: a profile that takes force as it runs, hand-overs in the middle of a day."""

from __future__ import annotations

from functools import lru_cache

from geofence.batch import run_batch
from geofence.book import Book
from geofence.limits import Limits
from geofence.state import State
from geofence.watched import PROFILE
from geofence.worker import CityWorker
from model.alert import Alert, Kind
from model.event import AssignmentsChanged, Event, HomesChanged, ProfileChanged, Tick
from model.kind import OPT_IN
from streams.ports import Store
from tests.contract.test_geofence_worker import (
    PACE,
    Clock,
    Drawer,
    Meter,
    _machine_ms,
    leave,
    left,
    offered,
    told,
    work_off,
)
from tests.support.rounds import CITY, Drive, home, profile_of, weekdays

STREET = [(300.0 * k, 0.0) for k in range(1, 11)]
*PAST, TODAY = weekdays(5)


@lru_cache(maxsize=1)
def profile() -> bytes:
    """What four days on one street teach."""
    return profile_of(Drive(day).serve(STREET, 55.0 + 5.0 * k).to(-1500.0, 0.0) for k, day in enumerate(PAST))


ASSIGNMENTS = b"day,vehicle_id,route_id\nmon tue wed thu fri sat,17,south\n"


def worker(store: Store, owner: str, learned: Drawer, assigned: Drawer | None = None) -> CityWorker:
    return CityWorker(
        *(CITY, store, Drawer(), Clock(), _machine_ms, Meter(), owner),
        limits=Limits(),
        pace=PACE,
        profile=learned,
        assignments=assigned,
    )


def day() -> list[Event]:
    """Homes at every stop, with several leads and all kinds, and the truck's day, with ten silent minutes."""
    homes = [home(k, spot, 3.0 + k, OPT_IN) for k, spot in enumerate(STREET, start=1)]
    today = Drive(TODAY).serve(STREET[:7])
    silent_ms = today.at_ms
    with today.silence(backlog=False):
        today.stand(600)
    pings = today.serve(STREET[7:]).to(-1500.0, 0.0).pings
    ticks = [Tick(silent_ms + 30_000 * k) for k in range(20)]
    before = [ping for ping in pings if ping.received_ms <= silent_ms]
    return [HomesChanged(0, tuple(homes)), *before, *ticks, *pings[len(before) :]]


def expected() -> list[Alert]:
    """Tell what one engine without a store says."""
    events = [ProfileChanged(0, "v"), *day()]
    return run_batch(State(), Book(CITY, Limits()), events, {"v": profile()}).alerts


def as_told(alerts: list[Alert]) -> list[tuple[str, Kind, int, int | None]]:
    return [(alert.id, alert.kind, alert.fired_ms, alert.eta_ms) for alert in alerts]


def test_a_worker_with_a_profile_tells_what_the_replay_tells(store: Store) -> None:
    """The profile is announced in the stream, and the alerts are those of the engine without servers."""
    one = worker(store, "one", Drawer(profile()))
    one.turn()
    offered(store, day())
    work_off(store, one)
    assert as_told(told(store)) == as_told(expected())
    assert {alert.kind for alert in told(store)} == set(Kind) - {Kind.REMINDER}
    assert len(told(store)) >= 24


def test_a_hand_over_in_the_middle_of_a_round_changes_no_alert(store: Store) -> None:
    """The truck's place on its round, and what was foretold, stand in the store: the next worker goes on from there."""
    zero = worker(store, "zero", Drawer(profile()))
    zero.turn()
    leave(zero)
    offered(store, day())
    for number in range(200):
        each = worker(store, f"w{number}", Drawer(profile()))
        each.turn()
        if not left(store):
            break
        leave(each)
    assert left(store) == []
    assert as_told(told(store)) == as_told(expected())


def test_assignments_are_announced_in_the_stream_and_survive_hand_overs(store: Store) -> None:
    """The alerts are those of the engine without servers, on the assigned route, whoever works the city when."""
    events = [ProfileChanged(0, "v"), AssignmentsChanged(0, "a"), *day()]
    wanted = run_batch(State(), Book(CITY, Limits()), events, {"v": profile(), "a": ASSIGNMENTS}).alerts
    assert {alert.run for alert in wanted} == {"route:south/1"}
    files = Drawer(profile()), Drawer(ASSIGNMENTS)
    zero = worker(store, "zero", *files)
    zero.turn()
    leave(zero)
    offered(store, day())
    for number in range(200):
        each = worker(store, f"w{number}", *files)
        each.turn()
        if not left(store):
            break
        leave(each)
    assert left(store) == []
    assert as_told(told(store)) == as_told(wanted)


def test_broken_assignments_leave_the_last_good_ones_in_force(store: Store) -> None:
    """What cannot be read is refused with its line, and the truck stays on its route."""
    assigned = Drawer(ASSIGNMENTS)
    one = worker(store, "one", Drawer(profile()), assigned)
    one.turn()
    assigned.save(ASSIGNMENTS + b"monday,17,north\n")
    one.turn()
    assert one.health().assignments_problems[0].startswith("assignments.csv: line 3: day 'monday'")
    offered(store, day())
    work_off(store, one)
    assert {alert.route for alert in told(store)} == {"south"}


def test_a_broken_profile_leaves_the_last_good_one_in_force(store: Store) -> None:
    """A file that cannot be read is refused with its reason, and homes are told by the one before."""
    learned = Drawer(profile())
    one = worker(store, "one", learned)
    one.turn()
    learned.save(b"not a profile")
    one.turn()
    offered(store, day())
    work_off(store, one)
    assert as_told(told(store)) == as_told(expected())


def test_a_profile_that_is_no_profile_is_refused_in_words() -> None:
    """The refusal names the file and says what to do."""
    (problem,) = PROFILE.problems(b"rubbish")
    assert problem.startswith("profile.bin: ")
    assert "gomikuru learn" in problem
