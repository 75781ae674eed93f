"""A Redis Cluster whose masters have a replica each, and what can be done to it: failovers, crashes, a replica away."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import redis

from tests.support.stores import RedisClusterServers, RedisServer
from tests.support.waiting import wait_until


class ReplicatedCluster(RedisClusterServers):
    """Three masters and three replicas. Addresses are asked anew each time: who is master changes."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, replicas=1)

    def start(self) -> None:
        """Start the nodes, make them a cluster, and wait until every replica follows its master."""
        super().start()
        wait_until(lambda: all(self._follows(node) for node in self.nodes), 30, "the replicas")

    def master_of(self, key: str) -> RedisServer:
        """Tell which node serves a key now."""
        return self._found(key, heir=False)

    def replica_of(self, key: str) -> RedisServer:
        """Tell which node would take over."""
        return self._found(key, heir=True)

    def has_read_all(self, key: str) -> bool:
        """Tell whether the replica has everything that its master wrote."""
        with self.master_of(key).client() as client:
            facts = client.info("replication")
        return int(facts["slave0"]["offset"]) == int(facts["master_repl_offset"])

    def promote(self, key: str, heir: RedisServer) -> None:
        """Make a replica the master whether or not anybody agrees."""
        with heir.client() as client:
            client.execute_command("CLUSTER FAILOVER", "TAKEOVER")
        self.await_master(key, heir)

    def take_over(self, key: str, how: str) -> None:
        """Make the replica the master by CLUSTER FAILOVER (`how`: FORCE or TAKEOVER), and wait until it is."""
        heir = self.replica_of(key)
        for _ in range(6):  # an election may fail on a busy machine, as it may in life
            with contextlib.suppress(redis.ResponseError), heir.client() as client:
                client.execute_command("CLUSTER FAILOVER", how)
            with contextlib.suppress(AssertionError):
                wait_until(lambda: self._agreed(key, heir), 5, f"port {heir.port} to become master")
                return
        self.await_master(key, heir)

    def await_master(self, key: str, node: RedisServer) -> None:
        """Wait until all nodes that run agree that a node serves a key."""
        wait_until(lambda: self._agreed(key, node), 40, f"port {node.port} to become master")

    def await_replicas(self) -> None:
        """Wait until every node runs and follows, or is followed."""
        wait_until(lambda: all(self._follows(node) for node in self.nodes), 30, "the replicas to follow")

    def _found(self, key: str, heir: bool) -> RedisServer:
        node = wait_until(lambda: self._of(key, heir), 20, "a replica" if heir else "a master")
        assert node is not None
        return node

    def _of(self, key: str, heir: bool) -> RedisServer | None:
        """Ask the nodes in turn, but believe only the master itself about its replica."""
        for node in self.nodes:
            view = self._view(node)
            master = self._master_port(view, node, key) if view else 0
            if not heir and master:
                return self._at(master)
            if heir and master == node.port:
                chief = next(facts["node_id"] for address, facts in view.items() if _port(address) == master)
                heirs = [_port(address) for address, facts in view.items() if facts["master_id"] == chief]
                return self._at(heirs[0]) if heirs else None
        return None

    def _agreed(self, key: str, node: RedisServer) -> bool:
        views = [(each, self._view(each)) for each in self.nodes]
        return all(self._master_port(view, each, key) == node.port for each, view in views if view)

    @staticmethod
    def _master_port(view: dict[str, Any], node: RedisServer, key: str) -> int:
        with node.client() as client:
            slot = int(client.execute_command("CLUSTER KEYSLOT", key))
        for address, facts in view.items():
            if any(int(held[0]) <= slot <= int(held[-1]) for held in facts["slots"]):
                return _port(address)
        return 0

    def _at(self, port: int) -> RedisServer:
        return next(node for node in self.nodes if node.port == port)

    @staticmethod
    def _view(node: RedisServer) -> dict[str, Any]:
        with contextlib.suppress(redis.RedisError, OSError), _impatient(node) as client:
            return dict(client.execute_command("CLUSTER NODES"))
        return {}

    @staticmethod
    def _follows(node: RedisServer) -> bool:
        with contextlib.suppress(redis.RedisError, OSError), _impatient(node) as client:
            facts = client.info("replication")
            if facts["role"] == "master":
                return int(facts["connected_slaves"]) == 1 and facts["slave0"]["state"] == "online"
            return bool(facts["master_link_status"] == "up")
        return False


def _impatient(node: RedisServer) -> redis.Redis:
    """Make a client that does not wait for a node that is frozen."""
    return redis.Redis(port=node.port, protocol=2, socket_timeout=0.5)


def _port(address: str) -> int:
    return int(address.partition("@")[0].rpartition(":")[2])
