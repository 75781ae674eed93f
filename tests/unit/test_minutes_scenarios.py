"""What a resident with a lead in minutes lives through, each a short timeline of a truck and the alerts that follow."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from gomikuru.replay import Twin
from model.alert import Kind
from tests.support.rounds import (
    CITY,
    MONDAY,
    Drive,
    home,
    instant_ms,
    minutes_before,
    place,
    profile_of,
    told,
    weekdays,
)

SOUTH = [(300.0 * k, 0.0) for k in range(1, 11)]
NORTH = [(300.0 * k, 800.0) for k in range(10, 0, -1)]
TIP = (3000.0, 6000.0)
TODAY = weekdays(9)[-1]
"""Eight days were seen before this one."""


def usual(day: date, seconds: float = 60.0, start: str = "08:30", truck: str = "17") -> Drive:
    """The south street, the tip, the north street, the depot."""
    drive = Drive(day, start, truck).serve(SOUTH, seconds).to(*TIP, mps=10.0).stand(480)
    return drive.serve(NORTH, seconds).to(-1500.0, 800.0, mps=10.0).stand(60)


@lru_cache(maxsize=1)
def profile() -> bytes:
    """What eight usual days teach."""
    return profile_of(usual(day, 50.0 + 6.0 * (k % 4)) for k, day in enumerate(weekdays(8)))


def test_a_usual_day_tells_each_home_once_and_in_time() -> None:
    """On a day like the others every home hears of the truck once, between half and twice its lead before it comes."""
    today = usual(TODAY)
    spots = [SOUTH[6], SOUTH[9], NORTH[3], NORTH[9]]
    alerts = told(profile(), [home(k, spot) for k, spot in enumerate(spots, start=1)], today)
    for k, spot in enumerate(spots, start=1):
        (alert,) = alerts[f"s{k}"]
        assert 5.0 <= minutes_before(alert, today.reached[spot]) <= 20.0, spot
        assert alert.eta_ms is not None
        assert abs(alert.eta_ms - today.reached[spot]) < 180_000, spot
        assert (alert.eta_low_ms or 0) <= alert.eta_ms <= (alert.eta_high_ms or 0)


def test_each_lead_from_five_to_thirty_minutes_is_kept() -> None:
    """Homes at one stop with other leads hear at other times, the longer lead first."""
    today = usual(TODAY)
    homes = [home(k, NORTH[8], lead) for k, lead in enumerate((5.0, 10.0, 15.0, 30.0), start=1)]
    alerts = told(profile(), homes, today)
    before = [minutes_before(alerts[f"s{k}"][0], today.reached[NORTH[8]]) for k in (1, 2, 3, 4)]
    assert before == sorted(before)
    for lead, minutes in zip((5.0, 10.0, 15.0, 30.0), before, strict=True):
        assert lead / 2 <= minutes <= 2 * lead


def test_a_tipping_trip_in_the_middle_of_the_round_passes_nobody_over() -> None:
    """A truck that goes to tip early has not left the homes ahead: they are told once more when it is back."""
    today = Drive(TODAY).serve(SOUTH[:6]).to(*TIP, mps=10.0).stand(480).serve(SOUTH[6:]).serve(NORTH)
    alerts = told(profile(), [home(1, SOUTH[9]), home(2, NORTH[7])], today)
    first, second = alerts["s1"]
    assert minutes_before(first, today.reached[SOUTH[9]]) > 20.0
    assert 3.0 <= minutes_before(second, today.reached[SOUTH[9]]) <= 20.0
    assert second.eta_ms is not None
    assert abs(second.eta_ms - today.reached[SOUTH[9]]) < 120_000
    (ahead,) = alerts["s2"]
    assert 5.0 <= minutes_before(ahead, today.reached[NORTH[7]]) <= 20.0


def test_a_truck_that_only_drives_by_on_the_main_road_tells_nobody() -> None:
    """A truck that passes along the street's far side at speed, and turns off, is not coming."""
    today = Drive(TODAY, at=(-2000.0, 400.0)).to(5000.0, 400.0, mps=14.0).to(5000.0, 3000.0, mps=14.0)
    assert told(profile(), [home(1, SOUTH[9]), home(2, NORTH[3])], today) == {"s1": [], "s2": []}


