"""How to reach an MQTT broker, as values: address, TLS, credentials, session, limits. Nothing here connects."""

from __future__ import annotations

import ssl
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

import msgspec

_PORTS = {"mqtt": 1883, "mqtts": 8883}


class _TidySocket(ssl.SSLSocket):
    """Closes itself when the handshake fails, which paho leaves to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


class MqttOptions(msgspec.Struct, frozen=True, kw_only=True):
    """One client of one broker. `queue_limit` bounds what waits in memory, `receive_maximum` what is unacknowledged.

    `client_id` names the session that the broker keeps: fixed, one for each ingest process, without a dot (NATS).
    """

    host: str
    port: int = 1883
    tls: bool = False
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    username: str | None = None
    password: str | None = None
    client_id: str = "gomikuru-ingest"
    protocol: Literal["5", "3.1.1"] = "5"
    keepalive_s: int = 30
    session_expiry_s: int = 7 * 86_400
    receive_maximum: int = 1_024
    queue_limit: int = 2_048
    share_group: str | None = None
    connect_timeout_s: float = 10.0
    backoff_s: float = 0.5
    backoff_limit_s: float = 30.0

    def __post_init__(self) -> None:
        sign = next((sign for sign in ". +#/\t\n" if sign in self.client_id), None)
        if not self.client_id or sign is not None:
            raise ValueError(f"MQTT client id {self.client_id!r}: must not be empty, nor hold {sign!r}; use - instead")
        if self.share_group is not None and self.protocol != "5":
            raise ValueError(
                "MQTT shared subscriptions need protocol 5; NATS has none: run one ingest there, without share_group"
            )
        if self.share_group is not None and (not self.share_group or any(sign in self.share_group for sign in "/+#")):
            raise ValueError(f"MQTT share group {self.share_group!r}: must not be empty, nor hold / + #")
        if not 1 <= self.receive_maximum <= 65_535 or self.queue_limit < 1:
            raise ValueError("MQTT receive_maximum must be 1 to 65535, and queue_limit at least 1")

    def __repr__(self) -> str:
        scheme = "mqtts" if self.tls else "mqtt"
        return f"MqttOptions({scheme}://{self.host}:{self.port}, client_id={self.client_id!r}, password=masked)"

    @classmethod
    def from_url(cls, url: str, **rest: Any) -> MqttOptions:
        """Read mqtt://[user:password@]host[:port] or mqtts://...; `rest` wins over what the address says."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("the broker's address must look like mqtt://host:1883 or mqtts://host:8883")
        found: dict[str, Any] = {
            "host": parts.hostname,
            "port": parts.port or _PORTS[parts.scheme],
            "tls": parts.scheme == "mqtts",
            "username": unquote(parts.username) if parts.username else None,
            "password": unquote(parts.password) if parts.password else None,
        }
        return cls(**(found | {name: value for name, value in rest.items() if value is not None}))

    def tls_context(self) -> ssl.SSLContext | None:
        """Read the certificate files and make the context, or None for plain MQTT."""
        if not self.tls:
            return None
        context = ssl.create_default_context(cafile=self.ca_file)
        context.sslsocket_class = _TidySocket
        if self.cert_file:
            context.load_cert_chain(self.cert_file, self.key_file)
        return context

    def shared(self, filters: list[str]) -> list[str]:
        """Write the topic filters as the share group subscribes to them."""
        return [f"$share/{self.share_group}/{one}" for one in filters] if self.share_group else filters
