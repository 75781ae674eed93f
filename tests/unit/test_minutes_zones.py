"""Homes known only by their zone, with a lead in minutes: told by the first of its places that the truck reaches."""

from __future__ import annotations

from functools import lru_cache

import pytest

from geofence.batch import run_batch
from geofence.book import Book
from geofence.limits import Limits
from geofence.minutes_zones import MinutesZones, ZoneHome
from geofence.state import State
from geofence.zones import ZoneBook
from gomikuru.replay import Twin
from model.alert import Alert, Kind
from model.event import HomesChanged, ProfileChanged, ZonesChanged
from tests.support.rounds import (
    CITY,
    Drive,
    heard,
    home,
    minutes_before,
    profile_of,
    told,
    weekdays,
    yard,
    zone_home,
    zones_document,
)

SOUTH = [(300.0 * k, 0.0) for k in range(1, 11)]
NORTH = [(300.0 * k, 800.0) for k in range(10, 0, -1)]
*PAST, TODAY = weekdays(5)
WEST, EAST = (150.0, -100.0, 1050.0, 900.0), (1950.0, -100.0, 3150.0, 900.0)
ZONES = zones_document({"east": EAST, "empty": (0.0, 4000.0, 500.0, 4500.0), "west": WEST})
"""East is reached on the south street's seventh stop, and again on the north street's first."""


def usual(seconds: float = 60.0, day: object = TODAY) -> Drive:
    return Drive(day).serve(SOUTH, seconds).serve(NORTH, seconds).to(-1500.0, 800.0)  # type: ignore[arg-type]


@lru_cache(maxsize=1)
def profile() -> bytes:
    """What four days teach."""
    return profile_of(usual(55.0 + 5.0 * k, day) for k, day in enumerate(PAST))


def test_a_home_known_by_its_zone_is_told_of_the_zones_first_stop() -> None:
    """It hears once, in time for the first stop that the truck serves in the zone, as a home at that stop does."""
    today = usual()
    alerts = told(profile(), [zone_home(1, "east"), home(2, SOUTH[6])], today, zones=ZONES)
    (zoned,), (pinned,) = alerts["s1"], alerts["s2"]
    assert 5.0 <= minutes_before(zoned, today.reached[SOUTH[6]]) <= 20.0
    assert (zoned.fired_ms, zoned.eta_ms) == (pinned.fired_ms, pinned.eta_ms)


def test_a_zone_without_a_stop_and_a_zone_that_is_not_there_tell_nobody() -> None:
    """Where nothing is collected nothing is foretold."""
    homes = [zone_home(1, "empty"), zone_home(2, "gone")]
    assert told(profile(), homes, usual(), zones=ZONES) == {"s1": [], "s2": []}


def test_each_lead_of_a_zone_is_kept() -> None:
    """Homes of one zone with other leads hear at other times, the longer lead first."""
    today = usual()
    homes = [zone_home(k, "east", lead) for k, lead in enumerate((3.0, 6.0, 12.0), start=1)]
    alerts = told(profile(), homes, today, zones=ZONES)
    before = [minutes_before(alerts[f"s{k}"][0], today.reached[SOUTH[6]]) for k in (1, 2, 3)]
    assert before == sorted(before)
    assert len(set(before)) == 3


def test_stops_served_in_the_zone_do_not_correct_what_was_told() -> None:
    """On a usual day the zone's later stops are no change of plan."""
    assert told(profile(), [zone_home(1, "east")], usual(), kind=Kind.CORRECTED, zones=ZONES) == {"s1": []}


def test_a_truck_that_turns_away_before_the_zone_calls_it_once_more() -> None:
    """Half an hour lost before the zone's first stop: its homes are told anew, with the new time, when it comes."""
    today = Drive(TODAY).serve(SOUTH[:4]).to(1500.0, 6000.0, mps=10.0).stand(900).serve(SOUTH[4:]).serve(NORTH)
    homes = [zone_home(1, "east")]
    first, second = told(profile(), homes, today, zones=ZONES)["s1"]
    assert second.eta_ms is not None
    assert first.fired_ms < second.fired_ms < today.reached[SOUTH[6]]
    assert abs(second.eta_ms - today.reached[SOUTH[6]]) < 180_000


def test_a_home_that_subscribes_in_mid_run_is_told_with_the_next_ping() -> None:
    """Its zone was foretold to others already; it is told alone, also where its lead is only kept as theirs is."""
    today = usual()
    twin = Twin(CITY)
    twin.zones(ZONES, 0)
    twin.profile(profile(), 0)
    twin.homes([zone_home(1, "east")], 0)
    joined_ms = today.reached[SOUTH[5]]
    first = [alert.subscription for alert in twin.play(ping for ping in today.pings if ping.received_ms <= joined_ms)]
    twin.homes([zone_home(2, "east", 9.8)], joined_ms)
    after = list(twin.play(ping for ping in today.pings if ping.received_ms > joined_ms))
    assert first == ["s1"]
    assert [alert.subscription for alert in after] == ["s2"]
    assert after[0].fired_ms - joined_ms <= 30_000


