"""Zones on trial: everything is decided as if they were live, and nobody there is told."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from geofence.files import read_zones
from gomikuru.city_files.city_toml import read_city
from model.alert import Alert, decode_alert, encode_alert
from model.event import HomesChanged
from model.subscription import AtPoint, Home, InZone, MetresLead
from model.zone import Mode
from notifier.policy import OnTrial, decide
from tests.support.rounds import CITY as ROUNDS_CITY
from tests.support.rounds import Drive, home, profile_of, weekdays
from tests.support.truckline import Town, Truckline, place, zone, zones_file

CITY_TOML = 'id = "minami"\nname = "M"\ntimezone = "Asia/Tokyo"\n'


def drawn(name: str, west: float, east: float, mode: Any = None) -> dict[str, Any]:
    feature = zone(name, west, -300, east, 300)
    if mode is not None:
        feature["properties"]["mode"] = mode
    return feature


def town(west: Any = None, east: Any = None, default: Mode = Mode.LIVE) -> Town:
    """Two zones side by side, and residents of every kind in each."""
    made = Town()
    made.city = made.book.city = replace(made.city, zones=default)
    made.draw(drawn("west", -300, 390, west), drawn("east", 410, 1500, east))
    for name, at in (("w", 200.0), ("e", 700.0)):
        made.home(f"{name}-metres", at, 40.0)
        made.resident_at(f"{name}-pin", at)
        made.resident_of(f"{name}-zone", {"w": "west", "e": "east"}[name])
    made.home("outside", 700.0, 380.0, lead=500.0)
    return made


def shadows(made: Town) -> dict[str, bool]:
    """Let a truck collect through both zones; tell who was decided, and whether only on trial."""
    made.play(Truckline().collect(east=1200).pings())
    return {alert.subscription: alert.shadow for alert in made.alerts}


ALL = {"w-metres", "w-pin", "w-zone", "e-metres", "e-pin", "e-zone", "outside"}
WEST = {"w-metres", "w-pin", "w-zone"}


def on_trial(made: Town) -> set[str]:
    found = shadows(made)
    assert found.keys() == ALL, "a trial changes nothing of what is decided"
    return {name for name, shadow in found.items() if shadow}


def test_without_a_mode_everybody_is_live() -> None:
    """A city that says nothing tells its residents, as before."""
    assert on_trial(town()) == set()


def test_a_home_is_on_trial_when_its_zone_is() -> None:
    """By position for pins, whatever their lead, by id for those who only name the zone; the neighbours are live."""
    assert on_trial(town("shadow")) == WEST
    assert on_trial(town("shadow", "live")) == WEST


def test_the_citys_own_mode_holds_where_a_zone_says_nothing_and_outside_of_all() -> None:
    """With `zones = "shadow"` only those zones are told that say `live`."""
    assert on_trial(town(default=Mode.SHADOW)) == ALL
    assert on_trial(town("live", default=Mode.SHADOW)) == ALL - WEST
    assert on_trial(town("", None, default=Mode.SHADOW)) == ALL


def test_a_collection_point_is_on_trial_by_its_position() -> None:
    """Its residents stand where it stands."""
    made = town("shadow")
    for number, (name, at) in enumerate([("p-west", 250.0), ("p-east", 800.0)], start=100):
        spot = AtPoint(name, *place(at))
        made._run([HomesChanged(made.now_ms, (Home(number, name, spot, MetresLead(150.0)),))])
    found = shadows(made)
    assert (found["p-west"], found["p-east"]) == (True, False)


def test_a_change_of_mode_takes_force_with_the_zones() -> None:
    """What is decided after the new file is live; what was decided before stays as it was."""
    made = town("shadow", "shadow")
    line = Truckline().collect(east=1200).pings()
    half = next(k for k, ping in enumerate(line) if ping.lon > place(400.0)[1])
    made.play(line[:half])
    made.draw(drawn("west", -300, 390, "live"), drawn("east", 410, 1500, "live"))
    made.play(line[half:])
    found = {alert.subscription: alert.shadow for alert in made.alerts}
    assert {name for name, shadow in found.items() if not shadow} == {"e-metres", "e-pin", "e-zone", "outside"}
    assert found["w-metres"]


def test_a_lead_in_minutes_is_on_trial_too() -> None:
    """A home whose place was learned is judged by where it stands, not by where the truck stops."""
    street = [(300.0 * k, 0.0) for k in range(1, 11)]
    *past, today = weekdays(5)
    profile = profile_of(Drive(day).serve(street).to(-1500.0, 0.0) for day in past)
    from gomikuru.replay import Twin

    twin = Twin(ROUNDS_CITY)
    lat, lon = home(1, (1350.0, 0.0)).place.lat, home(1, (1350.0, 0.0)).place.lon  # type: ignore[union-attr]
    ring = [[lon + east, lat + north] for east, north in ((-0.2, -0.2), (0, -0.2), (0, 0.2), (-0.2, 0.2), (-0.2, -0.2))]
    west = {
        "type": "Feature",
        "properties": {"id": "west", "mode": "shadow"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    twin.zones(zones_file(west), 0)
    twin.profile(profile, 0)
    twin.homes([home(k, spot) for k, spot in enumerate(street, start=1)], 0)
    found = {alert.number: alert.shadow for alert in twin.play(Drive(today).serve(street).to(-1500.0, 0.0).pings)}
    assert len(found) == 10
    assert {number for number, shadow in found.items() if shadow} == {1, 2, 3, 4}


def test_a_replay_in_batches_of_any_size_marks_the_same_alerts() -> None:
    """The mark is the engine's decision: the same events give the same alerts, bit for bit."""
    one, many = town("shadow"), town("shadow")
    one.batch, many.batch = 1, 500
    shadows(one)
    shadows(many)
    assert one.alerts == many.alerts


