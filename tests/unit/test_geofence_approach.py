"""The metres lead: who is told that a truck comes near, when, and who is not."""

from __future__ import annotations

import pytest

from geofence.limits import Limits
from model.event import WordKind
from tests.support.truckline import START_MS, Town, Truckline, at_s, fix


def closest_s(line: Truckline, east: float, north: float = 0.0) -> float:
    """Tell when a line first comes within 50 m of a place: the arrival."""
    when = 0.0
    while when < line.now_s:
        x, y = line.where(when)
        if (x - east) ** 2 + (y - north) ** 2 <= 50.0**2:
            return when
        when += 0.5
    raise AssertionError("the line never arrives")


def test_a_collecting_truck_that_comes_near_is_told_once_and_in_time() -> None:
    """One alert, after the truck is within the lead and well before it arrives."""
    town = Town()
    town.home("sato", east=700, north=20, lead=200)
    line = Truckline().collect(east=1400)
    (alert,) = town.play(line.pings())
    x, y = line.where(at_s(alert))
    assert 150 <= ((x - 700) ** 2 + (y - 20) ** 2) ** 0.5 <= 202
    assert closest_s(line, 700, 20) - at_s(alert) > 60
    assert (alert.vehicle, alert.category, alert.route, alert.service_day) == ("17", "burnable", "A", "2026-11-24")
    assert alert.useful_until_ms > alert.fired_ms > START_MS


def test_a_truck_that_drives_by_tells_nobody() -> None:
    """At 40 km/h without stops nobody is told."""
    town = Town()
    town.home("sato", east=700, north=20)
    assert town.play(Truckline().drive(east=3000, speed=11).pings()) == []


def test_a_truck_that_drives_to_work_tells_only_where_it_works() -> None:
    """Along one way the drive tells nobody, the collecting does."""
    town = Town()
    town.home("drive", east=1000)
    town.home("work", east=3000)
    town.play(Truckline().drive(east=2600, speed=11).collect(east=600).pings())
    assert town.told() == ["work"]


def test_a_truck_that_leaves_the_depot_tells_nobody() -> None:
    """A truck that warms up, rolls slowly over the yard and drives off is not collecting."""
    town = Town()
    town.home("neighbour", east=80, north=40)
    line = Truckline().stop(900).drive(east=30, speed=1.5).stop(20).drive(east=2000, speed=11)
    assert town.play(line.pings(noise_m=2.5)) == []


def test_red_lights_do_not_look_like_work() -> None:
    """A drive with a red light every 400 m tells nobody."""
    town = Town()
    for east in range(300, 3000, 300):
        town.home(f"h{east}", east=east, north=30)
    line = Truckline()
    for _ in range(8):
        line.drive(east=400, speed=12).stop(45)
    assert town.play(line.pings(noise_m=1.5)) == []


def test_a_truck_that_begins_to_collect_inside_the_reach_is_told() -> None:
    """The state counts and not the edge: it crossed the lead's border driving, and then begins to work."""
    town = Town()
    town.home("sato", east=2700, lead=500)
    (alert,) = town.play(Truckline().drive(east=2350, speed=11).collect(east=400).pings())
    assert alert.subscription == "sato"


def test_a_truck_that_says_it_begins_to_collect_is_told_at_once() -> None:
    """From the second fix on after its word, without another hundred metres."""
    town = Town()
    town.home("sato", east=1000, lead=500)
    drive = Truckline().drive(east=700, speed=11).pings(collecting=False)
    begin_s = (drive[-1].fix_ms - START_MS) / 1000
    town.play([*drive, *(fix(begin_s + 5 * k, 700 + 6 * k, collecting=True) for k in range(1, 4))])
    assert town.told() == ["sato"]


def test_a_truck_that_moves_away_is_not_coming() -> None:
    """A truck that begins to collect beside the home and leaves it behind tells nobody there."""
    town = Town()
    town.home("behind", east=-40, lead=300)
    assert town.play(Truckline().collect(east=800).pings()) == []


def test_a_truck_that_turns_round_is_told_when_it_comes_back() -> None:
    """Passed over while it moved away, the home is told once the truck has turned, though it never left the reach."""
    for lead in (300, 900):
        town = Town()
        town.home("behind", east=-100, lead=lead)
        away = Truckline().collect(east=500)
        turned_s = away.now_s
        (alert,) = town.play(away.collect(east=-600).pings())
        assert at_s(alert) > turned_s
        x, _ = away.where(at_s(alert))
        assert x >= 60, "told with half of the way still to go"