def silent_after(stops: int) -> list[Alert]:
    """Homes of both zones and a pin in the east, and a truck whose tracker dies after some stops of the south."""
    ours = Drive(TODAY).serve(SOUTH[:stops])
    homes = [zone_home(1, "west"), zone_home(2, "east"), home(3, SOUTH[6]), zone_home(4, "east", 3.0)]
    alerts = heard(profile(), homes, ours, yard(TODAY, "10:00"), zones=ZONES)
    return [alert for alert in alerts if alert.kind is Kind.DISRUPTED]


def test_a_truck_that_falls_silent_before_a_zone_is_told_to_its_homes() -> None:
    """Told and not yet served, they hear it once, as a home at the zone's first stop does; the others hear nothing."""
    pinned, zoned = silent_after(4)
    assert (pinned.subscription, zoned.subscription) == ("s3", "s2")
    assert zoned.heard_ms is not None
    assert (zoned.fired_ms, zoned.heard_ms, zoned.eta_ms) == (pinned.fired_ms, pinned.heard_ms, pinned.eta_ms)
    assert zoned.eta_low_ms is not None
    assert zoned.heard_ms <= zoned.eta_low_ms


def test_a_truck_that_falls_silent_in_a_zone_is_not_told_to_its_homes() -> None:
    """It has served some of the zone's stops, so that they were served, whichever is theirs; the later pin was not."""
    assert silent_after(7) == []


def test_a_silent_truck_whose_zone_another_serves_is_not_told() -> None:
    """A substitute is at work on the stops of the zone."""
    ours = Drive(TODAY).serve(SOUTH[:5])
    other = Drive(TODAY, "08:44", "99", at=(1200.0, 0.0)).serve(SOUTH[5:]).serve(NORTH)
    assert told(profile(), [zone_home(1, "east")], ours, other, kind=Kind.DISRUPTED, zones=ZONES) == {"s1": []}


@pytest.mark.parametrize(
    "order", [("zones", "profile", "homes"), ("homes", "profile", "zones"), ("profile", "homes", "zones")]
)
def test_zones_profile_and_homes_may_come_in_any_order(order: tuple[str, ...]) -> None:
    """Whatever comes last, the homes of the zone are served; when the zone is drawn elsewhere they are not."""
    events = {
        "zones": ZonesChanged(0, "z"),
        "profile": ProfileChanged(0, "p"),
        "homes": HomesChanged(0, (zone_home(1, "east", 10.0),)),
    }
    documents = {"z": ZONES, "p": profile(), "moved": zones_document({"east": (0.0, 4000.0, 500.0, 4500.0)})}
    book = Book(CITY, Limits())
    run_batch(State(), book, [events[each] for each in order], documents)
    assert book.leads_min == (10.0,)
    assert book.foretold_at(1)
    run_batch(State(), book, [ZonesChanged(0, "moved")], documents)
    assert book.leads_min == ()
    assert not book.foretold_at(1)


def test_the_homes_of_zones_are_read_from_the_store_as_they_were_written() -> None:
    """A worker that takes the city over serves the same homes."""
    book = Book(CITY, Limits())
    documents = {"z": ZONES, "p": profile()}
    events = [
        ZonesChanged(0, "z"),
        ProfileChanged(0, "p"),
        HomesChanged(0, (zone_home(1, "east"), zone_home(2, "west"))),
    ]
    stored = run_batch(State(), book, events, documents).puts
    other = Book(CITY, Limits())
    run_batch(State(), other, events[:2], documents)
    other.load(stored)
    assert other.count() == book.count() == (2, 3)
    assert other.foretold_at(2) == book.foretold_at(2) != book.foretold_at(1)


def test_a_home_that_goes_or_changes_its_zone_is_told_no_more_of_the_old_one() -> None:
    """`drop` and a second `put` leave nothing behind."""
    homes = MinutesZones()
    for zone in ("east", "west"):
        homes.put(ZoneHome(1, "s1", zone, 9.8, 0))
    homes.put(ZoneHome(2, "s2", "west", 10.0, 0))
    assert homes.at("east", 10.0) == []
    assert homes.at("west", 10.0) == [(1, "s1", 0), (2, "s2", 0)]
    homes.drop(1)
    homes.drop(1)
    assert homes.at("west", 10.0) == [(2, "s2", 0)]
    assert len(homes) == 1


def test_without_a_profile_the_homes_of_zones_wait_and_are_counted() -> None:
    """Who waits for a profile is counted, so that the service can say so."""
    book = Book(CITY, Limits())
    events = [ZonesChanged(0, "z"), HomesChanged(0, (zone_home(1, "east"), home(2, SOUTH[6])))]
    run_batch(State(), book, events, {"z": ZONES})
    assert (book.unserved(), book.leads_min) == (2, ())
    run_batch(State(), book, [ProfileChanged(0, "p")], {"p": profile()})
    assert (book.unserved(), book.leads_min) == (0, (10.0,))


def test_zones_of_a_town_without_a_profile_have_no_places() -> None:
    """Nothing is served before something was learned."""
    homes = MinutesZones()
    homes.put(ZoneHome(1, "s1", "east", 10.0, 0))
    homes.served_by(None, ZoneBook((), Limits()))
    assert homes.leads_min == ()
    assert list(homes.served(10.0)) == []