def test_a_home_that_only_names_a_zone_that_is_gone_is_judged_without_harm() -> None:
    """Zones come and go; who names one that is not there is told nothing at all."""
    made = town("shadow")
    made._run([HomesChanged(made.now_ms, (Home(77, "lost", InZone("nowhere"), MetresLead(150.0)),))])
    assert not made.book.is_shadow(77)
    assert not made.book.is_shadow(12345)


def test_policy_drops_what_is_on_trial_before_anything_else() -> None:
    """Neither the hour nor the devices matter; an alert that was written before there were trials is live."""
    made = town("shadow")
    shadows(made)
    alert = next(alert for alert in made.alerts if alert.shadow)
    assert decide(alert, None, alert.useful_until_ms + 1, made.city) == OnTrial()
    assert decode_alert(encode_alert(alert)) == alert


def test_an_alert_of_before_there_were_trials_is_read_as_live() -> None:
    """A store may hold some when the service is brought up to date."""
    import msgspec

    made = town()
    shadows(made)
    old = {
        k: v for k, v in msgspec.msgpack.decode(encode_alert(made.alerts[0])).items() if k not in ("shadow", "number")
    }
    read: Alert = decode_alert(msgspec.msgpack.encode(old))
    assert (read.shadow, read.number, read.id) == (False, -1, made.alerts[0].id)


@pytest.mark.parametrize("mode", ["Shadow", "trial", 1, True, ["live"], {}])
def test_a_mode_that_is_none_is_refused_with_the_zone(mode: Any) -> None:
    """The whole file is refused, and the words say what may stand there."""
    zones, (problem,) = read_zones(zones_file(drawn("west", 0, 400), drawn("east", 400, 800, mode)))
    assert zones == ()
    assert "feature 2 (id 'east')" in str(problem)
    assert '"shadow"' in str(problem)


def test_a_zone_keeps_the_mode_that_it_says() -> None:
    """Absent, null and empty mean the city's own."""
    read, problems = read_zones(zones_file(drawn("a", 0, 1, "live"), drawn("b", 2, 3, "shadow"), drawn("c", 4, 5, "")))
    assert problems == []
    assert [each.mode for each in read] == [Mode.LIVE, Mode.SHADOW, None]


def test_the_citys_mode_stands_in_city_toml() -> None:
    """`live` where it says nothing; anything else is named with what may stand there."""
    city, problems = read_city(CITY_TOML.encode())
    assert (city and city.zones, problems) == (Mode.LIVE, [])
    city, problems = read_city(f'{CITY_TOML}zones = "shadow"\n'.encode())
    assert (city and city.zones, problems) == (Mode.SHADOW, [])
    city, (problem,) = read_city(f'{CITY_TOML}zones = "off"\n'.encode())
    assert city is None
    assert "live, shadow" in str(problem)
