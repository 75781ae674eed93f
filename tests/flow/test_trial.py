"""A zone on trial from the engine to the phones: the alerts are decided and archived, and no push goes out."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog

from geofence.files import read_zones
from geofence.worker import CityWorker
from gomikuru.archive.reading import Archive
from gomikuru.archive.worker import ALERTS_SENT
from gomikuru.clocks import machine_ms
from gomikuru.metrics import MemoryMeter
from model.subscription import InZone, TargetKind, ZoneLead
from residents.adapters.redis_registry import RedisRegistry
from residents.wish import Wish
from streams import keys
from streams.ports import Store
from tests.contract.test_geofence_worker import PACE, Drawer, work_off
from tests.support.archive import archiver, said
from tests.support.notifying import QUICK, Bench, ListedResidents, ScriptedChannel, SetClock, screen
from tests.support.truckline import CITY, START_MS, Truckline, zone, zones_file
from tests.support.waiting import wait_until


def drawn(mode: str) -> bytes:
    """Two zones: west in a mode, east live whatever comes."""
    west, east = zone("west", -300, -300, 390, 300), zone("east", 410, -300, 1500, 300)
    west["properties"]["mode"] = mode
    data = zones_file(west, east)
    assert read_zones(data)[1] == []
    return data


@pytest.mark.parametrize("mode", ["shadow", "live"])
def test_a_zone_on_trial_has_its_alerts_archived_and_nobody_told(store: Store, tmp_path: Path, mode: str) -> None:
    """In shadow: pushes to the other zone only, its own outcome and count; live: both. The same alerts either way."""
    clock, channel = SetClock(START_MS), ScriptedChannel()
    registry = RedisRegistry(store, clock)
    kept = [registry.put("minami", wish) for wish in wishes()]
    engine = CityWorker(CITY, store, Drawer(drawn(mode)), clock, machine_ms, MemoryMeter(), "engine", pace=PACE)
    engine.turn()
    said(store, Truckline().collect(east=1000).pings(), CITY)
    work_off(store, engine)
    bench = Bench(
        store,
        ListedResidents(*kept),
        dict.fromkeys(TargetKind, channel),
        clock=clock,
        cities=(CITY,),
        limits=msgspec.structs.replace(QUICK, followers=(ALERTS_SENT,)),
    )
    archive = archiver(store, tmp_path, city=CITY)
    with structlog.testing.capture_logs() as lines, bench.running():
        wait_until(lambda: bench.left() == 0, 20, "the alerts to finish")
        archive.turn(CITY)
        wait_until(lambda: store.length(keys.alerts("minami")) == 0, 20, "the alerts to be trimmed once archived")
    told = {push.target.value for push in channel.pushes if push.target.kind is not TargetKind.PAGE}
    assert told == ({"phone-e"} if mode == "shadow" else {"phone-e", "phone-w"})
    _has_its_own_outcome(bench, lines, mode == "shadow")
    number = {each.id: each.number for each in kept}
    alerts = {each.number: each.shadow for each in Archive(tmp_path, "minami").alerts(date.min, date.max)}
    assert alerts == {number["west"]: mode == "shadow", number["east"]: False}


def wishes() -> list[Wish]:
    return [
        Wish(id=name, place=InZone(name), lead=ZoneLead(), targets=(screen(f"phone-{name[0]}"),))
        for name in ("west", "east")
    ]


def _has_its_own_outcome(bench: Bench, lines: Any, shadow: bool) -> None:
    """It is counted, recorded and logged as what it is."""
    whats = sorted(record.what for record in bench.records())
    assert whats == (["delivered", "shadow"] if shadow else ["delivered", "delivered"])
    assert bench.meter.counts["alerts_shadow", "minami", "approaching"] == int(shadow)
    whys = [line["why"] for line in lines if line["event"] == "alert_not_sent"]
    assert whys == (["shadow"] if shadow else [])