def test_a_substitute_truck_on_the_round_is_believed_after_a_while_and_tells_once() -> None:
    """The usual truck breaks down, another goes on with its stops: who was told is not told again, the others are."""
    broken = Drive(TODAY).serve(SOUTH[:5]).stand(1800)
    other = Drive(TODAY, "09:05", "99", at=(1200.0, 0.0)).serve(SOUTH[5:]).to(*TIP, mps=10.0).stand(480).serve(NORTH)
    alerts = told(profile(), [home(1, SOUTH[8]), home(2, NORTH[9])], broken, other)
    assert [alert.vehicle for alert in alerts["s1"]] == ["17"]
    assert [alert.vehicle for alert in alerts["s2"]] == ["99"]
    assert 5.0 <= minutes_before(alerts["s2"][0], other.reached[NORTH[9]]) <= 20.0


def test_two_sides_of_one_street_are_two_services() -> None:
    """Where the other side is served on the way back, its home is told for the way back."""
    there, back = [(200.0 * k, 0.0) for k in range(1, 9)], [(200.0 * k + 100.0, 12.0) for k in range(7, 0, -1)]

    def both(day: date) -> Drive:
        return Drive(day).serve(there, 75).serve(back, 75).to(-1500.0, 0.0)

    learned = profile_of(both(day) for day in weekdays(8))
    today = both(TODAY)
    (alert,) = told(learned, [home(1, back[5])], today)["s1"]
    assert 5.0 <= minutes_before(alert, today.reached[back[5]]) <= 20.0


def test_reversing_out_of_a_dead_end_does_not_confuse_the_round() -> None:
    """The truck backs out of a cul-de-sac and goes on; homes after it are told in time."""
    dead_end = [(600.0, 0.0), (600.0, 150.0), (600.0, 250.0), (600.0, 10.0), *[(300.0 * k, 0.0) for k in range(3, 11)]]

    def days(day: date) -> Drive:
        return Drive(day).serve(dead_end, 50).to(-1500.0, 0.0)

    today = days(TODAY)
    (alert,) = told(profile_of(days(day) for day in weekdays(8)), [home(1, (2700.0, 0.0))], today)["s1"]
    assert 5.0 <= minutes_before(alert, today.reached[2700.0, 0.0]) <= 20.0


def test_a_backlog_after_a_dead_zone_alerts_nobody_who_was_passed() -> None:
    """What a truck uploads after a dead zone is history; homes still ahead are told from what is live."""
    today = Drive(TODAY).serve(SOUTH[:2])
    with today.silence(backlog=True):
        today.serve(SOUTH[2:5])
    today.serve(SOUTH[5:]).to(*TIP, mps=10.0).stand(480).serve(NORTH)
    alerts = told(profile(), [home(1, SOUTH[3], 3.0), home(2, SOUTH[9], 5.0)], today)
    assert all(alert.fired_ms < today.reached[SOUTH[3]] for alert in alerts["s1"])
    (alert,) = alerts["s2"]
    assert 2.5 <= minutes_before(alert, today.reached[SOUTH[9]]) <= 10.0


def test_a_truck_an_hour_early_is_told_of_by_its_place_not_by_the_clock() -> None:
    """The hour of other days does not hold an alert back."""
    today = usual(TODAY, start="07:30")
    (alert,) = told(profile(), [home(1, NORTH[5])], today)["s1"]
    assert 5.0 <= minutes_before(alert, today.reached[NORTH[5]]) <= 20.0


def test_a_truck_that_never_comes_tells_nobody() -> None:
    """A truck that stays in its yard is foretold to nobody."""
    today = Drive(TODAY, at=(-1500.0, 800.0)).stand(7200)
    assert told(profile(), [home(1, SOUTH[9]), home(2, NORTH[3])], today) == {"s1": [], "s2": []}


