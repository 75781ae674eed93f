"""The stage `public`: what residents reach. Joins files, registry, keys and the API; wiring.py names it."""

from __future__ import annotations

import importlib.metadata
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog

from gomikuru import places
from gomikuru.forgetting import Forgetting
from gomikuru.public_channels import PublicChannels
from gomikuru.public_city import PublicFiles
from gomikuru.retention import Bounds, Retention
from gomikuru.settings import Settings
from gomikuru.unseen import UnseenWarning
from notifier.adapters.catalogues import languages
from notifier.adapters.reports import TestDesk
from residents.adapters.key_files import AgreedKeys
from residents.adapters.reception import Reception
from residents.adapters.redis_registry import RedisRegistry
from residents.ports import Registry
from streams.redis_streams import RedisStore
from web.adapters.alerts_today import AlertsToday
from web.adapters.desks import StreamReports
from web.adapters.page_feed import StreamPages
from web.adapters.page_words import read_page_words
from web.adapters.server import WebServer
from web.api.app import Door
from web.api.guard import Guard, Rates
from web.api.house import House
from web.api.outside import outside_routes
from web.app import LOCAL_HOSTS
from web.ports import PublicCity
from web.public import Front, make_public
from web.resident import resident_routes

if TYPE_CHECKING:
    from gomikuru.wiring import Parts

LOOK_S = 0.5

log = structlog.get_logger()


def house_of(parts: Parts, store: RedisStore, keys: AgreedKeys, registry: Registry, channels: PublicChannels) -> House:
    """Put together what stands behind the API."""
    settings, clock = parts.settings, parts.clock
    known, forget = frozenset(languages()), Forgetting(store, keys)
    cities: Mapping[str, PublicCity] = {folder.city.id: PublicFiles(folder, known) for folder in parts.cities}
    return House(
        cities=cities,
        registry=registry,
        reception=Reception(store, registry, keys, clock, forget),
        today=AlertsToday(store, cities),
        notices=TestDesk(store),
        reports=StreamReports(store, settings.public.reports_max),
        guard=Guard(Rates(**settings.rates.model_dump())),
        clock=clock,
        meter=parts.meter,
        channels_of=channels.offered,
        take_receipt=channels.receive_receipt,
        check_target=channels.problem,
        forget=forget,
    )


def retention_of(parts: Parts, store: RedisStore, house: House) -> Retention:
    """Put together the job that erases homes which nobody looks after."""
    privacy = parts.settings.privacy
    return Retention(
        *([folder.city for folder in parts.cities], store, house.registry, house.reception, parts.clock, parts.meter),
        owner=parts.owner,
        bounds=Bounds(privacy.unseen_days, privacy.warned_days),
        warn=UnseenWarning(store),
    )


def front_of(settings: Settings) -> Front:
    """Tell how the listener is reached."""
    public = settings.public
    named = urlsplit(public.base_url).hostname if public.base_url else None
    hosts = [*LOCAL_HOSTS, public.host, *public.hosts, *([named] if named else [])]
    return Front(
        hosts=hosts,
        origins=public.origins,
        tls=public.cert_file is not None,
        version=importlib.metadata.version("gomikuru"),
    )


class PublicStage:
    """Serves until told to stop."""

    def __init__(self, parts: Parts, store: RedisStore, keys: AgreedKeys) -> None:
        settings = parts.settings
        self._parts, self._store = parts, store
        self._stopping = threading.Event()
        self._feeds = {folder.city.id: StreamPages(store, folder.city.id) for folder in parts.cities}
        registry = RedisRegistry(store, parts.clock, sealers=keys.sealer)
        self._channels = PublicChannels(parts, store, keys, registry)
        self.house = house_of(parts, store, keys, registry, self._channels)
        self.turned_s: float | None = None
        self._retention = retention_of(parts, store, self.house)
        door = Door(self.house, settings.public.trusted_proxies)
        hooks = self._channels.hooks(self.house.reception.access, self.house.today)
        app = make_public(
            door,
            front_of(settings),
            page_feeds=self._feeds,
            resident_routes=resident_routes(self.house.cities, read_page_words(), places.leaflet()),
            api_extra=outside_routes(door, hooks, self._channels.unsubscribe),
            closed=self._stopping.is_set,
        )
        public = settings.public
        self._server = WebServer(app, public.host, public.port, cert_file=public.cert_file, key_file=public.key_file)

    @property
    def idle_s(self) -> float:
        """Tell how long ago it looked last whether its server lives."""
        return 0.0 if self.turned_s is None else time.monotonic() - self.turned_s

    def store_ok(self) -> bool:
        """Tell whether the pages' news come in."""
        return all(feed.store_ok for feed in self._feeds.values())

    def run(self, stop: threading.Event) -> None:
        """Serve until `stop`."""
        threads = [
            threading.Thread(target=feed.run, args=(self._stopping,), name=f"pages-{city}", daemon=True)
            for city, feed in self._feeds.items()
        ]
        for thread in threads:
            thread.start()
        try:
            self._server.start()
            self._retention.start()
            self._announce()
            while not stop.wait(LOOK_S):
                self.turned_s = time.monotonic()
                self._server.check()
        finally:
            self._stopping.set()
            self._server.stop()
            self._retention.stop()
            for thread in threads:
                thread.join(2.0)
            self._channels.close()
            self._store.close()

    def _announce(self) -> None:
        settings = self._parts.settings.public
        if settings.cert_file is None:
            log.warning(
                "public_without_https",
                url=self._server.url,
                text="push and sign-up need HTTPS: set public.cert_file and public.key_file, or put a TLS proxy "
                "before it; browsers make an exception for localhost only",
            )
        if self._parts.signed_up_at:
            self._parts.signed_up_at(settings.base_url or self._server.url)
