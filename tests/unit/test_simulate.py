"""A simulated day: trucks that drive and work like trucks, honest GPS and network, the truth beside them."""

from __future__ import annotations

import itertools
from datetime import date
from functools import cache

import numpy as np
import pytest
import shapely

from gomikuru import places
from gomikuru.simulate import (
    Simulation,
    Tour,
    Town,
    drive_day,
    homes,
    lively_start_ms,
    next_collection_day,
    payloads,
    read_town,
    simulate_day,
    tour_pings,
)
from gomikuru.simulation.driver import Manner, Phase, Track, roll
from gomikuru.simulation.gps import Receiver, fixes
from gomikuru.simulation.homes import Arrival, SimHome, arrivals
from gomikuru.simulation.network import DeadZone, Network, messages
from gomikuru.simulation.plan import rounds
from gomikuru.simulation.plane import Path
from ingest.decode import decode
from ingest.directory import Directory
from model.ping import Ping
from model.times import local

DAY = date(2026, 11, 26)


@cache
def town() -> Town:
    return read_town(places.sample_cities() / "sample")


@cache
def tours() -> tuple[Tour, ...]:
    return tuple(drive_day(town(), DAY, 1))


def kmh(track: Track, phase: Phase) -> np.ndarray:
    return track.speed_mps[track.phase == phase] * 3.6


def test_the_same_seed_gives_the_same_day() -> None:
    """Two simulations from one seed are equal to the last digit; another seed or day is another."""
    first, again = list(simulate_day(town(), DAY, 1)), list(simulate_day(town(), DAY, 1))
    assert first == again
    assert first[:50] != list(itertools.islice(simulate_day(town(), DAY, 2), 50))
    assert homes(town(), 50, 4) == homes(town(), 50, 4) != homes(town(), 50, 5)


def test_the_receiver_does_not_change_the_truth() -> None:
    """Another fix interval watches the same drive, and fewer trucks leave the others as they were."""
    fewer = drive_day(town(), DAY, 1, Simulation(receiver=Receiver(interval_s=30), trucks=2))
    assert [tour.round.truck.id for tour in fewer] == ["1", "2"]
    for tour, other in zip(fewer, tours(), strict=False):
        assert np.array_equal(tour.track.xy, other.track.xy)


def test_the_plan_follows_weekdays_calendar_and_trucks() -> None:
    """Thursday has the southern burnable routes and the northern plastic; Wednesdays alternate; Sunday nobody works."""
    assert {each.route.id for each in rounds(town(), DAY)} == {"burn-1", "burn-2", "burn-3", "burn-4", "plastic-north"}
    assert all(each.truck.category == each.route.category for each in rounds(town(), DAY))
    assert [(e.truck.id, e.route.id) for e in rounds(town(), date(2026, 11, 18))] == [("7", "recycle-south")]
    assert [(e.truck.id, e.route.id) for e in rounds(town(), date(2026, 11, 25))] == [("8", "recycle-north")]
    assert rounds(town(), date(2026, 11, 29)) == []
    assert next_collection_day(town(), date(2026, 11, 28)) == date(2026, 11, 30)


@pytest.mark.parametrize("tour", tours(), ids=lambda tour: tour.round.route.id)
def test_speeds_fit_what_the_truck_is_doing(tour: Tour) -> None:
    """Collecting is 5 to 12 km/h and never faster, driving mostly 25 to 45, and no second has an impossible start."""
    collecting, driving = kmh(tour.track, Phase.COLLECTING), kmh(tour.track, Phase.DRIVING)
    assert collecting.max() < 12.1
    assert 4.0 < np.median(collecting[collecting > 2]) < 12.0
    assert driving.max() < 45.1
    assert np.median(driving[driving > 2]) > 20.0
    assert np.diff(tour.track.speed_mps).max() < 1.5
    assert np.diff(tour.track.speed_mps).min() > -5.0


@pytest.mark.parametrize("tour", tours(), ids=lambda tour: tour.round.route.id)
def test_a_tour_is_a_working_day(tour: Tour) -> None:
    """Depot, route, incinerator in the middle of it, back to where it left, the rest, incinerator, depot."""
    track, path = tour.track, town().paths[tour.round.route.id]
    depot, tip = town().facility("depot"), town().facility("incinerator")
    assert np.allclose(track.xy[[0, -1]], depot)
    assert np.all(np.diff(track.t_ms) == 1000)
    order = [phase for phase, _ in itertools.groupby(track.phase.tolist())]
    assert order == [0, 1, 2, 1, 3, 1, 2, 1, 3, 1, 0]
    assert np.allclose(track.xy[track.phase == Phase.TIPPING], tip)
    served = track.route_m[track.phase == Phase.COLLECTING]
    assert not np.isnan(served).any()
    assert np.diff(served).min() >= 0.0
    assert np.diff(served).max() < 3.5
    assert served[0] < 3.5
    assert served[-1] == pytest.approx(path.length_m, abs=0.6)
    assert np.isnan(track.route_m[track.phase != Phase.COLLECTING]).all()


