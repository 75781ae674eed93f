"""What went wrong for others (lines 16 to 27 of the lessons), each kept from happening here. Pure engine only."""

from __future__ import annotations

from itertools import pairwise

from model.event import HomesChanged
from model.ping import Ping
from model.subscription import Home, MetresLead, Pin
from tests.support.truckline import START_MS, Town, Truckline, fix, late, place, zone

STREET = range(200, 1400, 60)


def street(*zones: dict[str, object], batch: int = 7) -> Town:
    town = Town(*zones, batch=batch)
    for east in STREET:
        town.home(f"h{east}", east=east, north=25)
    return town


def work() -> list[Ping]:
    return Truckline().collect(east=1500).pings()


def names() -> list[str]:
    return [f"h{east}" for east in STREET]


def test_16_jitter_and_a_50_m_jump_do_not_repeat_enter_and_exit() -> None:
    """traccar#2189, #3609: in and out of a zone by noise, for an hour, is one alert."""
    town = street(zone("east", 500, -200, 900, 200))
    town.resident_of("sato", "east")
    line = Truckline().collect(east=495).stop(900).collect(east=15).stop(900)
    pings = line.pings(every_s=2, noise_m=7)
    pings[300] = fix((pings[300].fix_ms - START_MS) / 1000, 545)
    town.play(pings)
    assert town.told().count("sato") == 1
    assert len(town.told()) == len(set(town.told()))


def test_17_a_backlog_hours_late_or_newest_first_raises_nothing_and_loses_nothing() -> None:
    """traccar#4417, #6015: a backlog between the live fixes changes no alert of the live ones."""
    plain, mixed = street(), street()
    plain.play(work())
    yesterday = [late(fix(-3600.0 + 5 * k, 1500 - 8 * k), 3600.0) for k in range(150)][::-1]
    live = work()
    mixed.play([*live[:60], *yesterday, *live[60:]])
    assert mixed.alerts == plain.alerts
    assert sorted(plain.told()) == sorted(names())


def test_18_a_negative_time_step_does_not_slip_through_the_speed_filter() -> None:
    """traccar#3640: a fix far away with an earlier time alerts nobody there."""
    town = street()
    town.home("far", east=3000)
    pings = work()[:60]
    last_s = (pings[-1].fix_ms - START_MS) / 1000
    town.play([*pings, fix(last_s - 3, 2900), fix(last_s - 4, 2910), fix(last_s - 6, 2920)])
    assert "far" not in town.told()


def test_18_a_truck_that_moved_while_offline_is_not_frozen_for_ever() -> None:
    """traccar PR#5695, #6007: carried over the city, it is believed after three fixes that agree, and works on."""
    town = street()
    carried = Truckline(east=60_000, begin_s=0).collect(east=100).pings()
    town.play(carried)
    begin_s = (carried[-1].fix_ms - START_MS) / 1000 + 5
    town.play(Truckline(begin_s=begin_s).collect(east=1500).pings())
    assert town.verdicts.count("jump") == 2
    assert town.verdicts.count("reacquired") == 1
    assert sorted(town.told()) == sorted(names())


def test_19_a_duplicate_is_known_by_truck_and_time_not_by_the_last_point() -> None:
    """traccar#4735: a fix repeated after another one, at another place, changes nothing; another truck's does."""
    plain, echoed = street(), street()
    plain.play(work())
    pings = work()
    echo = [p for k, ping in enumerate(pings) for p in ([ping, pings[k - 1]] if k else [ping])]
    echoed.play(echo)
    assert echoed.alerts == plain.alerts
    assert echoed.verdicts.count("duplicate") == len(pings) - 1
    town = Town()
    town.play([fix(0, 0, truck="17"), fix(0, 0, truck="18")])
    assert town.verdicts == ["matched", "matched"]


def test_20_already_inside_when_the_window_opens_counts() -> None:
    """traccar#3897: inside the zone, and within the lead, before work begins: told when it begins."""
    town = Town(zone("east", -500, -200, 3000, 200))
    town.resident_of("sato", "east")
    town.home("suzuki", east=1500, lead=1000)
    town.play(Truckline().drive(east=900, speed=11).collect(east=300).pings())
    assert sorted(town.told()) == ["sato", "suzuki"]


