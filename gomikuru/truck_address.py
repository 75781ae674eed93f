"""Where a truck connects and what its broker must be told: the address to give out, with its pitfalls. Pure."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

from gomikuru.settings import Settings
from gomikuru.trucks import TruckRefused
from ingest.adapters.mqtt_options import MqttOptions

ANY_ADDRESS = ("0.0.0.0", "::", "")  # noqa: S104  # recognised, not listened on


class Address(NamedTuple):
    """The broker as a truck sees it, and what to say of it (or nothing)."""

    host: str
    port: int
    tls: bool
    remark: str | None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"


def address_of(settings: Settings, named: str | None, own_name: str) -> Address:
    """Tell where trucks connect: as named, else by the settings; raise TruckRefused where no truck could know."""
    embedded = settings.embedded
    if named is None and embedded.broker:
        if embedded.broker_port == 0:
            raise TruckRefused(
                "embedded.broker_port is 0, another port at every start, so that no truck can be told: set"
                " embedded.broker_port = 8883 and embedded.broker_host to a name"
                " that trucks reach, or say with --broker where trucks connect"
            )
        host = own_name if embedded.broker_host in ANY_ADDRESS else embedded.broker_host
        tls = embedded.broker_cert_file is not None
        return Address(host, embedded.broker_port, tls, _remark(host, "set embedded.broker_host to"))
    try:
        options = MqttOptions.from_url(named or settings.broker.url)
    except ValueError as error:
        raise TruckRefused(f"--broker: {error}") from error
    remark = None if named else _remark(options.host, "give with --broker")
    return Address(options.host, options.port, options.tls, remark)


def _remark(host: str, remedy: str) -> str:
    if _this_machine_only(host):
        return f"{host} is this machine only: no truck can reach it; {remedy} a name that trucks reach"
    return f"{host} must be a name that the truck's phone or tracker can reach; if it is not, give that with --broker"


def _this_machine_only(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def to_reload(embedded: bool, mosquitto: bool, nats: bool) -> str:
    """Tell how the broker learns of a changed file."""
    if embedded:
        return "Restart the service (systemctl restart gomikuru): the embedded broker reads its users when it starts."
    ways = []
    if mosquitto or not nats:
        ways.append("kill -HUP for Mosquitto")
    if nats or not mosquitto:
        ways.append("nats-server --signal reload for NATS")
    return f"Reload the broker: {', '.join(ways)}. A service that runs reads trucks.csv when it starts again."
