"""The store on Redis or Valkey, one server or a cluster: streams.ports.Store over redis-py.

Safe to share between threads. Each part stands in its own file; `Link` is how all of them ask.
"""

from __future__ import annotations

from streams.connect import SOCKET_TIMEOUT_S, Client, connect
from streams.fenced import RedisFencedState
from streams.link import Link, address_of
from streams.ordered import RedisOrderedLog
from streams.shared import RedisSharedQueue
from streams.tables import RedisTables


class RedisStore(RedisOrderedLog, RedisFencedState, RedisSharedQueue, RedisTables):
    """All of the store.

    With `wait_replicas` every append, commit, transaction and blob returns only when so many replicas have it; fewer
    within `wait_ms` raise StoreUnavailable, since it may be lost with the primary.
    """

    def __init__(self, client: Client, *, wait_replicas: int = 0, wait_ms: int = 1000) -> None:
        self.client = client
        self._link = Link(client, wait_replicas, wait_ms)

    @classmethod
    def at(
        cls,
        url: str,
        *,
        username: str | None = None,
        password: str | None = None,
        ca_file: str | None = None,
        cert_file: str | None = None,
        key_file: str | None = None,
        socket_timeout_s: float = SOCKET_TIMEOUT_S,
        wait_replicas: int = 0,
        wait_ms: int = 1000,
    ) -> RedisStore:
        """Make a store from its URL (see streams.connect)."""
        client = connect(
            url,
            username=username,
            password=password,
            ca_file=ca_file,
            cert_file=cert_file,
            key_file=key_file,
            socket_timeout_s=socket_timeout_s + wait_ms / 1000 if wait_replicas else socket_timeout_s,
        )
        return cls(client, wait_replicas=wait_replicas, wait_ms=wait_ms)

    def close(self) -> None:
        """Close all connections."""
        self.client.close()

    def __repr__(self) -> str:
        return f"RedisStore({address_of(self.client)})"
