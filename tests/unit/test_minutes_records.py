"""What keeps minutes-alerts single: told and foretold, corrections, places that were served, whose round it is."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from geofence.batch import run_batch
from geofence.book import Book
from geofence.forecaster import Ahead
from geofence.foretold import Again, Doubt, Foretold, Saying, decode_foretold
from geofence.limits import Limits
from geofence.state import FORETOLD, State, Truck, state_of
from model.alert import Alert, Kind
from model.event import Event, HomesChanged, ProfileChanged, Tick
from model.kind import OPT_IN
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
    """What six days teach, on two of which the truck went to tip in the middle of the street."""
    days = enumerate(PAST)
    return profile_of((usual if k % 3 else tipping)(day, 50.0 + 5.0 * k) for k, day in days)


def tipping(day: date, seconds: float = 60.0) -> Drive:
    """A usual day with a long trip to the tip in the middle of the street."""
    drive = Drive(day).serve(STREET[:6], seconds).to(*TIP, mps=10.0).stand(1500).serve(STREET[6:], seconds)
    return drive.serve(BACK, seconds).to(-1500.0, 200.0)


def detour() -> Drive:
    """A truck that goes to tip, long, in the middle of the street, and another time on the way back."""
    drive = Drive(TODAY).serve(STREET[:6]).to(*TIP, mps=10.0).stand(1500).serve(STREET[6:])
    return drive.serve(BACK[:3]).to(*TIP, mps=10.0).stand(1500).serve(BACK[3:])


def falling_silent() -> list[Event]:
    """The same day, cut off before its last stops; time goes on."""
    pings = [ping for ping in detour().pings if ping.fix_ms <= detour().reached[BACK[6]]]
    last_ms = pings[-1].received_ms
    return [*pings, *(Tick(last_ms + 60_000 * k) for k in range(20))]


def begun(homes: int, kinds: tuple[Kind, ...] = ()) -> list[Event]:
    spots = [*STREET, *BACK][:homes]
    some = tuple(home(k, spot, 5.0 + k % 4 * 5.0, kinds) for k, spot in enumerate(spots, start=1))
    return [ProfileChanged(0, "v"), HomesChanged(0, some)]


def test_a_restart_after_every_ping_changes_no_alert_and_no_correction() -> None:
    """An engine that is built anew from its fields each time tells what one that never stopped tells, of all kinds."""
    events = [*begun(20, OPT_IN), *falling_silent()]
    whole = run_batch(State(), Book(CITY, Limits()), events, {"v": profile()}).alerts
    assert {alert.kind for alert in whole} == {Kind.APPROACHING, Kind.CORRECTED, Kind.DISRUPTED, *OPT_IN}
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
    """Two long trips to the tip: each home hears of its truck twice at most, and of a new time at most once."""
    alerts = run_batch(State(), Book(CITY, Limits()), [*begun(20), *detour().pings], {"v": profile()}).alerts
    heard = [(alert.subscription, alert.kind, alert.ordinal) for alert in alerts]
    assert len(set(heard)) == len(heard)
    assert len({alert.id for alert in alerts}) == len(alerts)
    called, corrected = (
        {name for name, *what in heard if what == [kind, 1]} for kind in (Kind.APPROACHING, Kind.CORRECTED)
    )
    assert len(corrected) >= 3
    again = {name for name, _, ordinal in heard if ordinal == 2}
    assert len(again) >= 3
    assert corrected | again <= called


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
        ahead: Ahead = book.forecaster.look(so_far, at_s, ordinal, book.limits.manner)
        found.append((ping, set(ahead.outlook.place.tolist())))
    return found


def test_a_place_that_was_served_is_not_foretold_again() -> None:
    """Where past days come by twice, a home that was served today is not told that the truck comes once more."""
    learned = profile_of(twice(day, 50.0 + 5.0 * k) for k, day in enumerate(PAST))
    today = twice(TODAY)
    first_ms = Drive(TODAY).serve(STREET).reached
    book, homes = Book(CITY, Limits()), [home(k, spot) for k, spot in enumerate(STREET, start=1)]
    run_batch(State(), book, [ProfileChanged(0, "v"), HomesChanged(0, tuple(homes))], {"v": learned})
    places = {spot: book.minutes.places_of(k)[0] for k, spot in enumerate(STREET, start=1)}
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


def test_a_broken_truck_does_not_call_off_the_one_that_goes_on_for_it() -> None:
    """The usual truck stands, expected ever later; who was told of the substitute hears nothing of that."""
    broken = Drive(TODAY).serve(STREET[:4]).stand(3600)
    other = Drive(TODAY, "08:50", "99", at=(900.0, 0.0)).serve(STREET[4:]).serve(BACK)
    homes = [home(k, spot) for k, spot in enumerate(BACK[2:8], start=1)]
    first = told(profile(), homes, broken, other)
    assert {alert.vehicle for alerts in first.values() for alert in alerts} == {"99"}
    corrections = told(profile(), homes, broken, other, kind=Kind.CORRECTED)
    assert [alert for alerts in corrections.values() for alert in alerts] == []


operations = st.lists(
    st.tuples(
        st.sampled_from(["tell", "doubt", "correct", "correct beyond", "away", "near", "again", "reopen"]),
        *(st.integers(0, 3), st.sampled_from([5.0, 10.0])),
    ),
    max_size=30,
)


Oracle = dict[tuple[int, float], Saying]


def speak(foretold: Foretold, oracle: Oracle, at: int, what: str, key: tuple[int, float]) -> None:
    """Tell, doubt, correct or reopen a place, in both."""
    known, open_ = oracle.get(key), foretold.to_correct(*key)
    if what == "tell":
        foretold.tell(*key, at)
        oracle[key] = replace(known, eta_ms=at, whole=True, doubt=None) if known else Saying(*key, at)
    elif what == "doubt" and open_:
        foretold.doubt(open_, Doubt(at, at + 1))
        oracle[key] = replace(oracle[key], doubt=Doubt(at, at + 1))
    elif what.startswith("correct") and open_:
        foretold.correct(open_, at, again=what == "correct beyond")
        due = Again.DUE if what == "correct beyond" else Again.NO
        due = open_.again if open_.again >= Again.TOLD else due
        oracle[key] = replace(oracle[key], eta_ms=at, corrected=True, doubt=None, again=due)
    elif what == "reopen":
        foretold.reopen(*key)
        oracle.update({key: replace(known, whole=False)} if known else {})


def turn(foretold: Foretold, oracle: Oracle, at: int, what: str, key: tuple[int, float]) -> None:
    """Let the truck turn away from a place, come back to it, or the place be told once more, in both."""
    if what == "again" and foretold.again(*key) in (Again.DUE, Again.AWAY):
        foretold.tell_again(*key, at)
        oracle[key] = replace(oracle[key], eta_ms=at, doubt=None, again=Again.TOLD)
    if what not in ("away", "near") or key not in foretold.waiting(""):
        return
    foretold.unlikely(*key, at if what == "away" else None, lasts_ms=2)
    since = oracle[key].unlikely_ms
    if what == "away" and since is not None and at - since >= 2:
        oracle[key] = replace(oracle[key], again=Again.AWAY, unlikely_ms=None)
    elif what == "away" and since is None:
        oracle[key] = replace(oracle[key], unlikely_ms=at)
    elif what == "near" and since is not None:
        oracle[key] = replace(oracle[key], unlikely_ms=None)


@given(operations)
def test_what_was_foretold_survives_its_bytes_and_is_corrected_once(steps: list[tuple[str, int, float]]) -> None:
    """Beside a dictionary: told, doubted, corrected, told again; written and read back at every step."""
    foretold, oracle = Foretold(), Oracle()
    for at, (what, place, lead) in enumerate(steps):
        key = place, lead
        known = oracle.get(key)
        foretold.touched = False
        (turn if what in ("away", "near", "again") else speak)(foretold, oracle, at, what, key)
        assert foretold.touched is (oracle.get(key) is not known)
        foretold = decode_foretold(foretold.encode())
        assert {(each.place, each.lead_min): each for each in foretold} == oracle
        for (other, minutes), said in oracle.items():
            assert foretold.has(other, minutes) is said.whole
            assert foretold.to_correct(other, minutes) == (None if said.corrected else said)
            assert foretold.again(other, minutes) is said.again
        assert foretold.waiting("") == sorted(key for key, one in oracle.items() if one.again <= Again.DUE)


def test_what_an_older_version_wrote_is_read() -> None:
    """A saying without doubt and second call, and a truck that watches no place: what is new is as if unused."""
    (said,) = decode_foretold(msgspec.msgpack.encode([[3, 10.0, 77, True, False]]))
    assert said == Saying(3, 10.0, 77, True, False)
    state = state_of({"truck/17": msgspec.msgpack.encode([[[], [], []], None, [], [], True, False, 0.0, False])})
    assert state.truck("17") == Truck(collecting=True)


def test_a_truck_that_stays_unlikely_has_turned_away_and_calls_once_more() -> None:
    """Four minutes without a break; one look at which it was likely begins them anew."""
    foretold = Foretold()
    foretold.tell(3, 10.0, 900_000, "17")
    for at_ms in (0, 200_000, None, 210_000, 449_000):
        foretold.unlikely(3, 10.0, at_ms, 240_000)
        assert foretold.again(3, 10.0) is Again.NO
    foretold.unlikely(3, 10.0, 450_000, 240_000)
    assert foretold.again(3, 10.0) is Again.AWAY
    assert foretold.waiting("17") == []
