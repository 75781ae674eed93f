"""The whole service in this process, on real servers, for flow tests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gomikuru import wiring
from gomikuru.city_files import CityFolder, load_city
from gomikuru.metrics import MemoryMeter
from gomikuru.settings import Settings, load
from gomikuru.stages import RunningStages
from model.city import City
from streams import keys
from streams.ports import START, Store
from tests.support.brokers import INGEST, BrokerServer
from tests.support.fcm_server import FcmServer
from tests.support.keyfiles import key_files
from tests.support.stores import StoreServer
from tests.support.waiting import wait_until


def settings_for(folder: Path, broker: BrokerServer, store: StoreServer, fcm: FcmServer, clock: str) -> Settings:
    """Make the settings of a service on these servers, as a city's IT would: addresses and a service account only."""
    account = folder.parent / "service-account.json"
    fcm.service_account(account)
    return load(
        None,
        {
            "GOMIKURU_CITIES_DIR": str(folder),
            "GOMIKURU_BROKER__URL": broker.url,
            "GOMIKURU_BROKER__USERNAME": INGEST,
            "GOMIKURU_BROKER__PASSWORD": INGEST[::-1],
            "GOMIKURU_BROKER__PROTOCOL": broker.protocols[0],
            "GOMIKURU_STORE__URL": store.url,
            "GOMIKURU_FCM__SERVICE_ACCOUNT_FILE": str(account),
            "GOMIKURU_FCM__URL": fcm.url,
            "GOMIKURU_FCM__CA_FILE": str(fcm.ca(folder.parent / "fcm-ca.pem")),
            "GOMIKURU_CLOCK__KIND": clock,
            "GOMIKURU_ARCHIVE__DIR": str(folder.parent / "archive"),
            **key_files(folder.parent),
        },
    )


def city_in(folder: Path) -> City:
    """Load the city of a folder, which must be sound."""
    city, problems = load_city(folder)
    assert city is not None, problems
    return city


def parts_for(settings: Settings, folder: Path, meter: MemoryMeter) -> wiring.Parts:
    """Gather what the stages share."""
    return wiring.Parts(
        settings=settings,
        cities=(CityFolder(city_in(folder), folder),),
        clock=wiring.clock_of(settings),
        meter=meter,
        owner=wiring.owner_name(),
    )


@contextmanager
def at_work(
    parts: wiring.Parts, names: tuple[str, ...] = ("notifier", "geofence", "ingest")
) -> Iterator[RunningStages]:
    """Run the stages, and fail when one of them ended on its own."""
    over = threading.Event()
    stages = RunningStages([wiring.STAGES[name](parts) for name in names], over)
    stages.start()
    try:
        yield stages
    finally:
        stages.stop()
    assert stages.failed is None, f"the {stages.failed} stage ended on its own"


def wait_until_decided(store: Store, city: str, seconds: float = 60) -> None:
    """Wait until the engine has taken everything that is in the city's stream."""
    newest = store.newest(keys.events(city), 1)
    last = newest[0].id if newest else START
    wait_until(lambda: _at(store.load(city).cursor) >= _at(last), seconds, "the engine to decide everything")


def wait_until_sent(store: Store, city: str, seconds: float = 60) -> None:
    """Wait until the notifier has finished every alert."""
    wait_until(lambda: store.backlog(keys.alerts(city), "notifier") == 0, seconds, "the notifier to finish")


def _at(entry: str) -> tuple[int, int]:
    first, second = entry.split("-")
    return int(first), int(second)
