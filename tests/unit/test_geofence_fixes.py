"""Which fixes count: repeats, order, backlogs, jumps, accuracy."""

from __future__ import annotations

import random

from geofence.limits import Limits
from geofence.track import Fix, Track, Verdict, follow
from tests.support.truckline import START_MS, Town, Truckline, at_s, fix, late, zone

LIMITS = Limits()


def verdicts(*fixes: tuple[float, float], track: Track | None = None) -> list[Verdict]:
    """Follow fixes given as (s, metres east)."""
    track, found = track or Track(), []
    for when_s, east in fixes:
        track, _, verdict = follow(track, Fix(round(when_s * 1000), east, 0.0), None, 1.0, LIMITS)
        found.append(verdict)
    return found


def test_the_same_fix_again_changes_nothing() -> None:
    """Each ping delivered twice, at once or some later, gives the alerts of once."""
    pings = Truckline().collect(east=1200).pings()
    once, twice, echo = Town(), Town(), Town()
    for town in (once, twice, echo):
        for east in range(200, 1100, 60):
            town.home(f"h{east}", east=east)
    once.play(pings)
    twice.play(ping for ping in pings for _ in range(2))
    echo.play(ping for k in range(len(pings)) for ping in (pings[k], pings[max(0, k - 7)]))
    assert once.alerts == twice.alerts == echo.alerts
    assert len(once.alerts) == 15
    assert twice.verdicts.count("duplicate") == len(pings)


def test_fixes_that_overtake_each_other_by_seconds_are_put_in_order() -> None:
    """Fixes shuffled within nine seconds tell the same households."""
    pings = Truckline().collect(east=1500).pings(every_s=2)
    chance = random.Random(5)
    shuffled = sorted(pings, key=lambda ping: ping.fix_ms + chance.uniform(0, 4500))
    in_order, mixed = Town(), Town()
    for town in (in_order, mixed):
        for east in range(200, 1400, 40):
            town.home(f"h{east}", east=east, north=east % 90 - 45.0, lead=150)
    in_order.play(pings)
    mixed.play(shuffled)
    assert mixed.verdicts.count("reordered") > 50
    assert sorted(mixed.told()) == sorted(in_order.told())
    assert len(mixed.told()) == 30


def test_a_fix_that_comes_late_within_seconds_still_bends_the_path() -> None:
    """The way is swept from the fix before it, through it, and through all that came after it."""
    track = Track()
    for when_s, east in ((0, 0.0), (4, 40.0), (8, 80.0)):
        track, _, _ = follow(track, Fix(when_s * 1000, east, 0.0), None, 1.0, LIMITS)
    track, move, verdict = follow(track, Fix(2000, 20.0, 30.0), None, 1.0, LIMITS)
    assert verdict is Verdict.REORDERED
    assert move is not None
    assert move.legs == ((0.0, 0.0, 20.0, 30.0), (20.0, 30.0, 40.0, 0.0), (40.0, 0.0, 80.0, 0.0))
    assert track.last == Fix(8000, 80.0, 0.0)


def test_a_fix_thrown_off_is_not_made_sure_by_an_overtaken_one() -> None:
    """A noise fix inside a lead, followed by an older good fix, is still a single fix inside."""
    town = Town()
    town.home("sato", east=600, north=10, lead=100)
    pings = Truckline().collect(east=460).pings()
    last_s = (pings[-1].fix_ms - START_MS) / 1000
    town.play([*pings, fix(last_s + 8, 540), fix(last_s + 4, 461), fix(last_s + 6, 462), fix(last_s + 12, 463)])
    assert town.told() == []
    assert town.verdicts.count("reordered") == 2


def test_a_fix_older_than_the_window_of_order_is_left_out() -> None:
    """Eleven seconds behind is out of order; nine is put in order."""
    assert verdicts((0, 0), (20, 10), (40, 20), (29, 15), (31, 15))[3:] == [Verdict.OUT_OF_ORDER, Verdict.REORDERED]


def test_a_backlog_newest_first_is_history() -> None:
    """A truck that comes out of a dead zone and uploads its day backwards tells nobody about the past."""
    town = Town()
    for east in range(200, 2800, 100):
        town.home(f"h{east}", east=east)
    pings = Truckline().collect(east=2600).pings()
    now_s = (pings[-1].fix_ms - START_MS) / 1000
    backlog = [late(ping, now_s - (ping.fix_ms - START_MS) / 1000) for ping in reversed(pings)]
    town.play(backlog)
    assert set(town.told()) <= {"h2500", "h2600", "h2700"}
    assert town.verdicts.count("late") > 100


