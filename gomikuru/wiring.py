"""The one place where adapters meet rooms: from settings to a store, a clock, and the stages of the service.

Nothing here decides anything; nothing outside here constructs an adapter for the service. Longer than most files: a
function a stage, so that all of them stand on one page.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gomikuru import places
from gomikuru.archive.worker import ALERTS_SENT, EVENTS
from gomikuru.city_files import CityFolder
from gomikuru.city_files.hours import DAY_MIN, weekdays_of, window_of
from gomikuru.clocks import DrivenClock, ScaledClock, SystemClock, machine_ms
from gomikuru.embedded import reach
from gomikuru.settings import Settings, plain
from gomikuru.stages import Stage
from gomikuru.standing import (
    Bounds,
    Standing,
    judge_archive,
    judge_geofence,
    judge_ingest,
    judge_learner,
    judge_notifier,
    judge_public,
    judge_reminders,
    judge_web,
)
from gomikuru.watch import Silence, Timetable, collection_rules
from model.ports import Meter, ServiceClock, factor_of
from model.subscription import TargetKind
from model.times import parse_rfc3339
from streams.ports import StoreUnavailable
from streams.redis_streams import RedisStore

if TYPE_CHECKING:
    from notifier.ports import Channel
    from residents.adapters.key_files import AgreedKeys
    from web.ports import PushSource


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What all stages share. `channels` come on top of those that the settings configure.

    `learned`: a folder that holds the profile in place of the one city's own.
    """

    settings: Settings
    cities: tuple[CityFolder, ...]
    clock: ServiceClock
    meter: Meter
    owner: str
    channels: Mapping[TargetKind, Channel] = {}
    pushes: PushSource | None = None
    shown: Callable[[str], None] | None = None
    signed_up_at: Callable[[str], None] | None = None
    learned: Path | None = None


def open_store(settings: Settings) -> RedisStore:
    """Open the store that the settings name; with embedded servers, that of the running service."""
    return store_at(reach(settings))


def store_at(settings: Settings) -> RedisStore:
    """Open the store at the address that the settings give."""
    store = settings.store
    return RedisStore.at(
        store.url,
        username=store.username,
        password=plain(store.password),
        ca_file=str(store.ca_file) if store.ca_file else None,
        cert_file=str(store.cert_file) if store.cert_file else None,
        key_file=str(store.key_file) if store.key_file else None,
        socket_timeout_s=store.timeout_s,
        wait_replicas=store.wait_replicas,
        wait_ms=store.wait_ms,
    )


def clock_of(settings: Settings) -> ServiceClock:
    """Make the service clock."""
    clock = settings.clock
    starts_ms = parse_rfc3339(clock.starts_at) if clock.starts_at else machine_ms()
    if clock.kind == "scaled":
        return ScaledClock(clock.factor, starts_ms)
    if clock.kind == "driven":
        return DrivenClock(starts_ms if clock.starts_at else 0)
    return SystemClock()


