"""Alerts in the store to requests at a local FCM server: worker, registry, words and adapter as they are shipped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from model.subscription import MetresLead, Pin, Quiet, Target, TargetKind
from notifier import dead_letters
from notifier.adapters.fcm import FcmChannel
from notifier.adapters.fcm_settings import FcmSettings
from notifier.adapters.residents import RegistryResidents
from notifier.adapters.screen import ScreenChannel
from notifier.limits import Limits
from notifier.phones import Phones
from residents.adapters.redis_registry import RedisRegistry
from residents.wish import Wish
from streams import keys
from streams.memory import MemoryStore
from streams.ports import Store
from streams.redis_streams import RedisStore
from tests.support import fcm_answers as google
from tests.support.fcm_server import FcmServer
from tests.support.notifying import NOW_MS, QUICK, Bench, SetClock, alert, screen, token
from tests.support.waiting import wait_until


class City:
    """A city whose households are in the registry, and a worker that sends to the local server and to screens."""

    def __init__(self, server: FcmServer, folder: Path, store: Store, **options: object) -> None:
        self.server = server
        self.registry = RedisRegistry(store, SetClock())
        self.phones = Phones()
        self.settings = FcmSettings(
            service_account_json=json.dumps(server.account()),
            endpoint=server.url,
            ca_file=server.ca(folder / "ca.pem"),
            concurrency=40,
            timeout_s=5.0,
        )
        self.store = store
        self.bench = self.worker(**options)

    def worker(self, **options: object) -> Bench:
        """Make a worker, not yet running."""
        fcm = FcmChannel(self.settings)
        screens = ScreenChannel(self.phones, SetClock())
        channels = {TargetKind.FCM_TOKEN: fcm, TargetKind.FCM_FID: fcm, TargetKind.SCREEN: screens}
        return Bench(self.store, RegistryResidents(self.registry), channels, **options)

    def home(self, name: str, *targets: Target, quiet: Quiet | None = None) -> None:
        """Subscribe a household."""
        self.registry.put(
            "minami", Wish(id=name, place=Pin(34.83, 135.47), lead=MetresLead(500.0), targets=targets, quiet=quiet)
        )

    def targets(self, name: str) -> tuple[Target, ...]:
        """Tell a household's targets."""
        one = self.registry.get("minami", name)
        assert one is not None
        return one.targets

    def done(self) -> bool:
        """Tell whether every alert is finished."""
        return self.bench.left() == 0


@pytest.fixture
def minami(fcm_server: FcmServer, tmp_path: Path) -> City:
    return City(fcm_server, tmp_path, MemoryStore())


def test_each_household_gets_one_push_with_its_tag_and_life(minami: City) -> None:
    """Three hundred alerts are three hundred requests, each once, in the resident's words."""
    minami.server.round_trip_s = 0.01
    for n in range(300):
        minami.home(f"s{n}", token(f"t{n}"))
    minami.bench.tell(*(alert(f"s{n}") for n in range(300)))
    with minami.bench.running():
        wait_until(minami.done, what="all to finish")
    assert {(sent.target, sent.tag) for sent in minami.server.sent} == {
        (f"t{n}", alert(f"s{n}").id) for n in range(300)
    }
    assert minami.server.repeats() == 0
    assert minami.server.most_in_flight <= 40
    assert {sent.message["android"]["ttl"] for sent in minami.server.sent} == {"600s"}
    assert {record.what for record in minami.bench.records()} == {"delivered"}


def test_what_fcm_says_is_gone_is_pruned_and_nothing_else(minami: City) -> None:
    """The household keeps its other devices; a token of another sender is out of use and comes back when unbarred."""
    minami.home("s1", token("well"), token("gone"), token("invalid"), token("foreign"), screen("screen"))
    minami.server.script("gone", google.UNREGISTERED)
    minami.server.script("invalid", google.BAD_TOKEN)
    minami.server.script("foreign", google.SENDER_MISMATCH)
    minami.bench.tell(alert("s1"))
    with minami.bench.running():
        wait_until(minami.done, what="the alert to finish")
    assert set(minami.targets("s1")) == {token("well"), screen("screen")}
    assert minami.phones.pushes == 1
    minami.registry.unbar_targets("minami", ["s1"])
    assert set(minami.targets("s1")) == {token("well"), screen("screen"), token("foreign")}