def test_21_sparse_fixes_do_not_skip_a_fence() -> None:
    """traccar PR#4316: a zone 80 m wide and a lead of 100 m between two fixes a minute apart are both met."""
    town = Town(zone("narrow", 990, -200, 1070, 200))
    town.resident_of("sato", "narrow")
    town.home("suzuki", east=1030, north=60, lead=100)
    town.play(fix(60.0 * k, 130.0 * k + 40) for k in range(12))
    assert sorted(town.told()) == ["sato", "suzuki"]


def test_22_a_batch_makes_no_five_alerts_of_one() -> None:
    """geopulse#436: one batch with everything five times in it tells everybody once."""
    town = street(batch=10_000)
    town.play(ping for ping in work() for _ in range(5))
    assert sorted(town.told()) == sorted(names())


def test_23_time_that_passes_sends_no_flood() -> None:
    """tile38#635, #374: days of ticks with a truck in the zone say nothing; the next round is told once each."""
    town = street(zone("east", 500, -200, 1900, 200))
    town.resident_of("sato", "east")
    town.play(work())
    before = len(town.alerts)
    assert before == len(STREET) + 1, "the first round is told to whoever lives along it, and to the zone"
    for _ in range(3 * 24 * 6):
        town.tick(600)
    assert len(town.alerts) == before
    later_s = (town.now_ms - START_MS) / 1000 + 60
    town.play(Truckline(begin_s=later_s).collect(east=1500).pings())
    assert len(town.alerts) == 2 * before


def test_25_the_latest_fix_counts_not_the_last_received() -> None:
    """owntracks/recorder#313: after fixes that arrive out of order the truck is where the newest fix says."""
    town = Town()
    town.play([fix(0, 0), fix(10, 60), fix(5, 30), fix(-60, 500)])
    last = town.state.truck("17").track.last
    assert last is not None
    assert last.at_ms == START_MS + 10_000


def test_25_the_same_fix_twice_is_one_and_good_data_is_not_dropped() -> None:
    """owntracks/android#1928, #839: a repeat is dropped, and no fix that is merely accurate, old or slow is."""
    town = Town()
    pings = Truckline().collect(east=300).pings(accuracy_m=3.0)
    town.play([*pings, pings[-1]])
    assert town.verdicts.count("matched") == len(pings)
    assert town.verdicts.count("duplicate") == 1


def test_26_worse_accuracy_never_makes_entering_easier() -> None:
    """HA#175663: the same fixes with bad accuracy tell nobody more than with good accuracy."""
    gap = (zone("west", -400, -200, 300, 200), zone("east", 372, -200, 1000, 200))
    told: list[set[str]] = []
    for accuracy_m in (5.0, 90.0, 150.0, 450.0, 900.0):
        town = street(*gap)
        for name in ("west", "east"):
            town.resident_of(name, name)
        pings = Truckline().collect(east=336).pings()
        last_s = (pings[-1].fix_ms - START_MS) / 1000
        town.play([*pings, *(fix(last_s + 5 * k, 336 + k % 2 * 30, accuracy_m=accuracy_m) for k in range(1, 40))])
        told.append(set(town.told()))
    assert all(worse <= better for better, worse in pairwise(told))
    assert "east" not in told[0]


def test_27_a_parked_vehicle_is_matched_to_nothing_far_away() -> None:
    """TheTransitClock#29: a truck parked all day, noise and all, tells nobody near or 10 km away."""
    town = street()
    town.home("far", east=10_500)
    town.home("near", east=60)
    assert town.play(Truckline().stop(6 * 3600).pings(every_s=15, noise_m=6)) == []


def test_27_a_truck_that_reverses_is_still_coming() -> None:
    """valhalla#4208: backing up 30 m again and again on its way, it tells everybody ahead once, in time."""
    town = street()
    line = Truckline()
    for _ in range(18):
        line.collect(east=110).drive(east=-30, speed=1.5).stop(15)
    town.play(line.pings())
    assert sorted(town.told()) == sorted(names())


def test_numbers_of_thousands_at_one_address_are_all_told_in_one_ping() -> None:
    """A tower of five thousand subscribers is told at once, each once."""
    town = Town()
    lat, lon = place(600, 20)
    tower = tuple(Home(k, f"t{k}", Pin(lat, lon), MetresLead(200.0)) for k in range(1, 5001))
    town._run([HomesChanged(town.now_ms, tower)])
    town.play(Truckline().collect(east=700).pings())
    assert len(town.told()) == len(set(town.told())) == 5000
    assert len({alert.fired_ms for alert in town.alerts}) == 1
