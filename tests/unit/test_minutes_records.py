"""What keeps minutes-alerts single: told and foretold, corrections, places that were served, whose round it is."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from geofence.batch import run_batch
from geofence.book import Book
from geofence.foretold import Foretold, decode_foretold
from geofence.limits import Limits
from geofence.minutes import Ahead, look
from geofence.state import FORETOLD, State, state_of
from model.alert import Alert, Kind
from model.event import Event, HomesChanged, ProfileChanged
from model.ping import Ping
from tests.support.rounds import CITY, Drive, home, minutes_before, profile_of, told, weekdays

STREET = [(300.0 * k, 0.0) for k in range(1, 11)]
BACK = [(2850.0 - 300.0 * k, 200.0) for k in range(10)]
FAR = [(20_000.0 + 300.0 * k, 0.0) for k in range(20)]
TIP = (3000.0, 6000.0)
*PAST, TODAY = weekdays(7)


def usual(day: date, seconds: float = 60.0) -> Drive:
    """Out along the street, back along the next one, home."""
    return Drive(day).serve(STREET, seconds).serve(BACK, seconds).to(-1500.0, 200.0)


def twice(day: date, seconds: float = 60.0) -> Drive:
    """The street's ten stops, the tip, and the same ten stops once more."""
    drive = Drive(day).serve(STREET, seconds).to(*TIP, mps=10.0).stand(480).to(0.0, 0.0, mps=10.0)
    return drive.serve(STREET, seconds).to(-1500.0, 0.0)


@lru_cache(maxsize=1)
def profile() -> bytes:
    """What six usual days teach."""
    return profile_of(usual(day, 50.0 + 5.0 * k) for k, day in enumerate(PAST))


def detour() -> Drive:
    """A truck that goes to tip, long, in the middle of the street, and another time on the way back."""
    drive = Drive(TODAY).serve(STREET[:6]).to(*TIP, mps=10.0).stand(1500).serve(STREET[6:])
    return drive.serve(BACK[:3]).to(*TIP, mps=10.0).stand(1500).serve(BACK[3:])


def begun(homes: int) -> list[Event]:
    spots = [*STREET, *BACK][:homes]
    some = tuple(home(k, spot, 5.0 + k % 4 * 5.0) for k, spot in enumerate(spots, start=1))
    return [ProfileChanged(0, "v"), HomesChanged(0, some)]


def test_a_restart_after_every_ping_changes_no_alert_and_no_correction() -> None:
    """An engine that is built anew from its fields each time tells what one that never stopped tells."""
    events = [*begun(20), *detour().pings]
    whole = run_batch(State(), Book(CITY, Limits()), events, {"v": profile()}).alerts
    assert {alert.kind for alert in whole} == {Kind.APPROACHING, Kind.CORRECTED}
    fields: dict[str, bytes] = {}
    book, alerts = Book(CITY, Limits()), list[Alert]()
    for event in events:
        outcome = run_batch(state_of(fields), book, [event], {"v": profile()})
        alerts.extend(outcome.alerts)
        fields |= outcome.puts
        for gone in outcome.deletes:
            fields.pop(gone, None)
    assert alerts == whole
    assert [name for name in fields if name.startswith(FORETOLD)]


def test_nobody_is_told_or_corrected_twice_whatever_the_round_does() -> None:
    """Two long trips to the tip: each home hears of its truck once, and of a new time at most once."""
    alerts = run_batch(State(), Book(CITY, Limits()), [*begun(20), *detour().pings], {"v": profile()}).alerts
    heard = [(alert.subscription, alert.kind) for alert in alerts]
    assert len(set(heard)) == len(heard)
    assert len({alert.id for alert in alerts}) == len(alerts)
    assert sum(kind is Kind.CORRECTED for _, kind in heard) >= 3


def test_a_neighbour_that_subscribes_later_tells_nobody_a_second_time() -> None:
    """Each time another home of the place subscribes, it alone is told; those who were told hear nothing more."""
    state, book, today = State(), Book(CITY, Limits()), usual(TODAY)
    before = [ping for ping in today.pings if ping.received_ms < today.reached[STREET[4]]]
    run_batch(state, book, [*begun(0)], {"v": profile()})
    heard: list[str] = []
    for number, part in enumerate(np.array_split(np.arange(len(before)), 4), start=1):
        at_ms = before[int(part[0])].received_ms
        some: list[Event] = [HomesChanged(at_ms, (home(number, STREET[7], 30.0),))]
        outcome = run_batch(state, book, [*some, *(before[k] for k in part.tolist())], {})
        heard.extend(alert.subscription for alert in outcome.alerts)
    assert heard == ["s1", "s2", "s3", "s4"]