def test_hours_old_fixes_between_live_ones_change_nothing() -> None:
    """A second radio that delivers the morning's fixes at noon does not move the truck back."""
    pings = Truckline().collect(east=1500).pings()
    plain, mixed = Town(), Town()
    for town in (plain, mixed):
        for east in range(200, 1400, 50):
            town.home(f"h{east}", east=east)
    plain.play(pings)
    mixed.play(p for k, ping in enumerate(pings) for p in (ping, late(fix(-7200.0 + k, 1000 - k), 7200)))
    assert mixed.alerts == plain.alerts


def test_a_jump_that_no_truck_could_drive_crosses_nothing() -> None:
    """Three kilometres in five seconds and back: what lies between and there is not told."""
    town = Town()
    for east in range(1800, 4200, 100):
        town.home(f"h{east}", east=east, lead=300)
    pings = Truckline().collect(east=1200).pings()
    pings[100] = fix((pings[100].fix_ms - START_MS) / 1000, 3900)
    pings[103] = fix((pings[103].fix_ms - START_MS) / 1000, 3900)
    town.play(pings)
    assert town.told() == []
    assert town.verdicts.count("jump") == 2


def test_a_truck_that_moved_unseen_is_believed_after_three_fixes_that_agree() -> None:
    """It does not stay frozen at the old place, and its way between tells nobody."""
    assert verdicts((0, 0), (5, 10), (10, 90_000), (15, 90_010), (20, 90_020), (25, 90_030)) == [
        Verdict.MATCHED,
        Verdict.MATCHED,
        Verdict.JUMP,
        Verdict.JUMP,
        Verdict.REACQUIRED,
        Verdict.MATCHED,
    ]


def test_wild_fixes_that_do_not_agree_are_never_believed() -> None:
    """Noise all over the country moves no truck; the true place is taken up at once."""
    wild = [(float(k), 50_000.0 * (k % 7 + 1)) for k in range(2, 40)]
    found = verdicts((0, 0), (1, 5), *wild, (40, 100))
    assert set(found[2:-1]) == {Verdict.JUMP}
    assert found[-1] is Verdict.MATCHED


def test_a_clock_that_steps_back_does_not_slip_through_the_speed_gate() -> None:
    """A fix before the last one in time and far away is refused, whatever its sign makes of the speed."""
    assert verdicts((0, 0), (10, 20), (20, 40), (15, 5_000)) == [*[Verdict.MATCHED] * 3, Verdict.JUMP]


def test_a_retrograde_clock_for_minutes_is_out_of_order_not_motion() -> None:
    """A tracker whose clock went back is not listened to until it has caught up."""
    assert verdicts((1000, 0), (1010, 20), (900, 40), (905, 60), (1020, 40))[2:] == [
        Verdict.OUT_OF_ORDER,
        Verdict.OUT_OF_ORDER,
        Verdict.MATCHED,
    ]


def test_a_duplicate_is_known_though_others_came_between() -> None:
    """Not only the last fix is compared; the repeat may stand at another place."""
    assert verdicts((0, 0), (5, 10), (8, 15), (5, 11))[-1] is Verdict.DUPLICATE


def test_a_doubted_fix_delivered_again_is_no_agreement() -> None:
    """Three copies of one impossible fix do not make it true."""
    assert verdicts((0, 0), (5, 90_000), (5, 90_000), (5, 90_000))[1:] == [Verdict.JUMP, *[Verdict.DUPLICATE] * 2]


def test_a_fix_of_useless_accuracy_is_left_out() -> None:
    """Beyond half a kilometre of accuracy nothing is decided, and the truck is not moved."""
    town = Town()
    town.home("sato", east=900, lead=300)
    pings = Truckline().collect(east=500).pings()
    last_s = (pings[-1].fix_ms - START_MS) / 1000
    town.play([*pings, *(fix(last_s + 5 * k, 800, accuracy_m=900.0) for k in range(1, 6))])
    assert town.told() == []
    assert town.verdicts.count("inaccurate") == 5


def test_a_coarse_fix_does_not_confirm_a_home_whose_lead_is_narrower() -> None:
    """Once within a lead of 150 m by a good fix, fixes of 300 m accuracy do not make it sure."""
    town = Town()
    town.home("sato", east=600, lead=150)
    pings = Truckline().collect(east=445).pings()
    last_s = (pings[-1].fix_ms - START_MS) / 1000
    town.play([*pings, fix(last_s + 5, 452), *(fix(last_s + 6 + k, 460, accuracy_m=300.0) for k in range(4))])
    assert town.told() == []


