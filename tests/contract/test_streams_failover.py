"""A primary behind one address that another takes over from: the client must ask anew who is behind it."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams import keys
from streams.ports import StoreUnavailable
from streams.redis_streams import RedisStore
from tests.support.stores import ValkeyServer


@pytest.mark.parametrize("items", [1, 2])
def test_a_primary_that_became_a_replica_is_left_for_whoever_its_address_leads_to_now(
    items: int, tmp_path: Path
) -> None:
    """After READONLY the next call goes over a new connection: the old one would lead to the replica for ever."""
    server = ValkeyServer(tmp_path)
    server.start()
    store = RedisStore.at(server.url)
    store.append(keys.events("minami"), [b"x"])
    before = store.client.client_id()
    with server.client() as client:
        client.replicaof("127.0.0.1", "1")
    with pytest.raises(StoreUnavailable, match=r"READONLY|read only"):
        store.append(keys.events("minami"), [b"x"] * items)
    assert store.client.client_id() != before
    store.close()
    server.stop()


def test_a_primary_that_became_a_replica_between_a_write_and_its_wait_has_not_confirmed(tmp_path: Path) -> None:
    """The write may be lost with it: ask again, and do not give up as at a fault."""
    server = ValkeyServer(tmp_path)
    server.start()
    store = RedisStore.at(server.url, wait_replicas=1, wait_ms=50)
    with server.client() as client:
        client.config_set("replica-read-only", "no")
        client.replicaof("127.0.0.1", "1")
    for items in ([b"x"], [b"x", b"y"]):
        with pytest.raises(StoreUnavailable, match="0 of 1 replicas confirmed"):
            store.append(keys.events("minami"), items)
    store.close()
    server.stop()
