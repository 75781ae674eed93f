"""From a store's address (a URL) to a redis-py client. The only place that knows how the client must be set up:

no retries, since a repeated append is a second entry; bytes stay bytes; RESP2, whose answers look the same on every
version of redis-py; a password never shows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

import msgspec
from redis import Redis, UnixDomainSocketConnection
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.connection import ConnectionPool
from redis.exceptions import RedisClusterException, RedisError
from redis.retry import Retry

from streams.ports import StoreUnavailable

Client: TypeAlias = Redis | RedisCluster
"""One server (or a primary with replicas), or a cluster."""

SCHEMES = ("redis", "rediss", "redis+cluster", "rediss+cluster", "unix")
SOCKET_TIMEOUT_S = 10.0


class Address(msgspec.Struct, frozen=True):
    """Where a store is and who asks. Its text and repr carry no password."""

    scheme: str
    host: str = ""
    port: int = 6379
    path: str = ""
    db: int = 0
    username: str | None = None
    password: str | None = None

    @property
    def cluster(self) -> bool:
        """Tell whether it is a Redis Cluster."""
        return self.scheme.endswith("+cluster")

    @property
    def tls(self) -> bool:
        """Tell whether the connection is encrypted."""
        return self.scheme.startswith("rediss")

    def __str__(self) -> str:
        who = f"{self.username or ''}:***@" if self.password else f"{self.username}@" if self.username else ""
        if self.scheme == "unix":
            return f"unix://{who}{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{who}{host}:{self.port}" + (f"/{self.db}" if self.db else "")

    def __repr__(self) -> str:
        return f"Address({self})"


def parse(url: str, *, username: str | None = None, password: str | None = None) -> Address:
    """Read a store's URL; user and password may come apart from it. Raise ValueError, which shows no password."""
    try:
        parts = urlsplit(url)
        port = parts.port or 6379
    except ValueError:
        raise ValueError("the store's URL cannot be read; it looks like redis://host:6379") from None
    if parts.scheme not in SCHEMES:
        raise ValueError(f"the store's URL must begin with one of {', '.join(f'{s}://' for s in SCHEMES)}")
    if parts.query or parts.fragment:
        raise ValueError("the store's URL takes no ?options and no #fragment; the settings have names of their own")
    user = username or (unquote(parts.username) if parts.username else None)
    secret = password or (unquote(parts.password) if parts.password else None)
    if parts.scheme == "unix":
        return Address("unix", path=unquote(parts.path), username=user, password=secret)
    if not parts.hostname:
        raise ValueError("the store's URL names no host; it looks like redis://host:6379")
    database = parts.path.strip("/")
    address = Address(parts.scheme, parts.hostname, port, "", _database(database), user, secret)
    if address.cluster and address.db:
        raise ValueError(f"{address}: a cluster has only database 0")
    return address


def connect(
    url: str,
    *,
    username: str | None = None,
    password: str | None = None,
    ca_file: str | None = None,
    cert_file: str | None = None,
    key_file: str | None = None,
    socket_timeout_s: float = SOCKET_TIMEOUT_S,
) -> Client:
    """Make a client. One server is connected at the first call; a cluster now, or StoreUnavailable is raised.

    Raise ValueError for a URL that cannot be read or a file that is not there.
    """
    address = parse(url, username=username, password=password)
    for file in (ca_file, cert_file, key_file):
        if file and not Path(file).is_file():
            raise ValueError(f"{address}: {file}: there is no such file")
    options: dict[str, Any] = {
        "username": address.username,
        "password": address.password,
        "protocol": 2,
        "decode_responses": False,
        "socket_timeout": socket_timeout_s,
        "socket_connect_timeout": min(5.0, socket_timeout_s),
    }
    tls = {"ssl_ca_certs": ca_file, "ssl_certfile": cert_file, "ssl_keyfile": key_file} if address.tls else {}
    never = Retry(NoBackoff(), 0)
    if address.scheme == "unix":
        pool = ConnectionPool(UnixDomainSocketConnection, path=address.path, retry=never, **options)
        return Redis.from_pool(pool)
    options |= {"host": address.host, "port": address.port, "socket_keepalive": True, "ssl": address.tls, **tls}
    if not address.cluster:
        return Redis(db=address.db, retry=never, **options)
    try:
        return RedisCluster(retry=never, require_full_coverage=False, **options)
    except (RedisError, RedisClusterException, OSError) as error:
        raise StoreUnavailable(f"{address}: no cluster answers: {error}") from error


def _database(text: str) -> int:
    if text and not text.isdecimal():
        raise ValueError("the store's URL names a database that is no number; it looks like redis://host:6379/0")
    return int(text or 0)
