"""The resident's page as it is served: the real listener, store and API; only the day is told by the test."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from gomikuru import places
from gomikuru.city_files import CityFolder, load_city
from gomikuru.city_plans import CityPlans
from gomikuru.metrics import PrometheusMeter
from gomikuru.public_city import PublicFiles
from model.subscription import AtPoint, Subscription
from notifier.adapters.catalogues import languages
from notifier.adapters.webpush_keys import VapidKey, vapid_key
from residents.today import State, Today
from streams.ports import Store
from tests.support.needs import absent
from tests.support.public import Public
from web.adapters.page_words import read_page_words
from web.adapters.server import WebServer
from web.api.app import Door
from web.app import LOCAL_HOSTS
from web.ports import ChannelsOffered, PublicCity
from web.public import Front, make_public
from web.resident import resident_routes

VAPID_SUBJECT = "mailto:push@minoridai.example"


class ToldToday:
    """The day as the test says that it stands."""

    def __init__(self) -> None:
        self.now = Today(state=State.NOT_STARTED)

    def today(self, city: str, subscription: Subscription, now_ms: int) -> Today:
        return self.now

    def at_point(self, city: str, point: AtPoint, zone: str | None, now_ms: int) -> Today:
        return self.now


class Site(NamedTuple):
    """A running page: `url` of the sample city's page, the day to be told, what is behind."""

    url: str
    day: ToldToday
    public: Public
    vapid: VapidKey
    receipts: list[str]


@contextlib.contextmanager
def resident_site(store: Store, folder: Path, *, base_map: str | None = None) -> Iterator[Site]:
    """Serve the page of the sample city for the length of the block. `base_map`: the address of tiles."""
    public = Public(store, folder)
    copy = folder / "cities" / "sample"
    read, problems = load_city(copy)
    assert read is not None, problems
    city = msgspec.structs.replace(read, base_map=base_map)
    sample = CityFolder(city, copy)
    plans = CityPlans([sample], PrometheusMeter())
    cities: dict[str, PublicCity] = {"sample": PublicFiles(sample, frozenset(languages()), plans)}
    vapid = vapid_key(folder / "vapid.pem", VAPID_SUBJECT)
    offered = ChannelsOffered(webpush_key=vapid.public, email=True, line_add_url="https://line.me/R/ti/p/@minoridai")
    day, receipts = ToldToday(), list[str]()

    def take(receipt: str) -> bool:
        receipts.append(receipt)
        return True

    words = read_page_words()
    public.house = msgspec.structs.replace(
        public.house,
        cities=cities,
        today=day,
        channels_of=lambda _city: offered,
        take_receipt=take,
        check_target=lambda _target: None,
    )
    leaflet = places.leaflet() or absent("Leaflet in node_modules")
    public.app = make_public(
        Door(public.house),
        Front(hosts=LOCAL_HOSTS),
        page_feeds=public.feeds,
        resident_routes=resident_routes(public.house.cities, words, leaflet),
    )
    public.server = WebServer(public.app)
    with public.serving():
        yield Site(f"{public.server.url}c/sample/".replace("127.0.0.1", "localhost"), day, public, vapid, receipts)
