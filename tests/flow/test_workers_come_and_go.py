"""Workers as processes, added, frozen, continued and killed: the alerts are those of one worker alone, each once."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams import keys
from tests.support.brokers import CITY
from tests.support.fcm_server import FcmServer
from tests.support.fleet import Feeder, Fleet
from tests.support.stores import ValkeyServer
from tests.support.waiting import wait_until
from tests.support.working_day import WorkingDay

LEASE = keys.lease(CITY)
LOADING_S = 90
"""Who is frozen while it loads a city keeps the lease for Pace.load_ms."""


@pytest.fixture
def working_day(tmp_path: Path) -> WorkingDay:
    """Three busy hours of the recorded day, and homes along what the trucks served."""
    return WorkingDay(tmp_path)


def change_of_shift(day: WorkingDay, fleet: Fleet, feeder: Feeder, alone: bool) -> None:
    """Freeze whoever holds the city until another has taken it, let it go on, then kill the holder of that time."""
    feeder.reach(0.2)
    first = day.holder(fleet)
    first.freeze()
    if alone:
        fleet.start("geofence")
    wait_until(
        lambda: fleet.holder(day.store, LEASE) not in (None, first), LOADING_S, "another worker to take the city"
    )
    feeder.reach(0.5)
    first.thaw()
    first.await_logged("lease_lost")
    second = day.holder(fleet)  # on a starved machine the first may have taken it again
    second.await_logged("city_taken")  # who dies while it loads a city keeps it for Pace.load_ms
    second.kill9()
    fleet.start("geofence")
    wait_until(
        lambda: fleet.holder(day.store, LEASE) not in (None, second), LOADING_S, "another worker to take the city"
    )
    feeder.reach(0.8)
    first.stop()


@pytest.mark.timeout(400)
@pytest.mark.parametrize("workers", [1, 2, 5])
def test_any_number_of_workers_that_come_and_go_decide_what_one_decides(
    workers: int, working_day: WorkingDay, valkey_server: ValkeyServer, fcm_server: FcmServer
) -> None:
    """Frozen past its lease, a worker writes nothing more; killed, it leaves nothing undone; added, it adds nothing."""
    with working_day.on(valkey_server, fcm_server) as (fleet, feeder):
        *_, one, two, _ = fleet.start(*["geofence"] * workers, *["notifier"] * 3)
        with feeder:
            feeder.reach(0.1)
            one.freeze()
            change_of_shift(working_day, fleet, feeder, workers == 1)
            one.thaw()
            two.kill9()
            feeder.reach(1.0)
        working_day.finish()
    working_day.check(fcm_server)