def test_a_truck_that_turns_round_within_the_reach_is_told() -> None:
    """It never left the lead, so nothing is newly reached: the surroundings are weighed anew every hundred metres."""
    town = Town()
    town.home("behind", east=-150, lead=600)
    away = Truckline().collect(east=300)
    turned_s = away.now_s
    (alert,) = town.play(away.collect(east=-500).pings())
    assert at_s(alert) > turned_s
    assert away.where(at_s(alert))[0] >= 100


def test_jitter_at_the_border_tells_once() -> None:
    """A truck at work right at the border of a lead, its fixes jumping in and out, tells once at most."""
    town = Town()
    town.home("sato", east=700, lead=200)
    line = Truckline().collect(east=498).stop(400).collect(east=10).stop(300).collect(east=400)
    assert len(town.play(line.pings(every_s=1, noise_m=5))) == 1


def test_a_fix_that_wobbles_over_the_edge_of_the_lead_still_confirms() -> None:
    """One fix inside and the next a few metres outside again, as noise does it, are two fixes that agree."""
    town = Town()
    town.home("sato", east=700, lead=200)
    pings = Truckline().collect(east=490).pings()
    last_s = (pings[-1].fix_ms - START_MS) / 1000
    town.play([*pings, fix(last_s + 5, 503)])
    assert town.told() == []
    town.play([fix(last_s + 10, 494)])
    assert town.told() == ["sato"]


@pytest.mark.parametrize("jump_m", [50, 500])
def test_one_jump_of_the_noise_tells_nobody(jump_m: float) -> None:
    """One fix that lies 50 or 500 m off, on a truck that stays elsewhere, decides nothing."""
    town = Town()
    town.home("sato", east=400, north=200 + jump_m - 10, lead=200)
    pings = Truckline().collect(east=800).pings(collecting=True)
    middle = next(k for k, ping in enumerate(pings) if ping.lon > pings[0].lon + 0.0043)
    when_s = (pings[middle].fix_ms - START_MS) / 1000
    pings[middle] = fix(when_s, 400, jump_m, collecting=True)
    assert town.play(pings) == []


def test_sparse_fixes_are_still_in_time_and_never_after_the_truck_has_left() -> None:
    """With a fix a minute, all along a street are told, no one later than the truck's arrival by more than a fix."""
    town = Town()
    line = Truckline().collect(east=3000)
    for east in range(500, 2800, 100):
        town.home(f"h{east}", east=east, north=25, lead=300)
    alerts = {alert.subscription: at_s(alert) for alert in town.play(line.pings(every_s=60))}
    assert len(alerts) == 23
    for name, fired_s in alerts.items():
        assert fired_s < closest_s(line, float(name[1:]), 25), name


def test_a_truck_that_went_by_between_two_sparse_fixes_far_beyond_the_home_tells_nobody() -> None:
    """A home that one long leg passed and left far behind is not invited out after the truck."""
    town = Town(limits=Limits())
    town.home("passed", east=1150, north=10, lead=100)
    pings = [fix(60.0 * k, 80.0 * k, collecting=True) for k in range(13)]
    pings += [fix(60.0 * 13 + 50, 1600, collecting=True), fix(60.0 * 14 + 50, 1680, collecting=True)]
    assert town.play(pings) == []


def test_only_those_who_wait_for_this_waste_are_told() -> None:
    """Category filters hold; no category means every one."""
    town = Town()
    town.home("burnable", east=600, categories=["burnable"])
    town.home("plastic", east=600, categories=["plastic"])
    town.home("both", east=600, categories=["plastic", "burnable"])
    town.home("any", east=600)
    town.play(Truckline("17").collect(east=800).pings())
    assert sorted(town.told()) == ["any", "both", "burnable"]
    town.play(Truckline("21", begin_s=1000).collect(east=800).pings())
    assert sorted(town.told()[3:]) == ["any", "both", "plastic"]


def test_a_truck_of_no_category_is_told_to_all() -> None:
    """Where nobody knows what the truck takes, everybody is told."""
    town = Town()
    town.home("plastic", east=600, categories=["plastic"])
    assert len(town.play(Truckline("40").collect(east=800).pings())) == 1


