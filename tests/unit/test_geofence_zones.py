"""The zone lead: when a truck counts as having entered a zone, and when it does not."""

from __future__ import annotations

import tracemalloc
from random import Random
from typing import Any

from shapely import LineString

from geofence.files import read_zones
from geofence.geometry import project
from geofence.limits import Limits
from geofence.zones import MANY_CELLS, ZoneBook
from model.event import WordKind
from tests.support.truckline import Town, Truckline, at_s, fix, place, zone, zones_file

EAST = zone("east", 300, -200, 900, 200)


def test_a_collecting_truck_that_enters_a_zone_is_told_to_its_residents_once() -> None:
    """Residents by zone and by place within it are told soon after the border, others not."""
    town = Town(EAST)
    town.resident_of("by-name", "east")
    town.resident_at("by-place", 500, 100)
    town.resident_at("outside", 1000, 0)
    line = Truckline().collect(east=1200)
    alerts = town.play(line.pings())
    assert sorted(town.told()) == ["by-name", "by-place"]
    assert {alert.zone for alert in alerts} == {"east"}
    assert all(300 <= line.where(at_s(alert))[0] <= 340 for alert in alerts)


def test_a_truck_that_crosses_a_zone_without_collecting_tells_nobody() -> None:
    """On the way to the depot nobody is told."""
    town = Town(EAST)
    town.resident_of("sato", "east")
    assert town.play(Truckline().drive(east=2000, speed=11).pings()) == []


def test_a_truck_that_begins_to_collect_within_a_zone_is_told() -> None:
    """It drove in, and then begins to work: the state counts."""
    town = Town(zone("east", 300, -200, 1500, 200))
    town.resident_of("sato", "east")
    line = Truckline().drive(east=800, speed=11)
    began_s = line.now_s
    (alert,) = town.play(line.collect(east=500).pings())
    assert at_s(alert) > began_s


def test_work_on_the_main_road_beside_a_zone_does_not_announce_it() -> None:
    """A truck that collects along a street 15 m outside of the border, with noise, is not in the zone."""
    town = Town(zone("north", -500, 15, 2000, 400))
    town.resident_of("sato", "north")
    assert town.play(Truckline().collect(east=1200).pings(every_s=2, noise_m=5)) == []


def test_zones_72_m_apart_do_not_flap() -> None:
    """Between two zones, with bad fixes now and then, each is told once and only when it was entered."""
    west, east = zone("west", -400, -200, 300, 200), zone("east", 372, -200, 1000, 200)
    town = Town(west, east)
    for name in ("west", "east"):
        town.resident_of(name, name)
    line = Truckline().collect(east=336).stop(600)
    pings = line.pings(noise_m=6)
    pings = [
        fix((ping.fix_ms - pings[0].fix_ms) / 1000, 380 if k % 2 else 290, accuracy_m=90.0) if k % 9 == 8 else ping
        for k, ping in enumerate(pings)
    ]
    town.play(pings)
    assert town.told() == ["west"]
    town.play(Truckline(begin_s=line.now_s + 5, east=336).collect(east=400).pings(noise_m=6))
    assert town.told() == ["west", "east"]


def test_jitter_across_a_border_tells_once() -> None:
    """A truck that works along the border itself, its fixes falling on both sides, tells once at most."""
    town = Town(zone("north", -500, 0, 2000, 400))
    town.resident_of("sato", "north")
    town.play(Truckline().collect(east=1200).pings(every_s=1, noise_m=6))
    assert len(town.told()) <= 1


def test_a_truck_that_wobbles_between_the_two_boundaries_of_a_zone_has_not_left_it() -> None:
    """At work a few metres outside of the border that it entered by, it is still there for who subscribes now."""
    town = Town(zone("north", -500, 0, 2000, 400))
    pings = Truckline(north=30).collect(east=400).pings()
    last_s = (pings[-1].fix_ms - pings[0].fix_ms) / 1000
    town.play([*pings, *(fix(last_s + 5 * k, 400 + 3 * k, -12) for k in range(1, 5))])
    town.resident_of("sato", "north")
    town.play([fix(last_s + 25, 415, -12), fix(last_s + 30, 418, -12)])
    assert town.told() == ["sato"]
    town.play(fix(last_s + 35 + 5 * k, 420, -60) for k in range(3))
    town.resident_of("suzuki", "north")
    town.play(fix(last_s + 50 + 5 * k, 421 + k, -60) for k in range(3))
    assert town.told() == ["sato"]


