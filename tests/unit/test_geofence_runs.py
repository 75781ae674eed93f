"""Once per subscription and run: what a run is, and what begins another one."""

from __future__ import annotations

from geofence.runs import Run, ended
from model.alert import Kind, alert_id
from model.city import Facility
from model.event import WordKind
from tests.support.truckline import Town, Truckline, place


def test_a_substituted_vehicle_on_the_same_route_does_not_tell_twice() -> None:
    """17 breaks down and 18 goes on with route A: whom 17 told, 18 does not tell."""
    town = Town()
    for east in range(300, 1500, 100):
        town.home(f"h{east}", east=east)
    town.play(Truckline("17").collect(east=700).pings())
    told_by_17 = town.told()
    town.play(Truckline("18", begin_s=900).collect(east=1500).pings())
    assert len(told_by_17) >= 5
    assert sorted(town.told()) == sorted(f"h{east}" for east in range(300, 1500, 100))


def test_two_vehicles_that_share_an_area_tell_once() -> None:
    """Without routes the run is the day's service of one category by whatever vehicles."""
    town = Town()
    town.home("sato", east=600)
    town.play(Truckline("30").collect(east=800).pings())
    town.play(Truckline("31", begin_s=900).collect(east=800).pings())
    assert [alert.run for alert in town.alerts] == ["area:burnable/1"]


def test_another_route_is_another_run() -> None:
    """Who waits for every kind of waste is told of the burnable truck and of the plastic one."""
    town = Town()
    town.home("sato", east=600)
    town.play(Truckline("17").collect(east=800).pings())
    town.play(Truckline("21", begin_s=900).collect(east=800).pings())
    assert [alert.run for alert in town.alerts] == ["route:A/1", "route:P/1"]


def test_the_route_that_a_ping_names_goes_before_the_plan() -> None:
    """A truck lent to route P tells its residents on the run of P."""
    town = Town()
    town.home("sato", east=600)
    (alert,) = town.play(Truckline("17").collect(east=800).pings(route="P"))
    assert (alert.route, alert.run) == ("P", "route:P/1")


def test_the_next_service_day_tells_again() -> None:
    """The same truck on the next day is another run, with another id."""
    town = Town()
    town.home("sato", east=600)
    town.play(Truckline().collect(east=800).pings())
    town.play(Truckline(begin_s=24 * 3600).collect(east=800).pings())
    assert [alert.service_day for alert in town.alerts] == ["2026-11-24", "2026-11-25"]
    assert len({alert.id for alert in town.alerts}) == 2


def test_work_after_midnight_belongs_to_the_same_service_day() -> None:
    """A late round that goes on until one in the morning does not tell a second time."""
    town = Town()
    town.home("sato", east=600)
    town.play(Truckline(begin_s=14.5 * 3600).collect(east=800).pings())
    town.play(Truckline(begin_s=16.5 * 3600).collect(east=800).pings())
    assert [alert.service_day for alert in town.alerts] == ["2026-11-24"]


def test_dispatchs_new_run_tells_again() -> None:
    """A second round of the day, begun by dispatch, tells with the next ordinal, once."""
    town = Town()
    town.home("sato", east=600)
    town.play(Truckline().collect(east=800).pings())
    town.say(WordKind.NEW_RUN)
    town.play(Truckline(begin_s=1000).collect(east=800).collect(east=-800).pings())
    assert [alert.run for alert in town.alerts] == ["route:A/1", "route:A/2"]


def test_a_tipping_trip_does_not_begin_another_run() -> None:
    """A truck that leaves full, tips at the incinerator and comes back goes on with its run."""
    lat, lon = place(3000, 0)
    town = Town(facilities=[Facility("incinerator", lat, lon, 200, "incinerator")])
    for east in range(300, 1500, 100):
        town.home(f"h{east}", east=east)
    line = Truckline().collect(east=700).drive(east=2300, speed=12).stop(500)
    town.play(line.drive(east=-2400, speed=12).collect(east=900).pings(noise_m=2))
    assert sorted(town.told()) == sorted(f"h{east}" for east in range(300, 1500, 100))


def test_work_within_a_facility_tells_nobody() -> None:
    """A truck that shuffles about at the incinerator like one at work tells no neighbour; outside it does."""
    lat, lon = place(0, 0)
    line = Truckline(east=-120).collect(east=240).collect(east=-240)
    for facilities, expected in (([Facility("tip", lat, lon, 200, "incinerator")], 0), ([], 1)):
        town = Town(facilities=facilities)
        town.home("neighbour", east=0, north=190, lead=300)
        assert len(town.play(line.pings())) == expected
        town = Town(facilities=facilities)
        town.home("neighbour", east=0, north=190, lead=300)
        assert len(town.play(line.pings(collecting=True))) == expected


def test_the_records_of_days_that_are_over_are_forgotten() -> None:
    """Told-records go two service days later, and their fields are deleted from the store."""
    town = Town()
    town.home("sato", east=600)
    town.play(Truckline().collect(east=800).pings())
    assert list(town.state.told) == ["2026-11-24/route:A/1"]
    town.state.puts()
    town.tick(24 * 3600)
    assert list(town.state.told) == ["2026-11-24/route:A/1"]
    town.state.turn_day("2026-11-26")
    assert town.state.told == {}
    assert town.state.puts()[1] == ["told/2026-11-24/route:A/1/0"]


def test_a_run_is_ended_two_days_later_and_never_earlier() -> None:
    """Yesterday's run may still go on, over the end of a month and a year too."""
    key = Run("2026-12-31", "route:a/b").key
    assert [ended(key, day) for day in ("2026-12-30", "2026-12-31", "2027-01-01", "2027-01-02")] == [
        False,
        False,
        False,
        True,
    ]


def test_an_alerts_id_follows_from_what_it_tells() -> None:
    """City, day, run, subscription, kind and ordinal make the id, and nothing else."""
    town = Town()
    town.home("sato", east=600)
    (alert,) = town.play(Truckline().collect(east=800).pings())
    assert alert.id == alert_id("minami", "2026-11-24", "route:A/1", "sato", Kind.APPROACHING, 1)
