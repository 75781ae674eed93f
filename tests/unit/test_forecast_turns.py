"""A stop that is served at noon and again in the evening: two places at one spot, each told of by itself."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import msgspec
import numpy as np
import pytest

from geofence.batch import run_batch
from geofence.book import Book
from geofence.expecting import Expected, Stage, expected, soonest
from geofence.forecast.hours import Hours, all_day, spots_of
from geofence.forecast.learn import learn
from geofence.forecast.profile import BadProfile, decode_profile, encode_profile
from geofence.forecast.recorded import Recording
from geofence.forecast.timetable import Plan, PlannedStop
from geofence.forecast.turns import hours_between
from geofence.forecaster import Forecaster
from geofence.foretold import Foretold
from geofence.limits import Limits
from geofence.serving import places_serving
from geofence.state import State
from gomikuru.evaluation.truth import arrivals_at, served
from gomikuru.predictions import Prediction, Predictions, soonest_of
from gomikuru.replay import Twin
from model.alert import Alert, Kind
from model.event import HomesChanged, ProfileChanged
from model.ping import Ping
from tests.support.rounds import (
    CITY,
    Drive,
    heard,
    home,
    minutes_before,
    place,
    profile_of,
    told,
    weekdays,
    yard,
    zone_home,
    zones_document,
)

STREET = [(300.0 * k, 0.0) for k in range(1, 11)]
*PAST, TODAY = weekdays(7)
STOP = STREET[7]
Reached = dict[tuple[float, float], int]


def twice(day: date, seconds: float = 60.0, late_s: float = 0.0) -> tuple[Drive, Reached, Reached]:
    """The street at noon, a rest of some four hours, the street again; when each stop was reached, by turn."""
    drive = Drive(day, "12:00").serve(STREET, seconds)
    noon = dict(drive.reached)
    drive.to(-1500.0, 0.0).every(20.0).stand(14_400.0 + late_s).every(5.0)
    drive.serve(STREET, seconds).to(-1500.0, 0.0)
    return drive, noon, drive.reached


@lru_cache(maxsize=1)
def profile() -> bytes:
    """What six such days teach."""
    return profile_of(twice(day, 50.0 + 5.0 * k, 120.0 * k)[0] for k, day in enumerate(PAST))


@lru_cache(maxsize=1)
def today() -> tuple[Drive, Reached, Reached]:
    return twice(TODAY)


def spot_of(forecaster: Forecaster, spot: tuple[float, float]) -> list[int]:
    """The places that serve a home, in the order of their hours."""
    lat, lon = place(*spot)
    first = int(places_serving(np.array([lat]), np.array([lon]), forecaster.profile)[0])
    return forecaster.guide.library.spots.at(first).tolist()


@pytest.mark.parametrize(
    ("visits", "between"),
    [
        ([(12.0, 18.0)] * 4, [15.0]),
        ([(9.0, 13.0, 18.0)] * 4, [11.0, 15.5]),
        ([(12.0, 18.0), (12.0,), (18.0,), (12.1, 18.1)], [15.05]),
        ([(12.0,), (18.0,), (12.0,), (18.0,)], []),  # now at noon, now in the evening, but once a day
        ([(12.0, 18.0), (12.0,), (12.0,), (12.0,)], []),  # seldom twice
        ([(12.0, 12.5)] * 4, []),  # too close: one service, or the two sides of a street
        ([(9.0 + 0.7 * k, 18.0 - 0.7 * k) for k in range(7)], []),  # no hour that parts them
        ([(12.0, 18.0)], [15.0]),  # all that is known is one day
        ([], []),
    ],
)
def test_hours_part_a_place_where_most_days_came_before_and_after(
    visits: list[tuple[float, ...]], between: list[float]
) -> None:
    """Each day of `visits` came at these hours."""
    rows = [(day, 3_600.0 * hour) for day, hours in enumerate(visits) for hour in hours]
    day, at_s = np.array(rows).reshape(-1, 2).T
    assert [each / 3_600.0 for each in hours_between(day.astype(np.int64), at_s)] == pytest.approx(between)


def test_a_home_hears_at_noon_and_in_the_evening_each_in_time() -> None:
    """Two alerts of two runs, neither a second call nor a correction of the other."""
    drive, noon, evening = today()
    first, second = told(profile(), [home(1, STOP)], drive)["s1"]
    assert 5.0 <= minutes_before(first, noon[STOP]) <= 20.0
    assert 5.0 <= minutes_before(second, evening[STOP]) <= 20.0
    assert (first.run, second.run) == ("learned:17/1", "learned:17/2")
    assert first.ordinal == second.ordinal == 1
    assert first.id != second.id
    assert told(profile(), [home(1, STOP)], drive, kind=Kind.CORRECTED) == {"s1": []}


def test_a_truck_that_comes_at_noon_only_is_told_at_noon_only() -> None:
    drive = Drive(TODAY, "12:00").serve(STREET).to(-1500.0, 0.0).every(20.0).stand(14_400.0)
    (alert,) = told(profile(), [home(1, STOP)], drive)["s1"]
    assert alert.run == "learned:17/1"


def test_a_noon_that_was_left_out_is_no_evening() -> None:
    """A truck that first comes in the evening is told in the evening, once, as that service."""
    drive = Drive(TODAY, "17:10", at=(-1500.0, 0.0)).serve(STREET)
    (alert,) = told(profile(), [home(1, STOP)], drive)["s1"]
    assert 5.0 <= minutes_before(alert, drive.reached[STOP]) <= 20.0
    assert alert.run == "learned:17/2"


def test_here_and_passed_are_told_at_each_service() -> None:
    """At noon the truck has passed, though it comes back in the evening."""
    drive, noon, evening = today()
    wanting = [home(1, STOP, kinds=(Kind.HERE, Kind.PASSED))]
    alerts = heard(profile(), wanting, drive)
    here, passed = ([alert for alert in alerts if alert.kind is kind] for kind in (Kind.HERE, Kind.PASSED))
    for told_at in (here, passed):
        assert [alert.run for alert in told_at] == ["learned:17/1", "learned:17/2"]
        for alert, reached_ms in zip(told_at, (noon[STOP], evening[STOP]), strict=True):
            assert 0 <= alert.fired_ms - reached_ms <= 300_000


def test_a_home_known_by_its_zone_hears_twice() -> None:
    drive, noon, evening = today()
    zones = zones_document({"east": (1950.0, -100.0, 3150.0, 100.0)})
    first, second = told(profile(), [zone_home(1, "east")], drive, zones=zones)["s1"]
    assert 5.0 <= minutes_before(first, noon[STREET[6]]) <= 20.0
    assert 5.0 <= minutes_before(second, evening[STREET[6]]) <= 20.0
    assert (first.run, second.run) == ("learned:17/1", "learned:17/2")


def silent_in_the_evening(homes: list[tuple[float, float]]) -> list[Alert]:
    drive = Drive(TODAY, "12:00").serve(STREET).to(-1500.0, 0.0).every(20.0).stand(14_400.0).every(5.0)
    drive.serve(STREET[:4])
    zones = zones_document({"east": (1950.0, -100.0, 3150.0, 100.0)})
    wanting = [*(home(k, spot) for k, spot in enumerate(homes, start=1)), zone_home(9, "east")]
    alerts = heard(profile(), wanting, drive, yard(TODAY, "18:00"), zones=zones)
    return [alert for alert in alerts if alert.kind is Kind.DISRUPTED]


def test_a_truck_that_falls_silent_in_the_evening_is_told_to_who_was_told_in_the_evening() -> None:
    """Though both homes, and the zone, were served at noon."""
    alerts = silent_in_the_evening([STREET[2], STREET[6]])
    assert [(alert.subscription, alert.run) for alert in alerts] == [("s2", "learned:17/2"), ("s9", "learned:17/2")]


def test_a_home_that_subscribes_after_the_evenings_call_is_told_of_the_evening() -> None:
    """Its place was foretold to others on both turns; what still applies is told at once."""
    drive, _, evening = today()
    joined_ms = evening[STREET[6]]

    def before(ping: Ping) -> bool:
        return ping.received_ms <= joined_ms

    twin = Twin(CITY)
    twin.profile(profile(), 0)
    twin.homes([home(1, STOP)], 0)
    assert len(list(twin.play(ping for ping in drive.pings if before(ping)))) == 2
    twin.homes([home(2, STOP)], joined_ms)
    (alert,) = twin.play(ping for ping in drive.pings if not before(ping))
    assert (alert.subscription, alert.run) == ("s2", "learned:17/2")
    assert alert.fired_ms - joined_ms <= 30_000


def test_the_page_of_a_home_that_was_served_at_noon_awaits_the_evening() -> None:
    """Served, and then on its way again, with a window when it is near."""
    forecaster = Forecaster(decode_profile(profile()), "v")
    drive, noon, evening = today()
    rows = np.array(spot_of(forecaster, STOP))

    def after(at_ms: int) -> Expected:
        state, limits = State(), Limits()
        pings = [ping for ping in drive.pings if ping.received_ms <= at_ms]
        run_batch(state, Book(CITY, limits), [ProfileChanged(0, "v"), *pings], {"v": profile()})
        return expected(state.trucks, forecaster, CITY, limits.manner, at_ms, limits.silence_ms)

    served_once = after(noon[STOP] + 300_000)
    assert served_once.stage[rows].tolist() == [Stage.SERVED, Stage.ON_ITS_WAY]
    assert soonest(served_once, rows) == rows[1]
    near = after(evening[STREET[5]])
    assert near.stage[rows].tolist() == [Stage.SERVED, Stage.WINDOW]
    assert near.low_ms[rows[1]] <= evening[STOP] <= near.high_ms[rows[1]]
    over = after(evening[STOP] + 300_000)
    assert over.stage[rows].tolist() == [Stage.SERVED, Stage.SERVED]


def test_each_service_is_foretold_and_only_the_next_one_of_a_spot() -> None:
    """Rows of predictions.csv: before noon for noon, before the evening for the evening, one at a time."""
    drive, noon, evening = today()
    twin, homes, rows = Twin(CITY), [home(1, STOP)], list[Prediction]()
    twin.profile(profile(), 0)
    twin.homes(homes, 0)
    list(twin.play_foretelling(drive.pings, Predictions(homes), rows.append))
    for begins_ms, arrives_ms in ((drive.pings[0].fix_ms, noon[STOP]), (noon[STOP] + 1, evening[STOP])):
        of_turn = [row for row in rows if begins_ms <= row.made_ms < arrives_ms]
        assert len(of_turn) >= 10
        assert np.median([abs(row.eta_ms - arrives_ms) for row in of_turn]) < 180_000
    assert not [row for row in rows if row.made_ms > evening[STOP]]
    assert soonest_of(np.array([3, 5, 3, 5]), np.array([20, 10, 15, 30])).tolist() == [1, 2]


def test_what_really_happened_counts_both_services() -> None:
    """The truth that a city judges its trial by has an arrival at noon and one in the evening."""
    known = decode_profile(profile())
    drive, noon, evening = today()
    recording = Recording(CITY)
    recording.add(drive.pings)
    homes = [home(1, STOP)]
    found = arrivals_at(homes, served(known, recording.days(known.stretch), CITY), known, CITY)
    assert found.resident.tolist() == [0, 0]
    assert np.abs(np.sort(found.at_ms) - [noon[STOP], evening[STOP]]).max() < 60_000


def test_hours_are_kept_in_the_profile() -> None:
    known = decode_profile(profile())
    assert known.hours is not None
    again = decode_profile(encode_profile(known))
    assert again.hours is not None
    for name in ("from_s", "until_s"):
        assert getattr(again.hours, name).tolist() == getattr(known.hours, name).tolist()
    spots = known.spots()
    for stop in STREET:
        places = spot_of(Forecaster(known, "v"), stop)
        assert spots.turn[places].tolist() == [0, 1]
        assert known.hours.until_s[places[0]] == known.hours.from_s[places[1]]
        assert all(each < known.stops for each in places)


def test_a_profile_of_before_hours_serves_at_any_hour_and_a_broken_one_is_refused() -> None:
    known = msgspec.structs.replace(decode_profile(profile()), hours=None)
    assert decode_profile(encode_profile(known)).library().hours.covers(np.array([0]), 1e5).all()
    odd = msgspec.structs.replace(known, hours=all_day(len(known.place_x) + 1))
    with pytest.raises(BadProfile, match="hours"):
        decode_profile(encode_profile(odd))


def test_who_was_told_in_the_evening_is_found_again_there_in_another_profile() -> None:
    """By the hour that was told: under other numbers, and where one of the two profiles knows no hours."""
    known = decode_profile(profile())
    assert known.hours is not None
    turned = {name: getattr(known, name)[::-1] for name in ("place_x", "place_y", "strength")}
    hours = Hours(known.hours.from_s[::-1], known.hours.until_s[::-1])
    profiles = {
        "known": known,
        "turned": msgspec.structs.replace(known, **turned, hours=hours, stops=len(known.place_x)),
        "plain": msgspec.structs.replace(known, hours=None),
    }
    documents = {name: encode_profile(each) for name, each in profiles.items()}
    at = {name: spot_of(Forecaster(each, name), STOP) for name, each in profiles.items()}
    _, noon, evening = today()
    for before, after in (("known", "turned"), ("known", "plain"), ("plain", "known")):
        for turn, eta_ms in enumerate((noon[STOP], evening[STOP])):
            book, state = Book(CITY, Limits()), State()
            run_batch(state, book, [ProfileChanged(0, before)], documents)
            foretold = state.foretold["2026-11-10/learned:17/1"] = Foretold()
            foretold.tell(at[before][min(turn, len(at[before]) - 1)], 10.0, eta_ms)
            run_batch(state, book, [ProfileChanged(0, after)], documents)
            expected_at = at[after][0] if after == "plain" else at[after][turn]
            assert [said.place for said in foretold] == [expected_at], (before, after, turn)


def test_a_route_that_is_driven_twice_a_day_is_told_twice() -> None:
    """One route, named, at noon and in the evening: no second call, and no correction of what was never told."""
    drive, noon, evening = today()
    pings = [msgspec.structs.replace(ping, route="A") for ping in drive.pings]
    twin = Twin(CITY)
    twin.profile(profile(), 0)
    twin.homes([home(1, STOP)], 0)
    first, second = twin.play(pings)
    assert (first.run, second.run) == ("route:A/1", "route:A/2")
    assert (first.kind, second.kind) == (Kind.APPROACHING, Kind.APPROACHING)
    assert 5.0 <= minutes_before(first, noon[STOP]) <= 20.0
    assert 5.0 <= minutes_before(second, evening[STOP]) <= 20.0


def test_a_noon_that_was_left_out_does_not_hide_the_evening_on_the_page() -> None:
    """Its hours are over: nothing is to be expected of it any more."""
    forecaster, limits, state = Forecaster(decode_profile(profile()), "v"), Limits(), State()
    rows = np.array(spot_of(forecaster, STOP))
    drive = Drive(TODAY, "17:10", at=(-1500.0, 0.0)).serve(STREET)
    run_batch(state, Book(CITY, limits), [ProfileChanged(0, "v"), *drive.pings], {"v": profile()})
    found = expected(state.trucks, forecaster, CITY, limits.manner, drive.at_ms, limits.silence_ms)
    assert found.stage[rows].tolist() == [Stage.NOTHING, Stage.SERVED]
    assert soonest(found, rows) == rows[1]


def test_a_yard_is_a_depot_at_midday_too() -> None:
    """Days begin and end there; that trucks also come back at midday makes no stop of it."""
    yard_at = (-1500.0, 0.0)

    def day(k: int) -> Drive:
        drive = Drive(PAST[k], "11:00", at=yard_at).stand(40.0).serve(STREET, 50.0 + 5.0 * k)
        drive.to(*yard_at).stand(100.0).to(-1500.0, 2500.0).every(20.0).stand(7_200.0).every(5.0)
        return drive.to(*yard_at).stand(100.0).to(-1500.0, 2500.0).stand(7_200.0).serve(STREET).to(*yard_at).stand(40.0)

    forecaster = Forecaster(decode_profile(profile_of(day(k) for k in range(len(PAST)))), "v")
    here = spot_of(forecaster, yard_at)
    assert len(here) == 3
    assert not forecaster.guide.library.regular[here].any()


def test_a_home_that_comes_reopens_both_services_of_its_spot() -> None:
    book, state = Book(CITY, Limits()), State()
    documents = {"v": profile()}
    run_batch(state, book, [ProfileChanged(0, "v"), HomesChanged(0, (home(1, STOP),))], documents)
    places = book.foretold_at(1)
    assert len(places) == 2
    assert [[each.number for each in book.minutes.at(place, 10.0)] for place in places] == [[1], [1]]
    foretold = state.foretold["2026-11-02/learned:17/1"] = Foretold()
    for each in places:
        foretold.tell(each, 10.0, 1_000)
    run_batch(state, book, [HomesChanged(0, (home(2, STOP),))], documents)
    assert [foretold.has(each, 10.0) for each in places] == [False, False]


def test_two_planned_routes_of_one_date_past_the_same_stops_are_two_services() -> None:
    """A timetable alone: the noon route and the evening route make places with hours, for whoever drives both."""
    x, y = np.array([0.0, 3300.0]), np.zeros(2)

    def plan(route: str, hour: float) -> Plan:
        stops = tuple(PlannedStop(sx, sy, 3_600.0 * hour + 100.0 * k, 60.0) for k, (sx, sy) in enumerate(STREET))
        return Plan(route, (0, 1, 2, 3, 4), x, y, stops)

    known = learn([], 1.0, plans=[plan("noon", 12.0), plan("evening", 17.0)])
    spots = spots_of(known.place_x, known.place_y, known.hours or all_day(0))
    at = np.flatnonzero(np.hypot(known.place_x - STOP[0], known.place_y - STOP[1]) < 20.0)
    assert spots.turn[at].tolist() == [0, 1]
