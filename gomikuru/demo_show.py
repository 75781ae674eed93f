"""What the demonstration shows: gathers trucks, counters and phones a few times a second, for the display."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import msgspec

from geofence.files import FILE, read_zones
from geofence.geometry import project
from geofence.limits import Limits
from geofence.zones import ZoneBook
from gomikuru.city_files import CityFolder
from gomikuru.demo_phones import Hall
from gomikuru.demo_screen import Counts, DemoScreen, DemoState, PushLine, TruckLine
from gomikuru.engine_view import doing
from gomikuru.metrics import PrometheusMeter
from model.ports import ServiceClock
from streams.ports import Store
from web.adapters.stream_feed import StreamFeed
from web.live import TruckSeen
from web.worker import LiveView

EVERY_S = 0.5
SILENT_S = 120
PUSHES = 50


class Show(msgspec.Struct, frozen=True):
    """Where everything that is shown comes from."""

    store: Store
    folder: CityFolder
    clock: ServiceClock
    hall: Hall
    meter: PrometheusMeter
    addresses: list[str]
    speed: float
    homes: int

    def watch(self, screen: DemoScreen, over: threading.Event, seconds: float | None) -> None:
        """Show until it is over, or for so many seconds."""
        view = LiveView(StreamFeed(self.store, self.folder.city.id))
        zones = ZoneBook(read_zones((self.folder.folder / FILE).read_bytes())[0], Limits())
        view.start()
        ender = threading.Timer(seconds, over.set) if seconds is not None else None
        if ender:
            ender.start()
        try:
            with screen:
                while not over.wait(EVERY_S):
                    screen.show(self.state(view, zones))
        finally:
            if ender:
                ender.cancel()
            view.stop()

    def state(self, view: LiveView, zones: ZoneBook) -> DemoState:
        """Gather what stands now."""
        city = self.folder.city
        now_ms = self.clock.now_ms()
        trucks = sorted(view.picture.trucks.values(), key=lambda seen: (len(seen.truck), seen.truck))
        what = doing(self.store, city.id, [seen.truck for seen in trucks])
        return DemoState(
            city=city.name,
            timezone=city.timezone,
            at_ms=now_ms,
            speed=self.speed,
            url=self.addresses[0] if self.addresses else None,
            trucks=tuple(_line(seen, now_ms, what, zones) for seen in trucks),
            pushes=self._pushes(),
            counts=self._counts(),
        )

    def _pushes(self) -> tuple[PushLine, ...]:
        count, recent = self.hall.phones.pushes, self.hall.phones.recent(PUSHES)
        return tuple(
            PushLine(count - back, push.sent_ms, f"home {push.target}", push.message.title, push.message.body)
            for back, push in reversed(list(enumerate(recent)))
        )

    def _counts(self) -> Counts:
        summary = self.hall.summary(self.meter, self.speed)
        latency = summary.pop("latency_ms")
        del summary["messages_received"]
        return Counts(homes=self.homes, latency_p50_ms=latency["p50"], latency_p99_ms=latency["p99"], **summary)


def _line(seen: TruckSeen, now_ms: int, known: Mapping[str, str], zones: ZoneBook) -> TruckLine:
    age_s = max(0, (now_ms - seen.fix_ms) // 1000)
    fence = zones.at(*project(seen.lat, seen.lon))
    where = fence.zone.name if fence else "—"
    what = "silent" if age_s > SILENT_S else known.get(seen.truck, "driving")
    return TruckLine(seen.truck, where, what, seen.speed_mps, age_s)