def test_one_fix_thrown_into_a_zone_does_not_announce_it() -> None:
    """A single fix 60 m inside is noise until a second one agrees."""
    town = Town(zone("north", -500, 30, 2000, 400))
    town.resident_of("sato", "north")
    pings = Truckline().collect(east=1200).pings(collecting=True)
    thrown = fix((pings[40].fix_ms - pings[0].fix_ms) / 1000, 290, 90, collecting=True)
    assert town.play([*pings[:40], thrown, *pings[41:]]) == []
    begin_s = (pings[-1].fix_ms - pings[0].fix_ms) / 1000
    town.play(fix(begin_s + 5 * k, 1200, 60, collecting=True) for k in range(1, 4))
    assert town.told() == ["sato"]


def test_a_zone_that_lies_between_two_sparse_fixes_was_crossed() -> None:
    """With a fix a minute a zone of 100 m, entered and left between two fixes, is announced."""
    town = Town(zone("narrow", 1010, -200, 1110, 200))
    town.resident_of("sato", "narrow")
    pings = [fix(60.0 * k, 150.0 * k) for k in range(12)]
    assert [ping.fix_ms for ping in pings][7] == pings[0].fix_ms + 420_000
    (alert,) = town.play(pings)
    assert at_s(alert) < 60 * 8 + 1


def test_a_fix_coarser_than_the_zone_decides_nothing() -> None:
    """A zone 150 m wide is not entered by fixes of 200 m accuracy; a zone 600 m wide is."""
    small, large = zone("small", 300, -75, 450, 75), zone("large", 300, -300, 1200, 300)
    for drawn, expected in ((small, []), (large, ["sato"])):
        town = Town(drawn)
        town.resident_of("sato", drawn["properties"]["id"])
        pings = Truckline().collect(east=200).pings()
        last_s = (pings[-1].fix_ms - pings[0].fix_ms) / 1000
        pings += [fix(last_s + 10 * k, 370, accuracy_m=200.0) for k in range(1, 5)]
        town.play(pings)
        assert town.told() == expected


def test_a_zone_of_other_waste_is_not_announced() -> None:
    """A zone's own categories hold, and the resident's."""
    town = Town(zone("plastic-only", 300, -200, 900, 200, "plastic"), zone("all", 1000, -200, 1500, 200))
    town.resident_of("sato", "plastic-only")
    town.resident_of("suzuki", "all", ["plastic"])
    town.resident_of("takada", "all", ["burnable"])
    town.play(Truckline("17").collect(east=1600).pings())
    assert town.told() == ["takada"]
    town.play(Truckline("21", begin_s=3000).collect(east=1600).pings())
    assert town.told() == ["takada", "sato", "suzuki"]


def test_zones_that_change_during_a_run_take_force_at_once() -> None:
    """A zone drawn round a truck at work is announced; one taken away is not."""
    town = Town(EAST)
    town.resident_of("sato", "west")
    town.resident_of("suzuki", "east")
    pings = Truckline().collect(east=1200).pings()
    third = len(pings) // 6
    town.play(pings[:third])
    assert town.told() == []
    town.draw(zone("west", -100, -200, 600, 200))
    town.play(pings[third:])
    assert town.told() == ["sato"]


def test_who_subscribes_to_the_zone_where_the_truck_works_is_told() -> None:
    """Somebody who subscribes in the middle of a visit is told once, and nobody else again."""
    town = Town(EAST)
    town.resident_of("early", "east")
    pings = Truckline().collect(east=800).pings()
    town.play(pings[:-20])
    town.resident_of("new", "east")
    town.play(pings[-20:])
    assert town.told() == ["early", "new"]


