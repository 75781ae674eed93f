"""The public listener for tests: the real app on a real socket and store, the sample city, a clock that is set."""

from __future__ import annotations

import contextlib
import shutil
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import msgspec

from gomikuru.city_files import CityFolder, load_city
from gomikuru.forgetting import Forgetting
from gomikuru.metrics import PrometheusMeter
from gomikuru.places import sample_cities
from gomikuru.public_city import PublicFiles
from model.times import parse_rfc3339
from notifier.adapters.reports import TestDesk
from residents.adapters.key_files import AgreedKeys, KeyFiles
from residents.adapters.reception import Reception
from residents.adapters.redis_registry import RedisRegistry
from streams.ports import Store
from web.adapters.alerts_today import AlertsToday
from web.adapters.desks import StreamReports
from web.adapters.page_feed import StreamPages
from web.adapters.server import WebServer
from web.api.app import Door
from web.api.guard import Guard, Rates
from web.api.house import House
from web.app import LOCAL_HOSTS
from web.ports import ChannelsOffered, PublicCity
from web.public import Front, make_public

MONDAY_MS = parse_rfc3339("2026-11-30T08:00:00+09:00")
"""A day on which burnable waste is collected in zone inaho-1."""

PLENTY = Rates(
    address="100000/minute",
    device="100000/minute",
    sign_ups="100000/minute",
    codes="100000/minute",
    wrong_codes="100000/minute",
    searches="100000/minute",
)
HOME: Mapping[str, Any] = {
    "place": {"kind": "pin", "lat": 34.8209, "lon": 135.455},
    "lead": {"minutes": 10},
    "categories": ["burnable"],
}
BROWSER: Mapping[str, Any] = {
    "kind": "webpush",
    "subscription": {
        "endpoint": "https://updates.push.services.mozilla.com/wpush/v2/SECRET-ENDPOINT-OF-A-PHONE",
        "expirationTime": None,
        "keys": {"p256dh": "B" * 87, "auth": "a" * 22},
    },
}
OFFERED = ChannelsOffered(webpush_key="B" * 87, email=True, fcm={"projectId": "p"})


class SetClock:
    """Service time that a test sets."""

    def __init__(self, now_ms: int = MONDAY_MS) -> None:
        self.ms = now_ms

    def now_ms(self) -> int:
        return self.ms


class Public:
    """A house, its listener, and a client."""

    def __init__(
        self,
        store: Store,
        folder: Path,
        *,
        rates: Rates = PLENTY,
        front: Front | None = None,
        proxies: int = 0,
        cities: tuple[str, ...] = ("sample",),
    ) -> None:
        self.store, self.clock = store, SetClock()
        self.keys = AgreedKeys(KeyFiles(folder / "keys" / "master.key"), store)
        self.registry = RedisRegistry(store, self.clock, sealers=self.keys.sealer)
        self.reception = Reception(store, self.registry, self.keys, self.clock, Forgetting(store, self.keys))
        known = frozenset({"ja", "en"})
        places: dict[str, PublicCity] = {city: PublicFiles(_city(folder, city), known) for city in cities}
        self.house = House(
            cities=places,
            registry=self.registry,
            reception=self.reception,
            today=AlertsToday(store, places),
            notices=TestDesk(store),
            reports=StreamReports(store, 1000),
            guard=Guard(rates),
            clock=self.clock,
            meter=PrometheusMeter(),
            forget=Forgetting(store, self.keys),
            channels_of=lambda _city: OFFERED,
        )
        self.feeds = {city: StreamPages(store, city) for city in cities}
        front = front or Front(hosts=LOCAL_HOSTS)
        self.app = make_public(Door(self.house, proxies), front, page_feeds=self.feeds)
        self.server = WebServer(self.app)

    @contextlib.contextmanager
    def serving(self) -> Iterator[Public]:
        """Serve for the length of the block."""
        self.server.start()
        try:
            with httpx.Client(base_url=self.server.url, timeout=30) as self.client:
                yield self
        finally:
            self.server.stop()

    def ask(self, method: str, path: str, key: str | None = None, body: Any = None, **headers: str) -> httpx.Response:
        """Ask the API; `path` follows /api/v1/cities/."""
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        content = None if body is None else msgspec.json.encode(body)
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        return self.client.request(method, f"api/v1/cities/{path}", content=content, headers=headers)

    def sign_up(self, city: str = "sample", repeat_key: str | None = None, **changes: Any) -> dict[str, Any]:
        """Sign a home up."""
        answer = self.ask(
            "POST", f"{city}/homes", None, {**HOME, **changes}, **{"Idempotency-Key": repeat_key or str(uuid.uuid4())}
        )
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found


def _city(folder: Path, city: str) -> CityFolder:
    """Copy the sample city under another id."""
    copy = folder / "cities" / city
    if not copy.exists():
        shutil.copytree(sample_cities() / "sample", copy)
        toml = copy / "city.toml"
        toml.write_text(toml.read_text(encoding="utf-8").replace('id = "sample" ', f'id = "{city}" '), encoding="utf-8")
    read, problems = load_city(copy)
    assert read is not None, problems
    return CityFolder(read, copy)