def test_a_bad_template_prunes_nobody(minami: City) -> None:
    """Every send of the day refused for its payload, in both of Google's forms: every household keeps its token."""
    for n in range(60):
        minami.home(f"s{n}", token(f"t{n}"))
        minami.server.script(f"t{n}", google.BAD_PAYLOAD if n % 2 else google.BAD_PAYLOAD_FCM)
    minami.bench.tell(*(alert(f"s{n}") for n in range(60)))
    with minami.bench.running():
        wait_until(minami.done, what="all to finish")
    assert all(minami.targets(f"s{n}") == (token(f"t{n}"),) for n in range(60))
    assert len(minami.server.sent) == 60
    assert len(list(dead_letters.letters(minami.store, "minami"))) == 60


def test_a_busy_hour_at_google_costs_no_alert_and_no_second_push(minami: City) -> None:
    """503 twice with and without Retry-After, a 500, garbage, a quota: each household gets its push in the end."""
    trouble = [google.busy("0"), google.INTERNAL, google.GARBAGE, google.quota("0"), google.busy(), google.BAD_GATEWAY]
    for n in range(60):
        minami.home(f"s{n}", token(f"t{n}"))
        minami.server.script(f"t{n}", trouble[n % 6], google.OK)
    minami.bench.tell(*(alert(f"s{n}") for n in range(60)))
    with minami.bench.running():
        wait_until(minami.done, what="all to finish")
    assert [record.what for record in minami.bench.records()] == ["delivered"] * 60
    assert len(minami.server.sent) == 120
    assert all({sent.tag for sent in minami.server.to(f"t{n}")} == {alert(f"s{n}").id} for n in range(60))


def test_expired_and_quiet_alerts_never_reach_the_server(minami: City) -> None:
    """Not one request leaves the house."""
    minami.home("s1", token("t1"))
    minami.home("s2", token("t2"), quiet=Quiet(8 * 60, 9 * 60))
    minami.bench.tell(alert("s1", useful_until_ms=NOW_MS - 1), alert("s2"))
    with minami.bench.running():
        wait_until(minami.done, what="both to finish")
    assert minami.server.sent == []
    assert minami.server.desk.requests == []


def test_a_worker_that_died_between_send_and_done_makes_the_phone_show_one_thing(
    fcm_server: FcmServer, tmp_path: Path
) -> None:
    """The next worker sends again under the same tag and collapse ids."""
    store = MemoryStore()
    minami = City(fcm_server, tmp_path, store, limits=QUICK)
    minami.home("s1", token("t1"))
    minami.bench.tell(alert("s1"))
    # Taken by a worker that sent, and died: the entry is pending under its name.
    store.join(keys.alerts("minami"), "notifier")
    assert store.take(keys.alerts("minami"), "notifier", "dead", 10, 0)
    quick = Limits(block_ms=20, reclaim_idle_s=0.2, reclaim_every_s=0.05)
    first = minami.worker(limits=quick, worker_name="worker-2")
    with first.running():
        wait_until(minami.done, what="the alert to be taken over")
    first.tell(alert("s1"))
    second = minami.worker(limits=quick, worker_name="worker-3")
    with second.running():
        wait_until(lambda: len(fcm_server.sent) == 2, what="the repeat")
        wait_until(minami.done, what="the repeat to finish")
    one, two = fcm_server.to("t1")
    for world in ("android", "webpush", "data"):
        assert one.message[world] == two.message[world]
    ids = [sent.message["apns"]["headers"]["apns-collapse-id"] for sent in (one, two)]
    assert ids == [alert("s1").id] * 2


def test_two_workers_over_a_real_store_send_each_alert_once(
    valkey_store: RedisStore, fcm_server: FcmServer, tmp_path: Path
) -> None:
    """Two hundred alerts in Valkey, two workers, two hundred requests."""
    minami = City(fcm_server, tmp_path, valkey_store)
    for n in range(200):
        minami.home(f"s{n}", token(f"t{n}"))
    other = minami.worker(worker_name="worker-2")
    with minami.bench.running(), other.running():
        minami.bench.tell(*(alert(f"s{n}") for n in range(200)))
        wait_until(lambda: minami.done() and len(minami.bench.records()) == 200, seconds=30, what="all to finish")
    assert len(fcm_server.sent) == 200
    assert fcm_server.repeats() == 0
