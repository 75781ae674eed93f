"""One way to ask the store, for every part of the Redis adapter: which node, which connection, what an error means.

A command goes out once. Nothing here repeats a command unless the store said that it did not run it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from typing import Any

from redis.cluster import RedisCluster
from redis.exceptions import (
    AskError,
    AuthenticationError,
    AuthorizationError,
    ClusterCrossSlotError,
    ClusterError,
    ConnectionError,
    MovedError,
    NoPermissionError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
    ResponseError,
    TimeoutError,
    TryAgainError,
)

from streams.connect import Client
from streams.ports import StoreFault, StoreUnavailable
from streams.scripts import script

Argument = str | bytes | int

_FOREIGN = (RedisError, RedisClusterException, OSError)
_REFUSED = (AuthenticationError, AuthorizationError, NoPermissionError, ClusterCrossSlotError)
_PASSING = (ConnectionError, TimeoutError, ClusterError, OutOfMemoryError, ReadOnlyError, TryAgainError, AskError)
_PASSING_CODES = (
    *("LOADING", "READONLY", "OOM", "CLUSTERDOWN", "TRYAGAIN", "ASK", "MASTERDOWN", "NOREPLICAS"),
    *("MISCONF", "UNBLOCKED", "BUSY", "UNKILLABLE", "NOTBUSY", "-LOADING"),
)


def address_of(client: Client) -> str:
    """Name the server of a client, without its password."""
    options = client.get_connection_kwargs()
    if "path" in options:
        return f"unix://{options['path']}"
    if isinstance(client, RedisCluster):
        nodes: Any = client.nodes_manager.nodes_cache
        return "cluster of " + ", ".join(sorted(nodes))
    return f"{options.get('host', 'localhost')}:{options.get('port', 6379)}"


def meaning(error: Exception, where: str) -> StoreUnavailable | StoreFault:
    """Tell what a foreign error means to a room: ask again, or repair something first."""
    text = f"{where}: {type(error).__name__}: {error}"
    if isinstance(error, _REFUSED):
        return StoreFault(f"{text}. Check user, password and rights of the store")
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return StoreFault(f"{text}. Name the authority that signed the store's certificate as its CA file")
    if isinstance(error, (*_PASSING, RedisClusterException, OSError)):
        return StoreUnavailable(f"{text}. It may or may not have happened; ask again")
    code = str(error).partition(" ")[0]
    if code in _PASSING_CODES:
        return StoreUnavailable(f"{text}. The store cannot at present; ask again")
    if code == "NOGROUP":
        return StoreFault(f"{text}. Call join() first")
    return StoreFault(text)


class Link:
    """Sends commands to the node that holds a key; safe to share between threads."""

    def __init__(self, client: Client, wait_replicas: int = 0, wait_ms: int = 1000) -> None:
        self.client = client
        self._cluster: Any = client if isinstance(client, RedisCluster) else None
        self._single: Any = client
        self._wait_replicas = wait_replicas
        self._wait_ms = wait_ms
        timeout_s = client.get_connection_kwargs().get("socket_timeout")
        self._longest_block_ms = 60_000 if timeout_s is None else max(1, int(timeout_s * 500))

    def call(self, key: str, *command: Argument, durable: bool = False) -> Any:
        """Send one command about `key`; `durable`: return only when enough replicas have it."""
        try:
            return self._send(key, command, durable)
        except _FOREIGN as error:
            raise self._meaning(error, command[0], key) from error

    def run(self, name: str, keys: Sequence[str], arguments: Sequence[Argument], *, durable: bool = False) -> Any:
        """Run a script on keys of one slot, giving the store its text when it does not know it."""
        known = script(name)
        rest = (len(keys), *keys, *arguments)
        try:
            try:
                return self._send(keys[0], ("EVALSHA", known.sha, *rest), durable)
            except NoScriptError:
                return self._send(keys[0], ("EVAL", known.text, *rest), durable)
        except _FOREIGN as error:
            raise self._meaning(error, name, keys[0]) from error

    def waits(self, block_ms: int) -> Iterator[list[Argument]]:
        """Cut a wait into BLOCK options that are shorter than the socket's timeout; none at all for no wait."""
        if block_ms <= 0:
            yield []
            return
        deadline = time.monotonic() + block_ms / 1000
        left_ms = block_ms
        while left_ms > 0:
            yield ["BLOCK", min(left_ms, self._longest_block_ms)]
            left_ms = int((deadline - time.monotonic()) * 1000)

    def _send(self, key: str, command: tuple[Argument, ...], durable: bool) -> Any:
        if durable and self._wait_replicas:
            return self._send_and_wait(key, command)
        if self._cluster is None:
            return self._single.execute_command(*command)
        return self._cluster.execute_command(*command, target_nodes=self._node(key))

    def _send_and_wait(self, key: str, command: tuple[Argument, ...]) -> Any:
        """WAIT speaks of the writes of its own connection, so both go over the same."""
        try:
            return self._on_one_connection(self._server(key), command)
        except MovedError:
            self._refresh()
            return self._on_one_connection(self._server(key), command)
        except (ConnectionError, TimeoutError):
            self._refresh()
            raise

    def _on_one_connection(self, server: Any, command: tuple[Argument, ...]) -> Any:
        with server.client() as one:
            answer = one.execute_command(*command)
            confirmed = self._confirmed(one)
        if confirmed < self._wait_replicas:
            raise StoreUnavailable(
                f"{address_of(self.client)}: {confirmed} of {self._wait_replicas} replicas confirmed within "
                f"{self._wait_ms} ms. It happened on the primary and may be lost with it; look at its replicas"
            )
        return answer

    def _confirmed(self, one: Any) -> int:
        """Tell how many replicas have the last write; none where the primary became a replica since."""
        try:
            return int(one.execute_command("WAIT", self._wait_replicas, self._wait_ms))
        except ResponseError as error:
            if "cannot be used with replica" not in str(error):
                raise
            self._refresh()
            return 0

    def _server(self, key: str) -> Any:
        return self._single if self._cluster is None else self._cluster.get_redis_connection(self._node(key))

    def _node(self, key: str) -> Any:
        try:
            return self._cluster.get_node_from_key(key)
        except RedisClusterException:
            self._refresh()
            return self._cluster.get_node_from_key(key)

    def _refresh(self) -> None:
        """Ask the cluster who holds what now; if nobody answers, the next call asks again."""
        if self._cluster is not None:
            with contextlib.suppress(*_FOREIGN):
                self._cluster.nodes_manager.initialize()

    def _meaning(self, error: Exception, what: Argument, key: str) -> StoreUnavailable | StoreFault:
        if self._cluster is None and (isinstance(error, ReadOnlyError) or str(error).startswith("READONLY")):
            # The primary is a replica now: its name may already lead to the new one, over a new connection only.
            self._single.connection_pool.disconnect(inuse_connections=False)
        where = f"{address_of(self.client)}: {what!s} of {key}"
        if isinstance(error, AskError) and self._cluster is None:
            return StoreFault(f"{where}: this server belongs to a cluster: write redis+cluster:// in the store's URL")
        return meaning(error, where)
