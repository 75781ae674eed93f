"""The servers of a run, each a real one, and the settings that a victim gets; what breaks them is here too."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.support.brokers import INGEST, BrokerServer, Mosquitto, Nats
from tests.support.fcm_answers import BAD_PAYLOAD, OK, UNREGISTERED, busy
from tests.support.fcm_server import FcmServer
from tests.support.stores import StoreServer, ValkeyServer

BROKERS: dict[str, type[BrokerServer]] = {"mosquitto": Mosquitto, "nats": Nats}


def refuses(home: str) -> bool:
    """Tell whether FCM takes no message for a home: its alerts become dead letters."""
    return int(home.rpartition("-")[2]) % 25 == 7


class Site:
    """Valkey with appendfsync always, a broker, and the stand-in for FCM and the phones behind it."""

    def __init__(self, folder: Path, broker: str) -> None:
        self.folder = folder
        self.store: StoreServer = ValkeyServer(folder / "valkey")
        self.broker = BROKERS[broker](folder / "broker")
        self.fcm = FcmServer()

    @property
    def keeps_order(self) -> bool:
        """Whether the broker redelivers what was in hand before what is new; NATS does not."""
        return isinstance(self.broker, Mosquitto)

    def start(self) -> None:
        """Start all."""
        self.store.start()
        self.broker.start()
        self.fcm.start()

    def stop(self) -> None:
        """End all."""
        self.fcm.stop()
        self.broker.kill9()
        self.store.kill9()

    def script(self, home: str, phone: str, old_phone: str) -> None:
        """Say how FCM answers for a home's devices: some busy though it delivers, some refusing, old ones gone."""
        number = int(home.rpartition("-")[2])
        self.fcm.script(old_phone, UNREGISTERED)
        if refuses(home):
            self.fcm.script(phone, BAD_PAYLOAD)
        elif number % 10 == 5:
            self.fcm.script(phone, busy(), OK)

    def settings(self) -> dict[str, str]:
        """Tell a victim's settings, as a city's IT would, with the shortest lease and reclaim that make sense."""
        account = self.fcm.service_account(self.folder / "service-account.json")
        return {
            "GOMIKURU_CITIES_DIR": str(self.folder / "city"),
            "GOMIKURU_BROKER__URL": self.broker.url,
            "GOMIKURU_BROKER__USERNAME": INGEST,
            "GOMIKURU_BROKER__PASSWORD": INGEST[::-1],
            "GOMIKURU_BROKER__PROTOCOL": self.broker.protocols[0],
            "GOMIKURU_STORE__URL": self.store.url,
            "GOMIKURU_PUBLIC__PORT": "0",
            "GOMIKURU_ARCHIVE__ENABLED": "false",
            "GOMIKURU_STORE__TIMEOUT_S": "1.0",
            "GOMIKURU_GEOFENCE__LEASE_MS": "1000",
            "GOMIKURU_NOTIFIER__RECLAIM_AFTER_S": "1.5",
            "GOMIKURU_NOTIFIER__MAX_TRIES": "30",
            "GOMIKURU_FCM__SERVICE_ACCOUNT_FILE": str(account),
            "GOMIKURU_FCM__URL": self.fcm.url,
            "GOMIKURU_FCM__CA_FILE": str(self.fcm.ca(self.folder / "fcm-ca.pem")),
        }

    def down(self, which: str) -> None:
        """Let a server die: Valkey and NATS as in a crash; Mosquitto in order, since its queue survives only that."""
        if which == "broker" and isinstance(self.broker, Mosquitto):
            self.broker.stop()
        else:
            self._server(which).kill9()

    def up(self, which: str) -> None:
        """Start a dead server on its port and files."""
        self._server(which).start()

    def freeze(self, which: str) -> None:
        """Stop a server where it stands."""
        os.kill(self._server(which).pid, signal.SIGSTOP)

    def thaw(self, which: str) -> None:
        """Let it go on."""
        os.kill(self._server(which).pid, signal.SIGCONT)

    def _server(self, which: str) -> StoreServer | BrokerServer:
        return self.store if which == "store" else self.broker