def test_a_coarse_fix_may_decide_for_a_lead_that_is_wider() -> None:
    """Fixes of 300 m accuracy decide for a lead of 400 m, and do not for one of 200 m."""
    town = Town()
    town.home("wide", east=800, lead=400)
    town.home("narrow", east=600, lead=200)
    pings = Truckline().collect(east=380).pings()
    last_s = (pings[-1].fix_ms - START_MS) / 1000
    town.play([*pings, *(fix(last_s + 5 * k, 420 + k, accuracy_m=300.0) for k in range(1, 4))])
    assert town.told() == ["wide"]


def test_coarse_fixes_where_no_truck_could_be_tell_nobody() -> None:
    """Four fixes of 300 m accuracy, nine kilometres away within five seconds, alert neither a zone nor a home there."""
    town = Town(zone("far", 8_000, -1_000, 10_000, 1_000))
    town.resident_of("by-zone", "far")
    town.home("by-metres", east=9_000, lead=800)
    pings = Truckline().collect(east=400).pings()
    last_s = (pings[-1].fix_ms - START_MS) / 1000
    town.play([*pings, *(fix(last_s + k, 9_000 + k, accuracy_m=300.0) for k in range(2, 6))])
    assert town.told() == []
    assert town.verdicts.count("jump") == 4


def test_a_coarse_fix_may_be_off_by_its_own_accuracy() -> None:
    """Three hundred metres away within five seconds is no jump for a fix of 300 m accuracy, but five hundred are."""
    track, _, _ = follow(Track(), Fix(0, 0.0, 0.0), None, 1.0, LIMITS)
    found = [follow(track, Fix(5_000, east, 0.0), 300.0, 1.0, LIMITS)[2] for east in (300.0, 470.0, 500.0)]
    assert found == [Verdict.COARSE, Verdict.COARSE, Verdict.JUMP]


def test_a_long_row_of_coarse_fixes_does_not_make_the_truck_forget_where_it_is() -> None:
    """After fifty coarse fixes an impossible place is still impossible."""
    track = Track()
    for k in range(3):
        track, _, _ = follow(track, Fix(k * 1000, k * 3.0, 0.0), None, 1.0, LIMITS)
    for k in range(3, 53):
        track, _, verdict = follow(track, Fix(k * 1000, 6.0, 0.0), 200.0, 1.0, LIMITS)
        assert verdict is Verdict.COARSE
    assert track.last == Fix(2000, 6.0, 0.0)
    assert follow(track, Fix(53_000, 90_000.0, 0.0), None, 1.0, LIMITS)[2] is Verdict.JUMP


def test_after_a_long_silence_the_way_between_is_not_assumed() -> None:
    """Five minutes of silence: nobody along the straight line is told, only who is near now."""
    town = Town()
    town.home("between", east=1500, lead=200)
    town.home("now", east=2500, lead=200)
    pings = Truckline().collect(east=600).pings()
    later = Truckline(east=2350, begin_s=(pings[-1].fix_ms - START_MS) / 1000 + 300).collect(east=120)
    town.play([*pings, *later.pings()])
    assert town.told() == ["now"]


def test_the_memory_of_fixes_is_bounded() -> None:
    """Whatever comes, a track remembers a few dozen fixes."""
    chance = random.Random(3)
    track = Track()
    for k in range(5000):
        when = k * 50 + chance.randrange(-3000, 3000)
        accuracy = chance.choice([None, 5.0, 200.0, 900.0])
        track, _, _ = follow(track, Fix(when, chance.gauss(0, 3), 0.0), accuracy, 1.0, LIMITS)
        assert len(track.fixes) <= 64
        assert len(track.suspects) <= 3
        assert len(track.path) <= 6
        assert [seen.at_ms for seen in track.fixes] == sorted(seen.at_ms for seen in track.fixes)


def test_an_alert_fires_when_the_ping_was_received() -> None:
    """The instant of an alert is the receipt of the ping that decided it, and names that ping."""
    town = Town()
    town.home("sato", east=600)
    pings = Truckline().collect(east=900).pings(delay_s=1.7)
    (alert,) = town.play(pings)
    assert alert.fired_ms in {ping.received_ms for ping in pings}
    assert alert.ping in {ping.id for ping in pings}
    assert at_s(alert) == 301.7
