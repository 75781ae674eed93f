"""Some hours of the recorded Jersey City day for workers that come and go, and what must be true when they are over."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gomikuru import wiring
from gomikuru.clocks import DrivenClock
from gomikuru.pings_csv import read_pings
from gomikuru.replay import Twin, homes_of
from gomikuru.residents_csv import read_residents
from gomikuru.settings import load
from ingest.screen import Limits, screen
from model.alert import Alert, decode_alert
from model.event import encode_event
from model.ping import Ping
from model.times import parse_rfc3339
from residents.adapters.redis_registry import RedisRegistry
from streams import keys
from streams.redis_streams import RedisStore
from tests.support import jersey
from tests.support.brokers import CITY
from tests.support.fcm_server import FcmServer
from tests.support.fleet import Feeder, Fleet, Member, at_sea
from tests.support.service import city_in, wait_until_decided, wait_until_sent
from tests.support.stores import RedisClusterServers, StoreServer, emptied
from tests.support.waiting import wait_until

FROM, UNTIL = "2015-12-10T13:00:00Z", "2015-12-10T16:00:00Z"
HOMES = 3000
SLICE = 30
RECLAIM_S = 4
AUDIT = "audit"
"""A group that reads nothing: nothing of the alerts is trimmed before the test has counted them."""


class WorkingDay:
    """The input, the servers and the settings of one test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._city = jersey.write_city(folder / "jersey")
        self._residents = jersey.write_residents(folder / "residents.csv", HOMES)
        with jersey.recording().open(encoding="utf-8", newline="") as lines:
            day = read_pings("pings_arrival.csv", lines, CITY)
            hours = range(parse_rfc3339(FROM), parse_rfc3339(UNTIL))
            self.pings = [ping for ping in day if ping.received_ms in hours]
        self.store: RedisStore

    @contextmanager
    def on(
        self, server: StoreServer | RedisClusterServers, fcm: FcmServer, rest_s: float = 0.05, **settings: str
    ) -> Iterator[tuple[Fleet, Feeder]]:
        """Subscribe the homes on an emptied store; give processes to start and the feeder of the stream."""
        emptied(server)
        environ = self._environ(server.url, fcm) | settings
        self.store = wiring.store_at(load(None, environ))
        with self._residents.open(encoding="utf-8", newline="") as lines:
            RedisRegistry(self.store, DrivenClock(parse_rfc3339(FROM))).import_many(CITY, read_residents(lines).wishes)
        self.store.join(keys.alerts(CITY), AUDIT)
        events = [encode_event(ping) for ping in self._screened()]
        slices = [events[at : at + SLICE] for at in range(0, len(events), SLICE)]
        with at_sea(self._folder / "logs", environ) as fleet:
            yield fleet, Feeder(self.store, keys.events(CITY), slices, rest_s)

    def holder(self, fleet: Fleet) -> Member:
        """Tell who works the city; wait until somebody does."""
        lease = keys.lease(CITY)
        member = wait_until(lambda: fleet.holder(self.store, lease), 30, "a worker to hold the city")
        assert member is not None
        return member

    def finish(self) -> None:
        """Wait until everything is decided and sent."""
        wait_until_decided(self.store, CITY, 60)
        wait_until_sent(self.store, CITY, 60)

    def expected(self) -> list[Alert]:
        """Tell what one engine alone, without any server, decides."""
        twin = Twin(city_in(self._city))
        with self._residents.open(encoding="utf-8", newline="") as lines:
            twin.homes(homes_of(read_residents(lines).wishes), 0)
        return list(twin.play(self.pings))

    def check(self, fcm: FcmServer) -> None:
        """Hold alerts and pushes to those of one worker alone: the same in order, each once, each with its tag."""
        expected = self.expected()
        decided = [decode_alert(entry.data) for entry in self.store.read(keys.alerts(CITY), "0-0", 100_000, 0)]
        assert len(expected) > HOMES / 4, "these hours should reach many homes"
        assert facts(decided) == facts(expected)
        assert [name for name, count in Counter(alert.id for alert in decided).items() if count > 1] == []
        pushed = {(sent.tag, sent.target) for sent in fcm.sent}
        assert pushed == {(alert.id, f"phone-of-{alert.subscription}") for alert in expected}
        self.store.close()

    def _screened(self) -> Iterator[Ping]:
        for ping in self.pings:
            passed = screen(ping, Limits())
            if isinstance(passed, Ping):
                yield passed

    def _environ(self, store: str, fcm: FcmServer) -> dict[str, str]:
        """Set what a city's IT would, with short leases and small batches, and a clock that stands."""
        account = fcm.service_account(self._folder / "service-account.json")
        return {
            "PATH": os.environ["PATH"],
            "GOMIKURU_CITIES_DIR": str(self._city),
            "GOMIKURU_STORE__URL": store,
            "GOMIKURU_PUBLIC__PORT": "0",
            "GOMIKURU_STORE__TIMEOUT_S": "3",
            "GOMIKURU_GEOFENCE__LEASE_MS": "2000",
            "GOMIKURU_GEOFENCE__BATCH_MAX": "16",
            "GOMIKURU_NOTIFIER__RECLAIM_AFTER_S": str(RECLAIM_S),
            "GOMIKURU_FCM__SERVICE_ACCOUNT_FILE": str(account),
            "GOMIKURU_FCM__URL": fcm.url,
            "GOMIKURU_FCM__CA_FILE": str(fcm.ca(self._folder / "fcm-ca.pem")),
            "GOMIKURU_CLOCK__KIND": "driven",
            "GOMIKURU_CLOCK__STARTS_AT": FROM,
        }


def facts(alerts: list[Alert]) -> list[tuple[object, ...]]:
    """Tell what two workers must agree on, in the order in which it was decided."""
    return [
        (
            *(alert.id, alert.fired_ms, alert.ping, alert.vehicle, alert.kind.value),
            *(alert.eta_ms, alert.eta_low_ms, alert.eta_high_ms),
        )
        for alert in alerts
    ]