def test_a_second_round_on_the_same_day_tells_nobody_again() -> None:
    """Who was told of the round is not told when the truck drives it once more, until dispatch opens the next run."""
    twice = Drive(TODAY).serve(SOUTH).to(*TIP, mps=10.0).stand(480).to(0.0, 0.0, mps=10.0).serve(SOUTH)
    assert len(told(profile(), [home(1, SOUTH[8])], twice)["s1"]) == 1


def test_a_home_that_subscribes_in_mid_run_is_told_at_once_what_still_applies() -> None:
    """A home whose stop is six minutes ahead when it subscribes is told with the next ping; its neighbour not again."""
    today = usual(TODAY)
    twin = Twin(CITY)
    twin.profile(profile(), 0)
    twin.homes([home(1, SOUTH[8])], 0)
    joined_ms = today.reached[SOUTH[5]]
    early = [ping for ping in today.pings if ping.received_ms <= joined_ms]
    late = [ping for ping in today.pings if ping.received_ms > joined_ms]
    first = [alert.subscription for alert in twin.play(early)]
    twin.homes([home(2, SOUTH[8])], joined_ms)
    after = [alert for alert in twin.play(late) if alert.kind is Kind.APPROACHING]
    assert first == ["s1"]
    assert [alert.subscription for alert in after] == ["s2"]
    assert after[0].fired_ms - joined_ms <= 30_000


def test_sparse_pings_serve_as_dense_ones_do() -> None:
    """A tracker that speaks once a minute tells its homes in time as well."""
    learned = profile_of(usual_every(day, 60.0) for day in weekdays(8))
    today = usual_every(TODAY, 60.0)
    (alert,) = told(learned, [home(1, NORTH[7])], today)["s1"]
    assert 5.0 <= minutes_before(alert, today.reached[NORTH[7]]) <= 20.0


def usual_every(day: date, seconds: float) -> Drive:
    """The usual day at another interval."""
    drive = Drive(day).every(seconds).serve(SOUTH).to(*TIP, mps=10.0).stand(480)
    return drive.serve(NORTH).to(-1500.0, 800.0, mps=10.0).stand(60)


def test_one_past_day_already_helps() -> None:
    """With a single day seen, a home on the way is told in time."""
    today = usual(TODAY)
    (alert,) = told(profile_of([usual(MONDAY)]), [home(1, NORTH[5])], today)["s1"]
    assert 3.0 <= minutes_before(alert, today.reached[NORTH[5]]) <= 20.0


def test_an_alert_whose_time_moves_is_corrected_once() -> None:
    """When the truck loses a quarter of an hour at a stop after a home was told, the home is told once how late."""
    today = Drive(TODAY).serve(SOUTH[:7]).stand(900).serve(SOUTH[7:]).serve(NORTH)
    homes = [home(1, SOUTH[9])]
    (first,) = told(profile(), homes, today)["s1"]
    (corrected,) = told(profile(), homes, today, kind=Kind.CORRECTED)["s1"]
    assert first.fired_ms < corrected.fired_ms < today.reached[SOUTH[9]]
    assert (first.was_ms, corrected.was_ms) == (None, first.eta_ms)


def test_a_replay_gives_the_same_alerts_whatever_the_batch() -> None:
    """One by one or in batches of any size: the same alerts, byte for byte."""
    today = usual(TODAY)
    homes = [home(k, spot) for k, spot in enumerate((*SOUTH, *NORTH), start=1)]
    found = []
    for batch in (1, 7, 512):
        twin = Twin(CITY)
        twin.profile(profile(), 0)
        twin.homes(homes, 0)
        found.append(list(twin.play(today.pings, batch)))
    assert found[0] == found[1] == found[2]
    assert found[0]


def test_homes_far_from_every_place_are_left_alone() -> None:
    """A home that no truck serves is told nothing."""
    assert told(profile(), [home(1, (1500.0, 2500.0))], usual(TODAY)) == {"s1": []}


def test_the_builders_speak_the_same_plane() -> None:
    """A spot's position and the instants of a drive are what the scenario says."""
    assert place(0.0, 0.0) == (34.83, 135.47)
    assert Drive(TODAY).at_ms == instant_ms(TODAY, "08:30")