def test_trucks_stop_at_every_stop_for_5_to_60_seconds() -> None:
    """At each stop of a route the truck stands still, as long as loading takes."""
    track = tours()[0].track
    for spot in town().stops_m[tours()[0].round.route.id]:
        stands = int(np.count_nonzero(np.abs(track.route_m - spot) < 0.05))
        assert 5 <= stands <= 62


def test_trucks_keep_to_the_streets() -> None:
    """Driving or collecting, a truck is on a street of the town."""
    streets = shapely.multilinestrings(shapely.linestrings(town().streets.pieces().reshape(-1, 2, 2)))
    shapely.prepare(streets)
    for tour in tours():
        assert shapely.dwithin(streets, shapely.points(tour.track.xy), 3.0).all()


def test_trucks_are_about_as_punctual_as_people() -> None:
    """Each first stop is within 20 minutes of the plan, and they are not all at the same offset."""
    late = []
    for tour in tours():
        start = int(tour.track.t_ms[int(np.argmax(~np.isnan(tour.track.route_m)))])
        late.append((start - town().instant_ms(DAY, tour.round.route.stops[0].scheduled_min or 0)) / 60_000)
    assert max(map(abs, late)) < 20
    assert max(late) - min(late) > 1
    begin = lively_start_ms(tours())
    assert begin is not None
    assert local(begin, "Asia/Tokyo").hour == 8


def test_rolling_slows_for_corners_and_stops_at_the_end() -> None:
    """A second-by-second roll ends exactly at the end, and passes corners at corner speed."""
    s = roll(500.0, np.array([250.0]), np.array([12.0, 12.0]), 4.0)
    v = np.diff(s, prepend=0.0)
    assert s[-1] == 500.0
    assert v.max() == pytest.approx(12.0)
    assert v[int(np.searchsorted(s, 250.0))] < 5.5
    assert v[-1] < 2.0


def test_fixes_are_metres_off_and_jump_sometimes() -> None:
    """The error is a few metres and wanders slowly; multipath jumps are rare, far, and mostly known to the tracker."""
    found = fixes(tours()[0].track, Receiver(), np.random.default_rng(5))
    off = np.hypot(*(found.xy - found.true_xy).T)
    assert 1.5 < np.median(off) < 6.0
    jumped = off > 18
    assert 0.0005 < jumped.mean() < 0.02
    assert found.accuracy_m[jumped].mean() > found.accuracy_m[~jumped].mean() + 8
    step = (found.xy - found.true_xy)[~jumped]
    assert np.corrcoef(step[:-1, 0], step[1:, 0])[0, 1] > 0.6


@pytest.mark.parametrize("interval", [1.0, 5.0, 60.0])
def test_fixes_come_at_their_interval_and_a_few_are_lost(interval: float) -> None:
    """Fixes are whole intervals apart; about one in a hundred is missing."""
    found = fixes(tours()[0].track, Receiver(interval_s=interval, lost_chance=0.02), np.random.default_rng(5))
    steps = np.diff(found.t_ms) / (interval * 1000)
    assert np.array_equal(steps, steps.round())
    assert steps.min() == 1
    if interval < 60:
        assert 1.01 < steps.mean() < 1.03


def test_a_dead_zone_holds_fixes_back_and_lets_them_go_in_order() -> None:
    """In a dead zone nothing is sent; afterwards one burst of arrays, oldest first, then the live fix."""
    found = fixes(tours()[0].track, Receiver(lost_chance=0), np.random.default_rng(5))
    middle = len(found.t_ms) // 2
    zone = DeadZone(*found.true_xy[middle].tolist(), 150.0)
    network = Network(outages_per_h=0.0, backlog_most=7)
    sent = messages(found, [zone], network, np.random.default_rng(5))
    assert [k for message in sent for k in message.fixes] == list(range(len(found.t_ms)))
    inside = np.hypot(*(found.true_xy - found.true_xy[middle]).T) < 150.0
    for message in sent:
        assert message.sent_ms > found.t_ms[message.fixes[-1]]
        if not inside[list(message.fixes)].any():
            assert len(message.fixes) == 1
            assert message.sent_ms - found.t_ms[message.fixes[0]] < 2_000
    burst = [message for message in sent if len(message.fixes) > 1]
    assert burst
    assert max(len(message.fixes) for message in burst) == 7
    assert all(one.sent_ms < other.sent_ms for one, other in itertools.pairwise(sent))


def test_a_day_has_backlogs_and_no_fix_is_sent_twice() -> None:
    """The day's stream is ordered by sending, holds bursts, and each (truck, fix time) once."""
    pings = list(simulate_day(town(), DAY, 1))
    assert all(one.sent_ms <= other.sent_ms for one, other in itertools.pairwise(pings))
    assert len({(ping.truck, ping.fix_ms) for ping in pings}) == len(pings) > 10_000
    late = [ping for ping in pings if ping.sent_ms - ping.fix_ms > 30_000]
    assert 0.001 < len(late) / len(pings) < 0.3
    assert all(ping.sent_ms > ping.fix_ms for ping in pings)