def owner_name() -> str:
    """Name this process among the workers of a city: host, process, and chance, since both may come again."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


def ingest_stage(parts: Parts) -> Stage:
    """Wire the stage that takes pings from the broker."""
    from ingest.adapters.mqtt import MqttBroker
    from ingest.adapters.mqtt_options import MqttOptions
    from ingest.decode import filters
    from ingest.directory import Directory
    from ingest.screen import Limits
    from ingest.worker import IngestWorker, Pace

    settings = parts.settings
    broker, ingest = settings.broker, settings.ingest
    directory = Directory.of(folder.city for folder in parts.cities)
    options = MqttOptions(
        host=broker.host,
        port=broker.port,
        tls=broker.tls,
        ca_file=str(broker.ca_file) if broker.ca_file else None,
        cert_file=str(broker.cert_file) if broker.cert_file else None,
        key_file=str(broker.key_file) if broker.key_file else None,
        username=broker.username,
        password=plain(broker.password),
        client_id=broker.client_id,
        protocol=broker.protocol,
        keepalive_s=broker.keepalive_s,
        session_expiry_s=broker.session_expiry_s,
        receive_maximum=broker.receive_maximum,
        queue_limit=broker.queue_max,
        share_group=broker.share_group,
    )
    heard = parts.clock.advance_to if isinstance(parts.clock, DrivenClock) else None
    worker = IngestWorker(
        MqttBroker(options, filters(directory), parts.meter),
        store_at(settings),
        parts.clock,
        directory,
        parts.meter,
        limits=Limits(
            future_ms=int(ingest.future_after_s * 1000),
            late_ms=int(ingest.late_after_s * 1000),
        ),
        pace=Pace(batch=ingest.batch_max, quarantine_len=ingest.quarantine_max),
        heard=heard,
    )

    return Stage("ingest", worker.run, lambda: judge_ingest(worker.health(), bounds_of(settings)))


def geofence_stage(parts: Parts) -> Stage:
    """Wire the stage that decides alerts: a worker a city, each in its thread."""
    from geofence.adapters.watch import WatchedFile
    from geofence.assignments import FILE as ASSIGNMENTS_FILE
    from geofence.files import FILE
    from geofence.forecast.profile import FILE as PROFILE_FILE
    from geofence.pace import Pace
    from geofence.worker import CityWorker

    settings = parts.settings
    factor = factor_of(parts.clock)
    pace = Pace(
        batch=settings.geofence.batch_max,
        lease_ms=settings.geofence.lease_ms,
        tick_ms=int(settings.geofence.tick_s * 1000 * max(factor, 1.0)),
        hold_events=settings.archive.hold_events,
    )
    store = store_at(settings)
    zones = [WatchedFile(folder.folder / FILE) for folder in parts.cities]
    profiles = [WatchedFile((parts.learned or folder.folder) / PROFILE_FILE) for folder in parts.cities]
    assigned = [WatchedFile(folder.folder / ASSIGNMENTS_FILE) for folder in parts.cities]
    watches = zones + profiles + assigned
    workers = [
        CityWorker(
            *(folder.city, store, drawn, parts.clock, machine_ms, parts.meter, parts.owner),
            pace=pace,
            profile=learned,
            followers=_followers(settings, EVENTS),
            assignments=drivers,
        )
        for folder, drawn, learned, drivers in zip(parts.cities, zones, profiles, assigned, strict=True)
    ]

    def run(stop: threading.Event) -> None:
        threads = [threading.Thread(target=worker.run, args=(stop,), name="city") for worker in workers]
        for watch in watches:
            watch.start()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for watch in watches:
            watch.close()
        store.close()

    silence = silence_of(parts)

    def stand() -> Standing:
        each = {folder.city.id: worker.health() for folder, worker in zip(parts.cities, workers, strict=True)}
        bounds = bounds_of(settings)
        read = [city for city, now in each.items() if now.holds_lease and now.behind_ms <= bounds.behind_s * 1000]
        silent = silence.silent(parts.clock.now_ms(), {city: each[city].last_ping_ms for city in read})
        return judge_geofence(each, silent, bounds)

    return Stage("geofence", run, stand)


def bounds_of(settings: Settings) -> Bounds:
    """Tell from when on something is a trouble."""
    watch = settings.watch
    return Bounds(watch.stalled_after_s, watch.behind_events, watch.behind_s)


def silence_of(parts: Parts) -> Silence:
    """Make the alarm for cities that are in service and send nothing."""
    watch = parts.settings.watch
    hours, weekdays = window_of(watch.service_hours) or (0, DAY_MIN), weekdays_of(watch.service_days) or range(7)
    timetables = {
        city.id: Timetable(city.timezone, hours, weekdays, collection_rules(folder)) for city, folder in parts.cities
    }
    return Silence(timetables, watch.no_pings_after_s, parts.meter)


def notifier_stage(parts: Parts) -> Stage:
    """Wire the stage that sends pushes."""
    from gomikuru.city_plans import CityPlans
    from gomikuru.receipt_keys import receipts_of
    from gomikuru.wiring_channels import city_channels, configured_channels, page_channel
    from gomikuru.zone_names import ZoneNames
    from notifier.adapters.catalogues import load_channel_words, load_words
    from notifier.adapters.residents import RegistryResidents
    from notifier.adapters.showings import StoreShowings
    from notifier.limits import Limits
    from notifier.worker import NotifierWorker
    from residents.adapters.redis_registry import RedisRegistry

    settings = parts.settings.notifier
    store = store_at(parts.settings)
    reaching = {**configured_channels(parts.settings, parts.meter), **parts.channels}
    channels = {**reaching, **page_channel(parts.settings, store)}
    plans = CityPlans(parts.cities, parts.meter)
    cities, sealing = [folder.city.id for folder in parts.cities], keys_for(parts, store)
    worker = NotifierWorker(
        store,
        {folder.city.id: folder.city for folder in parts.cities},
        RegistryResidents(RedisRegistry(store, parts.clock, sealers=sealing.sealer)),
        channels,
        parts.clock,
        parts.meter,
        load_words(),
        worker_name=parts.owner,
        limits=Limits(
            batch=settings.batch_max,
            max_tries=settings.max_tries,
            reclaim_idle_s=settings.reclaim_after_s,
            max_outcomes=settings.outcomes_max,
            followers=_followers(parts.settings, ALERTS_SENT),
            hold_alerts=parts.settings.archive.hold_events,
        ),
        zone_names=ZoneNames({folder.city.id: folder.folder for folder in parts.cities}),
        city_channels=city_channels(parts.settings, cities, parts.meter),
        channel_words=load_channel_words(),
        showings=StoreShowings(store),
        receipts=lambda: receipts_of(sealing, cities),
        plan_of=plans,
    )

    def run(stop: threading.Event) -> None:
        plans.start()
        try:
            worker.run(stop)
        finally:
            plans.close()

    def stand() -> Standing:
        return judge_notifier(
            worker.health(), worker.idle_s, len(reaching), len(parts.cities), bounds_of(parts.settings)
        )

    return Stage("notifier", run, stand)


def _followers(settings: Settings, name: str) -> tuple[str, ...]:
    """Tell who must have passed what is trimmed."""
    return (name,) if settings.archive.enabled else ()


def archive_stage(parts: Parts) -> Stage:
    """Wire the stage that keeps past days."""
    from gomikuru.archive.worker import ArchiveWorker, Pace

    settings = parts.settings.archive
    store = store_at(parts.settings)
    pace = Pace(every_s=settings.every_s, keep_days=settings.keep_days, most_bytes=settings.max_mb * 1_000_000)
    cities = [folder.city for folder in parts.cities]
    worker = ArchiveWorker(cities, store, settings.dir, parts.clock, parts.meter, parts.owner, pace)

    def run(stop: threading.Event) -> None:
        worker.run(stop)
        store.close()

    return Stage("archive", run, lambda: judge_archive(worker.health(), worker.idle_s, bounds_of(parts.settings)))


def learner_stage(parts: Parts) -> Stage:
    """Wire the stage that learns every night."""
    from gomikuru.learning.worker import LearnWorker, Plan

    settings = parts.settings
    store = store_at(settings)
    plan = Plan(at_min=settings.learn.at_min, archive=settings.archive.dir, days=settings.learn.days)
    worker = LearnWorker(parts.cities, store, parts.clock, parts.meter, parts.owner, plan)

    def run(stop: threading.Event) -> None:
        worker.run(stop)
        store.close()

    def stand() -> Standing:
        days = settings.learn.warn_after_days
        return judge_learner(worker.health(), parts.clock.now_ms(), days, worker.idle_s, bounds_of(settings))

    return Stage("learner", run, stand)


def reminders_stage(parts: Parts) -> Stage:
    """Wire the stage that reminds homes of their collections."""
    from gomikuru.city_plans import CityPlans
    from gomikuru.reminding.leader import Pace
    from gomikuru.reminding.worker import ReminderWorker
    from residents.adapters.redis_registry import RedisRegistry

    settings = parts.settings.reminders
    store = store_at(parts.settings)
    pace = Pace(
        spread_ms=int(settings.spread_min * 60_000),
        grace_ms=int(settings.grace_min * 60_000),
        rescan_ms=int(settings.rescan_s * 1000),
        piece=settings.piece,
        most_waiting=settings.most_waiting,
        lease_ms=settings.lease_ms,
    )
    cities = [folder.city for folder in parts.cities]
    registry = RedisRegistry(store, parts.clock, sealers=keys_for(parts, store).sealer)
    homes, plans = registry.list, CityPlans(parts.cities, parts.meter)
    worker = ReminderWorker(cities, store, homes, plans, parts.clock, parts.meter, parts.owner, pace)

    def run(stop: threading.Event) -> None:
        worker.run(stop)
        store.close()

    return Stage("reminders", run, lambda: judge_reminders(worker.health(), worker.idle_s, bounds_of(parts.settings)))


def web_stage(parts: Parts) -> Stage:
    """Wire the page that shows trucks and alerts live."""
    from gomikuru.city_map import map_source
    from gomikuru.engine_view import judge
    from web.adapters.server import WebServer
    from web.adapters.stream_feed import StreamFeed
    from web.app import LOCAL_HOSTS, make_app, make_house
    from web.worker import LiveView

    settings = parts.settings.web
    store = store_at(parts.settings)
    views = {
        folder.city.id: LiveView(StreamFeed(store, folder.city.id, parts.pushes, judge(store, folder.city.id)))
        for folder in parts.cities
    }
    hosts = [*LOCAL_HOSTS, settings.host, *settings.hosts]
    pages = {
        folder.city.id: make_app(views[folder.city.id], map_source(folder), parts.clock, places.leaflet(), hosts)
        for folder in parts.cities
    }
    server = WebServer(
        next(iter(pages.values())) if len(pages) == 1 else make_house(pages), settings.host, settings.port
    )

    def run(stop: threading.Event) -> None:
        for view in views.values():
            view.start()
        try:
            server.start()
            if parts.shown:
                parts.shown(server.url)
            server.serve(stop)
        finally:
            for view in views.values():
                view.stop()
            server.stop()
            store.close()

    def stand() -> Standing:
        return judge_web({city: view.health() for city, view in views.items()}, bounds_of(parts.settings))

    return Stage("web", run, stand)


def public_stage(parts: Parts) -> Stage:
    """Wire the stage that residents reach."""
    from gomikuru.public_stage import PublicStage

    store = store_at(parts.settings)
    stage = PublicStage(parts, store, keys_for(parts, store))
    return Stage("public", stage.run, lambda: judge_public(stage.store_ok(), stage.idle_s, bounds_of(parts.settings)))


def keys_for(parts: Parts, store: RedisStore) -> AgreedKeys:
    """Open the keys of all cities, and raise KeyMissing now where they are not those of a store that answers."""
    keys = open_keys(parts.settings, store)
    for folder in parts.cities:
        with contextlib.suppress(StoreUnavailable):
            keys.keys(folder.city.id)
    return keys


def open_keys(settings: Settings, store: RedisStore) -> AgreedKeys:
    """Open the keys that seal residents' devices; the master key is made when it is needed first."""
    from residents.adapters.key_files import AgreedKeys, KeyFiles

    return AgreedKeys(KeyFiles(settings.privacy.key_file, settings.privacy.keys_dir), store)


STAGES: dict[str, Callable[[Parts], Stage]] = {
    "archive": archive_stage,
    "learner": learner_stage,
    "reminders": reminders_stage,
    "public": public_stage,
    "web": web_stage,
    "notifier": notifier_stage,
    "geofence": geofence_stage,
    "ingest": ingest_stage,
}
"""The stages in the order in which they start; they stop in the opposite order, so that what came in goes out."""


def switched_on(settings: Settings) -> tuple[str, ...]:
    """Name the stages that the settings switch on, in the order of STAGES."""
    off = {
        "archive": not settings.archive.enabled,
        "public": not settings.public.enabled,
        "learner": not (settings.archive.enabled and settings.learn.enabled),
        "reminders": not settings.reminders.enabled,
    }
    return tuple(name for name in STAGES if not off.get(name))