def test_a_truck_that_leaves_the_zone_and_comes_back_is_not_told_twice() -> None:
    """Twice in the zone in one run is one alert."""
    town = Town(EAST)
    town.resident_of("sato", "east")
    town.play(Truckline().collect(east=600).collect(east=-600).collect(east=600).pings())
    assert town.told() == ["sato"]


def test_a_truck_that_never_left_the_zone_is_told_again_on_the_next_service_day() -> None:
    """A tracker that speaks all night from a yard within the zone does not silence the next day."""
    town = Town(EAST)
    town.resident_of("sato", "east")
    line = Truckline().collect(east=600).stop(24 * 3600 - 1200).collect(east=200)
    town.play(line.pings(every_s=30))
    assert town.told() == ["sato", "sato"]
    assert [alert.service_day for alert in town.alerts] == ["2026-11-24", "2026-11-25"]


def test_dispatchs_new_run_reaches_every_truck_of_the_service() -> None:
    """When 17's service begins anew, 18, which stands in the zone on the same route, tells its residents too."""
    town = Town(EAST)
    town.resident_of("sato", "east")
    pings = Truckline("18").collect(east=700).pings()
    town.play(pings[:-20])
    town.say(WordKind.NEW_RUN, "17")
    town.play(pings[-20:])
    assert [alert.run for alert in town.alerts] == ["route:A/1", "route:A/2"]


def test_a_zone_with_a_hole_is_not_entered_through_the_hole() -> None:
    """Work within the hole of a zone is outside of it."""
    ring = EAST["geometry"]["coordinates"][0]
    hole = zone("hole", 400, -100, 800, 100)["geometry"]["coordinates"][0]
    holed = EAST | {"geometry": {"type": "Polygon", "coordinates": [ring, hole[::-1]]}}
    town = Town(holed)
    town.resident_of("sato", "east")
    town.play(Truckline(east=450).collect(east=300).pings())
    assert town.told() == []


def test_a_leg_across_the_globe_costs_no_more_memory_than_its_zones() -> None:
    """The cells under a leg are not listed: those of 200 km would be 60 MB, and those of the globe 400 GB."""
    book = _book(EAST)
    x, y = project(*place(600))
    assert _peak(book, (x - 200_000, y - 200_000, x, y)) < 1_000_000
    assert _peak(book, (-x, -y, x, y)) < 1_000_000
    assert [fence.zone.id for fence in book.near((-x, -y, x, y))] == ["east"]
    assert book.near((-x, -y, x / 2, y / 2)) == []


def test_long_and_short_legs_find_every_zone_that_they_touch() -> None:
    """Whichever way the zones are asked, none that a leg runs through is left out."""
    chance = Random(4)
    zones = [zone(f"z{k}", 900 * k - 9_000, 700 * k - 7_000, 900 * k - 8_300, 700 * k - 6_500) for k in range(20)]
    book = _book(*zones)
    many = 0
    for _ in range(300):
        far = chance.choice([200.0, 3_000.0, 40_000.0])
        (x0, y0), (x1, y1) = (project(*place(chance.gauss(0, far), chance.gauss(0, far))) for _ in range(2))
        many += abs(x1 - x0) * abs(y1 - y0) > MANY_CELLS * 250.0**2
        found = {fence.zone.id for fence in book.near((x0, y0, x1, y1))}
        line = LineString([(x0, y0), (x1, y1)])
        assert {name for name, fence in book.fences.items() if fence.outer.intersects(line)} <= found
    assert many > 20


def _peak(book: ZoneBook, leg: tuple[float, float, float, float]) -> int:
    """Measure the bytes that a look for the zones near a leg takes at most."""
    tracemalloc.start()
    try:
        book.near(leg)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _book(*zones: dict[str, Any]) -> ZoneBook:
    return ZoneBook(read_zones(zones_file(*zones))[0], Limits())