def test_ingest_accepts_every_payload() -> None:
    """What the simulator says is the native dialect: every payload is read back as the pings that it holds."""
    directory = Directory.of([town().city])
    pings = list(simulate_day(town(), DAY, 1, Simulation(trucks=2)))
    read = []
    for payload in payloads("sample", pings):
        read += decode(payload.topic, payload.body, False, payload.sent_ms, directory)
    assert all(isinstance(each, Ping) for each in read)
    assert [(p.truck, p.fix_ms, p.lat, p.lon, p.received_ms) for p in read if isinstance(p, Ping)] == [
        (ping.truck, ping.fix_ms, ping.lat, ping.lon, ping.sent_ms) for ping in pings
    ]
    assert read[500].speed_mps == pings[500].speed_mps
    assert read[500].heading_deg == pings[500].heading_deg
    assert read[500].accuracy_m == pings[500].accuracy_m


def test_an_arrival_is_the_first_second_within_50_m_on_the_pass_that_serves() -> None:
    """At its arrival the collecting truck comes within 50 m of the home's serving point, and passes it soon after."""
    wanted = homes(town(), 400, 9)
    found = arrivals(town(), tours(), wanted)
    assert len({each.home for each in found}) == len(found) > 80
    by_truck = {tour.round.truck.id: tour for tour in tours()}
    for each in found:
        tour, home = by_truck[each.truck], wanted[each.home]
        assert home.category == tour.round.route.category
        track, path = tour.track, town().paths[tour.round.route.id]
        place = shapely.points(town().plane.to_xy([(home.lon, home.lat)])[0])
        line = shapely.linestrings(path.xy)
        serving = np.array(shapely.line_interpolate_point(line, shapely.line_locate_point(line, place)).coords[0])
        now = int(np.searchsorted(track.t_ms, each.at_ms))
        off = np.hypot(*(track.xy - serving).T)
        assert track.phase[now] == Phase.COLLECTING
        assert off[now] <= 50.0
        assert off[now - 1] > 50.0 or track.leg[now - 1] != track.leg[now]
        assert off[now : now + 1200].min() < 3.5


def test_driving_past_is_no_arrival() -> None:
    """A truck that only drives by, or passes on the other side of its route first, does not arrive."""
    straight = Path(np.array([[0.0, 0.0], [1000.0, 0.0]]))
    route = tours()[0].round.route
    east, west = np.arange(0.0, 1001.0, 10.0), np.arange(1000.0, -1.0, -10.0)
    x = np.concatenate([west, east])
    phase = np.repeat([Phase.DRIVING, Phase.COLLECTING], [len(west), len(east)]).astype(np.uint8)
    served = np.where(phase == Phase.COLLECTING, x, np.nan)
    t = 1000 * np.arange(len(x), dtype=np.int64)
    track = Track(t, np.column_stack([x, 0 * x]), 0 * x, phase, served, phase.astype(np.int32))

    class OneStreet(Town):
        def __init__(self) -> None:
            self.plane, self.routes = town().plane, {route.id: route}
            self.paths = {route.id: straight}

    lon, lat = town().plane.to_lonlat(np.array([[500.0, 20.0]]))[0]
    tour = Tour(tours()[0].round, track)
    assert arrivals(OneStreet(), [tour], [SimHome(lat, lon, "burnable")]) == [Arrival(0, "1", int(t[len(west) + 45]))]
    assert arrivals(OneStreet(), [tour], [SimHome(lat, lon, "plastic")]) == []


def test_a_town_without_streets_file_or_facilities_still_drives() -> None:
    """A real city's folder has no streets.geojson and may name no depot: trucks use the routes' own lines."""
    whole = town()
    bare = Town(type(whole.city)("bare", "裸", "Asia/Tokyo", trucks=whole.city.trucks[:1]), [whole.routes["burn-1"]])
    (tour,) = drive_day(bare, DAY, 1)
    assert np.allclose(tour.track.xy[0], bare.paths["burn-1"].xy[0])
    assert Phase.TIPPING not in tour.track.phase
    assert len(homes(bare, 30, 1)) == 30
    assert len(list(tour_pings(bare, [tour], DAY, 1, Simulation()))) > 1000


def test_manners_change_the_day() -> None:
    """The driver model is a setting: a crew that never waits is home earlier."""
    calm = Manner(wait_chance=1.0, punctuality_s=0.0, pace_spread=0.0)
    hasty = Manner(wait_chance=0.0, punctuality_s=0.0, pace_spread=0.0)
    ends = [drive_day(town(), DAY, 1, Simulation(manner=m, trucks=1))[0].track.t_ms[-1] for m in (calm, hasty)]
    assert ends[0] > ends[1]