def outlooks(drive: Drive, learned: bytes) -> list[tuple[Ping, set[int]]]:
    """Tell after each ping which places the engine still expects."""
    state, book = State(), Book(CITY, Limits())
    run_batch(state, book, [ProfileChanged(0, "v"), HomesChanged(0, (home(1, STREET[0]),))], {"v": learned})
    assert book.forecaster is not None
    found = []
    for ping in drive.pings:
        run_batch(state, book, [ping], {})
        so_far = state.truck(ping.truck).so_far
        assert so_far is not None
        at_s, ordinal = so_far.walk.near_s, int(so_far.day.split("/")[1])
        ahead: Ahead = look(so_far, at_s, ordinal, book.forecaster, book.limits.manner)
        found.append((ping, set(ahead.outlook.place.tolist())))
    return found


def test_a_place_that_was_served_is_not_foretold_again() -> None:
    """Where past days come by twice, a home that was served today is not told that the truck comes once more."""
    learned = profile_of(twice(day, 50.0 + 5.0 * k) for k, day in enumerate(PAST))
    today = twice(TODAY)
    first_ms = Drive(TODAY).serve(STREET).reached
    book, homes = Book(CITY, Limits()), [home(k, spot) for k, spot in enumerate(STREET, start=1)]
    run_batch(State(), book, [ProfileChanged(0, "v"), HomesChanged(0, tuple(homes))], {"v": learned})
    places = {spot: book.minutes.place_of(k) for k, spot in enumerate(STREET, start=1)}
    for ping, expected in outlooks(today, learned)[::6]:
        served = {places[spot] for spot in STREET if first_ms[spot] + 90_000 < ping.fix_ms}
        assert not served & expected
        assert len(expected) == 0 or ping.fix_ms < first_ms[STREET[-1]] + 90_000


def test_a_substitute_that_has_a_round_of_its_own_is_believed_too() -> None:
    """A truck of another district goes on where the usual one broke down: who was not told yet is told in time."""
    far = [Drive(day, truck="99", at=FAR[0]).serve(FAR, 60.0) for day in PAST]
    learned = profile_of([*(usual(day, 50.0 + 5.0 * k) for k, day in enumerate(PAST)), *far])
    broken = Drive(TODAY).serve(STREET[:4]).stand(3600)
    other = Drive(TODAY, "08:50", "99", at=(900.0, 0.0)).serve(STREET[4:]).serve(BACK)
    alerts = told(learned, [home(1, STREET[5]), home(2, BACK[5])], broken, other)
    assert [alert.vehicle for alert in alerts["s1"]] == ["17"]
    (alert,) = alerts["s2"]
    assert alert.vehicle == "99"
    assert 5.0 <= minutes_before(alert, other.reached[BACK[5]]) <= 20.0


operations = st.lists(
    st.tuples(st.sampled_from(["tell", "correct", "reopen"]), st.integers(0, 3), st.sampled_from([5.0, 10.0])),
    max_size=30,
)


@given(operations)
def test_what_was_foretold_survives_its_bytes_and_is_corrected_once(steps: list[tuple[str, int, float]]) -> None:
    """Beside a dictionary: told, whole, corrected; written and read back at every step; a change is marked."""
    foretold, oracle = Foretold(), dict[tuple[int, float], list[object]]()
    for at, (what, place, lead) in enumerate(steps):
        key = place, lead
        foretold.touched = False
        if what == "tell":
            foretold.tell(place, lead, at)
            oracle[key] = [at, bool(oracle.get(key, [0, False])[1]), True]
        elif what == "correct" and key in oracle:
            foretold.correct(place, lead, at)
            oracle[key] = [at, True, True]
        elif what == "reopen":
            foretold.reopen(place, lead)
            if key in oracle:
                oracle[key][2] = False
        assert foretold.touched is (what == "tell" or key in oracle)
        foretold = decode_foretold(foretold.encode())
        for other in range(4):
            for minutes in (5.0, 10.0):
                eta, corrected, whole = oracle.get((other, minutes), [None, False, False])
                assert foretold.has(other, minutes) is whole
                assert foretold.to_correct(other, minutes) == (None if corrected else eta)