def test_who_subscribes_while_the_truck_is_near_is_told() -> None:
    """A subscription added in the middle of a run is weighed at once."""
    town = Town()
    pings = Truckline().collect(east=1200).pings()
    half = len(pings) // 2
    town.play(pings[:half])
    town.home("ahead", east=750, lead=300)
    town.home("behind", east=200, lead=500)
    town.play(pings[half : half + 4])
    assert town.told() == ["ahead"]


def test_who_subscribes_beside_a_truck_that_stands_is_told() -> None:
    """It need not move for a change to be weighed: the next two fixes at the same place suffice."""
    town = Town()
    line = Truckline().collect(east=600).stop(60)
    pings = line.pings()
    town.play(pings[:-6])
    town.home("ahead", east=750, lead=300)
    town.play(pings[-6:])
    assert town.told() == ["ahead"]


def test_a_truck_that_begins_to_collect_where_it_stands_is_told() -> None:
    """It drove in, stands, and its crew presses the button: nothing was newly reached, and the state counts."""
    town = Town()
    town.home("sato", east=1000, lead=300)
    driving = Truckline().drive(east=900, speed=9).stop(30).pings(collecting=False)
    last_s = (driving[-1].fix_ms - START_MS) / 1000
    town.play(driving)
    assert town.told() == []
    town.play(fix(last_s + 5 * k, 900, collecting=True) for k in (1, 2, 3))
    assert town.told() == ["sato"]


def test_who_lengthens_the_lead_is_weighed_again() -> None:
    """A changed lead takes force in the middle of a run, once."""
    town = Town()
    town.home("sato", east=1000, lead=100)
    pings = Truckline().collect(east=1200).pings()
    half = len(pings) // 2
    town.play(pings[:half])
    assert town.told() == []
    town.home("sato", east=1000, lead=600)
    town.play(pings[half : half + 4])
    assert town.told() == ["sato"]
    town.home("sato", east=1000, lead=500)
    town.play(pings[half + 4 :])
    assert town.told() == ["sato"]


def test_who_moved_house_is_told_at_the_new_place_only() -> None:
    """A changed home is found where it is now."""
    town = Town()
    town.home("sato", east=600)
    town.home("sato", east=2600)
    pings = Truckline().collect(east=1200).pings()
    assert town.play(pings) == []
    assert len(town.play(Truckline("18", east=2000, begin_s=2000).collect(east=600).pings())) == 1


def test_who_unsubscribed_is_not_told() -> None:
    """A removed subscription is silent, also right beside the truck's path."""
    town = Town()
    town.home("sato", east=600)
    town.home("suzuki", east=600, north=0.5)
    town.leave("sato")
    town.play(Truckline().collect(east=1200).pings())
    assert town.told() == ["suzuki"]


def test_the_record_of_who_was_told_forgets_who_is_gone() -> None:
    """Everything about a removed subscription is removed, its told bit too."""
    town = Town()
    town.home("sato", east=600)
    number = town.numbers["sato"]
    town.play(Truckline().collect(east=700).pings())
    (told,) = town.state.told.values()
    assert told.has(number)
    town.leave("sato")
    assert not told.has(number)
    puts, _ = town.state.puts()
    assert not any(any(data) for name, data in puts.items() if name.startswith("told/"))


def test_a_muted_truck_tells_nobody_until_it_is_heard_again() -> None:
    """Dispatch's word silences a truck; unmuted inside the reach it is told."""
    town = Town()
    town.home("sato", east=600, lead=300)
    pings = Truckline().collect(east=560).pings()
    town.say(WordKind.MUTE)
    town.play(pings[:-6])
    assert town.told() == []
    town.say(WordKind.UNMUTE)
    town.play(pings[-6:])
    assert town.told() == ["sato"]


def test_the_trackers_own_word_on_collecting_counts() -> None:
    """A truck that says that it collects is believed at once; one that says that it does not, too."""
    town = Town()
    town.home("sato", east=1000)
    town.play(Truckline().drive(east=2000, speed=9).pings(collecting=True))
    assert town.told() == ["sato"]
    silent = Town()
    silent.home("sato", east=600)
    assert silent.play(Truckline().collect(east=1200).pings(collecting=False)) == []
