"""Beyond "it is coming": here, passed, corrected, called once more, no signal. Short timelines of a truck."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import pytest

from geofence.batch import run_batch
from geofence.book import Book
from geofence.limits import Limits
from geofence.state import State
from model.alert import Alert, Kind
from model.event import Event, HomesChanged, ProfileChanged, Tick, Word, WordKind
from tests.support.rounds import CITY, Drive, heard, home, minutes_before, profile_of, told, weekdays, yard

SOUTH = [(300.0 * k, 0.0) for k in range(1, 11)]
NORTH = [(300.0 * k, 800.0) for k in range(10, 0, -1)]
TIP = (3000.0, 6000.0)
ALL = (Kind.HERE, Kind.PASSED)
*PAST, TODAY = weekdays(9)
MINUTE_MS = 60_000


def usual(day: date, seconds: float = 60.0) -> Drive:
    """The south street, the tip, the north street, the depot."""
    drive = Drive(day).serve(SOUTH, seconds).to(*TIP, mps=10.0).stand(480)
    return drive.serve(NORTH, seconds).to(-1500.0, 800.0, mps=10.0).stand(60)


def both_ways(day: date, seconds: float = 60.0) -> Drive:
    """Ten stops on the way out, the same ten on the way back: one side of the street, then the other."""
    return Drive(day).serve(SOUTH, seconds).to(3600.0, 0.0).serve(reversed(SOUTH), seconds).to(-1500.0, 0.0).stand(60)


@lru_cache(maxsize=2)
def profile(twice: bool = False) -> bytes:
    """What eight usual days teach."""
    drive = both_ways if twice else usual
    return profile_of(drive(day, 50.0 + 6.0 * (k % 4)) for k, day in enumerate(PAST))


def tipping_early(day: date, seconds: float = 60.0) -> Drive:
    """The south street with a long trip to the tip in its middle, and the north street."""
    drive = Drive(day).serve(SOUTH[:5], seconds).to(*TIP, mps=10.0).stand(900)
    return drive.serve(SOUTH[5:], seconds).serve(NORTH, seconds)


@lru_cache(maxsize=1)
def now_and_then() -> bytes:
    """What eight days teach of which every third has the trip."""
    days = enumerate(PAST)
    return profile_of((usual if k % 3 else tipping_early)(day, 50.0 + 6.0 * (k % 4)) for k, day in days)


def of(alerts: list[Alert], kind: Kind) -> list[Alert]:
    return [alert for alert in alerts if alert.kind is kind]


def test_a_home_that_asks_hears_that_the_truck_is_here_while_it_loads() -> None:
    """Once, when the truck has stood at the place long enough to serve it, and before it leaves."""
    today = usual(TODAY)
    for spot in (SOUTH[0], SOUTH[6], NORTH[4]):
        (alert,) = told(profile(), [home(1, spot, kinds=ALL)], today, kind=Kind.HERE)["s1"]
        assert 0 < alert.fired_ms - today.reached[spot] <= 60_000
        assert alert.useful_until_ms - alert.fired_ms == 180_000


def test_a_truck_that_drives_past_is_not_here() -> None:
    """A truck that goes along the street without a stop, also slowly, is here for nobody, and has passed nobody."""
    today = Drive(TODAY).serve(SOUTH[:3]).to(2100.0, 0.0, mps=9.0).to(3000.0, 0.0, mps=6.0).serve(NORTH)
    alerts = heard(profile(), [home(1, SOUTH[5], kinds=ALL), home(2, SOUTH[8], kinds=ALL)], today)
    assert of(alerts, Kind.HERE) == of(alerts, Kind.PASSED) == []


def test_a_truck_that_was_seen_to_serve_only_when_it_had_left_is_not_here() -> None:
    """With a fix a minute some services are known late; then the home hears that it passed, not that it is here."""
    learned = profile_of(Drive(day).every(60.0).serve(SOUTH, 70.0).to(-1500.0, 0.0) for day in PAST)
    today = Drive(TODAY).every(60.0).serve(SOUTH, 70.0).to(-1500.0, 0.0)
    homes = [home(k, spot, kinds=ALL) for k, spot in enumerate(SOUTH, start=1)]
    alerts = heard(learned, homes, today)
    for alert in of(alerts, Kind.HERE):
        assert 0 <= alert.fired_ms - today.reached[SOUTH[int(alert.subscription[1:]) - 1]] <= 70_000
    assert {alert.subscription for alert in of(alerts, Kind.PASSED)} == {each.subscription for each in homes}


def test_a_home_that_asks_hears_that_the_truck_has_passed_after_it_left() -> None:
    """Once, when the truck is more than a hundred metres on; and it is of use for some hours."""
    today = usual(TODAY)
    for spot in (SOUTH[2], SOUTH[9], NORTH[9]):
        (alert,) = told(profile(), [home(1, spot, kinds=ALL)], today, kind=Kind.PASSED)["s1"]
        left_ms = today.reached[spot] + 60_000
        assert 10_000 <= alert.fired_ms - left_ms <= 60_000
        assert alert.eta_ms is None
        assert alert.useful_until_ms - alert.fired_ms >= 2 * 3_600_000


def test_a_tipping_trip_has_not_passed_the_homes_still_ahead() -> None:
    """A truck that drives along the rest of the street to tip early passes nobody there until it has been back."""
    today = Drive(TODAY).serve(SOUTH[:6]).to(*SOUTH[9], mps=10.0).to(*TIP, mps=10.0).stand(480)
    back_ms = today.at_ms
    today.serve(SOUTH[6:]).serve(NORTH)
    alerts = told(profile(), [home(k, SOUTH[k], kinds=ALL) for k in range(1, 10)], today, kind=Kind.PASSED)
    assert all(len(each) == 1 for each in alerts.values())
    for k in range(1, 10):
        assert (alerts[f"s{k}"][0].fired_ms > back_ms) is (k >= 6)
        assert alerts[f"s{k}"][0].fired_ms > today.reached[SOUTH[k]] + 60_000


def test_a_street_served_on_both_sides_is_passed_after_the_second() -> None:
    """Where past days come back to the place, only the last service of the day is the end of it; here is told once."""
    today = both_ways(TODAY)
    for spot in (SOUTH[2], SOUTH[7]):
        alerts = heard(profile(twice=True), [home(1, spot, kinds=ALL)], today)
        (passed,), (here,) = of(alerts, Kind.PASSED), of(alerts, Kind.HERE)
        last_ms = today.reached[spot]
        assert 60_000 < passed.fired_ms - last_ms <= 120_000
        assert here.fired_ms < last_ms


def test_a_second_service_that_is_left_out_is_passed_when_the_truck_has_gone_by() -> None:
    """A truck that goes home without serving the other side has passed, once it is past it for the second time."""
    today = Drive(TODAY).serve(SOUTH).to(3600.0, 0.0).to(-1500.0, 0.0, mps=9.0).stand(300)
    (alert,) = told(profile(twice=True), [home(1, SOUTH[7], kinds=ALL)], today, kind=Kind.PASSED)["s1"]
    assert alert.fired_ms > today.reached[3600.0, 0.0]


@pytest.mark.parametrize("kinds", [(), (Kind.HERE,), (Kind.PASSED,), ALL])
def test_what_was_not_asked_for_is_not_told(kinds: tuple[Kind, ...]) -> None:
    """Neighbours at one stop hear exactly the kinds that each asked for."""
    homes = [home(1, SOUTH[6], kinds=kinds), home(2, SOUTH[6], 15.0, kinds=ALL), home(3, SOUTH[6])]
    alerts = heard(profile(), homes, usual(TODAY))
    found = {name: {alert.kind for alert in alerts if alert.subscription == name} for name in ("s1", "s2", "s3")}
    assert found == {
        "s1": {Kind.APPROACHING, *kinds},
        "s2": {Kind.APPROACHING, *ALL},
        "s3": {Kind.APPROACHING},
    }


def test_a_home_is_called_once_more_when_it_was_corrected_beyond_its_lead() -> None:
    """Told, corrected to half an hour later when the truck leaves for the tip, called again ten minutes before."""
    today = tipping_early(TODAY)
    alerts = heard(now_and_then(), [home(1, SOUTH[7])], today)
    assert [(alert.kind, alert.ordinal) for alert in alerts] == [
        (Kind.APPROACHING, 1),
        (Kind.CORRECTED, 1),
        (Kind.APPROACHING, 2),
    ]
    assert minutes_before(alerts[1], today.reached[SOUTH[7]]) >= 20.0
    assert 5.0 <= minutes_before(alerts[2], today.reached[SOUTH[7]]) <= 20.0
    assert len({alert.id for alert in alerts}) == 3


def test_a_correction_waits_until_the_new_time_has_lasted() -> None:
    """Where the truck usually turns off to tip, it turns off for a minute and comes back: nobody is corrected."""
    today = Drive(TODAY).serve(SOUTH[:5]).to(1590.0, 340.0, mps=10.0).to(*SOUTH[4], mps=10.0).serve(SOUTH[5:])
    alerts = heard(now_and_then(), [home(1, SOUTH[6]), home(2, SOUTH[7])], today.serve(NORTH))
    assert [(alert.subscription, alert.kind) for alert in alerts] == [
        ("s1", Kind.APPROACHING),
        ("s2", Kind.APPROACHING),
    ]


def silent_after(stops: int) -> Drive:
    """A truck whose tracker dies after some stops."""
    return Drive(TODAY).serve(SOUTH[:stops])


def test_a_truck_that_falls_silent_is_told_to_those_who_wait() -> None:
    """Told and not yet served: no signal since then, last expected so and so; once. Others hear nothing."""
    ours = silent_after(6)
    homes = [home(1, SOUTH[2]), home(2, SOUTH[8]), home(3, NORTH[9], 10.0)]
    alerts = heard(profile(), homes, ours, yard(TODAY, "11:00"))
    (alert,) = of(alerts, Kind.DISRUPTED)
    assert alert.subscription == "s2"
    assert 8 * MINUTE_MS <= alert.fired_ms - ours.at_ms <= 9 * MINUTE_MS
    assert alert.heard_ms == ours.at_ms
    assert alert.eta_ms is not None
    assert alert.eta_low_ms is not None
    assert alert.eta_high_ms is not None
    assert alert.eta_low_ms <= alert.eta_ms < alert.eta_high_ms
    assert alert.fired_ms < alert.eta_high_ms <= alert.useful_until_ms
    assert (alert.vehicle, alert.ping) == ("17", f"17@{ours.at_ms}")


def test_a_truck_that_speaks_again_goes_on_as_if_nothing_had_been() -> None:
    """After ten silent minutes at a stop those who were told are told the silence once, and all others their truck."""
    today = Drive(TODAY).serve(SOUTH[:5]).to(*SOUTH[5])
    with today.silence(backlog=False):
        today.stand(600)
    again_ms = today.at_ms
    today.serve(SOUTH[6:8])
    with today.silence(backlog=False):
        today.stand(600)
    today.serve(SOUTH[8:]).to(*TIP, mps=10.0).stand(480).serve(NORTH)
    alerts = heard(profile(), [home(1, SOUTH[8]), home(2, NORTH[3])], today, yard(TODAY, "11:30"))
    (silent,) = of(alerts, Kind.DISRUPTED)
    assert silent.subscription == "s1"
    assert today.reached[SOUTH[5]] < silent.fired_ms < again_ms
    (north,) = (alert for alert in of(alerts, Kind.APPROACHING) if alert.subscription == "s2")
    assert 5.0 <= minutes_before(north, today.reached[NORTH[3]]) <= 20.0


def test_a_truck_in_its_depot_at_the_end_of_the_round_disrupts_nobody() -> None:
    """It is switched off, also where it left out a stop that was told; nobody hears that it is silent."""
    today = Drive(TODAY).serve(SOUTH).to(*TIP, mps=10.0).stand(480).serve(NORTH[:8]).to(-1500.0, 800.0, mps=10.0)
    homes = [home(k, spot) for k, spot in enumerate((*SOUTH, *NORTH), start=1)]
    alerts = heard(profile(), homes, today.stand(120), yard(TODAY, "13:00"))
    assert len(of(alerts, Kind.APPROACHING)) >= 18
    assert of(alerts, Kind.DISRUPTED) == []


def test_a_truck_that_has_not_begun_disrupts_nobody() -> None:
    """A truck whose tracker is switched off in the yard before its round has told nobody, and disturbs nobody."""
    before = Drive(TODAY, "08:00", at=(-1500.0, 800.0)).stand(600)
    alerts = heard(profile(), [home(1, SOUTH[3], 30.0)], before, yard(TODAY, "10:00"))
    assert alerts == []


def test_a_silent_truck_whose_round_another_serves_disrupts_nobody() -> None:
    """The usual truck breaks down and is switched off, a substitute is at work on its stops."""
    other = Drive(TODAY, "08:44", "99", at=(1200.0, 0.0)).serve(SOUTH[5:]).to(*TIP, mps=10.0).stand(480).serve(NORTH)
    alerts = heard(profile(), [home(k, spot) for k, spot in enumerate(SOUTH, start=1)], silent_after(5), other)
    assert of(alerts, Kind.DISRUPTED) == []


def test_a_silence_that_is_noticed_an_hour_later_is_no_news() -> None:
    """An engine that comes back after an outage says nothing of a truck that was silent long ago."""
    ours, later = silent_after(6), Drive(TODAY, "12:00", "42", at=(-9000.0, -9000.0)).stand(1200)
    state, book = State(), Book(CITY, Limits())
    begun: list[Event] = [ProfileChanged(0, "v"), HomesChanged(0, (home(1, SOUTH[8]),)), *ours.pings]
    assert len(run_batch(state, book, begun, {"v": profile()}).alerts) == 1
    assert run_batch(state, book, [Tick(later.at_ms), Tick(later.at_ms + MINUTE_MS)], {}).alerts == []


def test_a_muted_truck_says_nothing_of_any_kind() -> None:
    """While dispatch has muted it, neither its coming, its work nor its silence is told."""
    state, book = State(), Book(CITY, Limits())
    homes = tuple(home(k, spot, kinds=ALL) for k, spot in enumerate(SOUTH, start=1))
    ours = silent_after(6)
    muted = Word(ours.pings[0].received_ms, WordKind.MUTE, "17")
    last = Tick(ours.at_ms + 9 * MINUTE_MS)
    events: list[Event] = [ProfileChanged(0, "v"), HomesChanged(0, homes), muted, *ours.pings, last]
    assert run_batch(state, book, events, {"v": profile()}).alerts == []
