"""An hour's outage of ingest: pings queue at Mosquitto, then are worked off; memory, backlog and alerts are watched.

`python -m benchmarks.burst [--pings 1000000] [--trucks 278] [--homes 20000]` prints a JSON line;
tests/flow/test_load_burst.py runs it small. What the alerts should be is decided anew from the stream by the engine.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.end_to_end import STAGES, House
from benchmarks.town import Town
from geofence.batch import run_batch
from geofence.book import Book
from geofence.limits import Limits
from geofence.state import State
from gomikuru.clocks import SystemClock
from model.alert import Alert, decode_alert
from model.city import City
from model.event import Event, decode_event
from model.ping import Ping
from residents.adapters.redis_registry import RedisRegistry
from streams import keys
from streams.ports import START
from streams.redis_streams import RedisStore
from tests.support.brokers import CITY
from tests.support.waiting import wait_until

_MB = 1 / 1024


class Witness:
    """Reads every event and every alert as they come, and the memory of ingest and engine beside them."""

    def __init__(self, house: House) -> None:
        self.events: list[bytes] = []
        self.alerts: list[Alert] = []
        self.rss_mb: dict[str, list[float]] = {"ingest": [], "geofence": []}
        self.pings = 0
        self._house = house
        self._stop = threading.Event()
        self._store = RedisStore.at(house.valkey.url)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        seen = {keys.events(CITY): START, keys.alerts(CITY): START}
        while not self._stop.is_set():
            for stream, cursor in list(seen.items()):
                while entries := self._store.read(stream, seen.get(stream, cursor), 5000, 0):
                    seen[stream] = entries[-1].id
                    self._keep(stream, [entry.data for entry in entries])
            for name, samples in self.rss_mb.items():
                if name in self._house.stages:
                    samples.append(_rss_mb(self._house.stages[name].pid))
            self._stop.wait(0.1)

    def _keep(self, stream: str, data: list[bytes]) -> None:
        if stream == keys.events(CITY):
            self.events.extend(data)
            self.pings += sum(isinstance(decode_event(one), Ping) for one in data)
        else:
            self.alerts.extend(map(decode_alert, data))

    def close(self) -> None:
        """Stop."""
        self._stop.set()
        self._thread.join()
        self._store.close()


def _rss_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) * _MB for line in lines if line.startswith("VmRSS")), 0.0)


def decided_anew(events: list[bytes]) -> list[Alert]:
    """Run the pure engine over a whole stream."""
    state, book = State(), Book(City(CITY, "Bench", "Asia/Tokyo"), Limits())
    read: list[Event] = [decode_event(data) for data in events]
    return run_batch(state, book, read, {}).alerts


def outage(pings: int, trucks: int, homes: int, live_s: float = 5.0) -> dict[str, Any]:
    """Queue pings while ingest is away, let it come back, then publish `live_s` more at the usual rate."""
    seconds = pings // trucks
    with tempfile.TemporaryDirectory(prefix="gomikuru-burst-") as name:
        with House(Path(name), Town(homes), "always").open() as house:
            witness = Witness(house)
            try:
                RedisRegistry(house.store, SystemClock()).import_many(CITY, house.town.wishes())
                house.begin("ingest")
                wait_until(lambda: "broker_connected" in house.log(), 30, "ingest to have its session")
                house.end()
                queued = json.loads(house.publisher(trucks, seconds, "--backlog").communicate(timeout=3600)[0])
                begun = time.perf_counter()
                house.begin(*STAGES)
                wait_until(lambda: witness.pings >= queued["pings"], 3600, "the queue to be worked off")
                took_s = time.perf_counter() - begun
                live = json.loads(house.publisher(trucks, live_s).communicate(timeout=120)[0])
                wait_until(lambda: witness.pings >= queued["pings"] + live["pings"], 60, "the live pings")
                house.settled()
            finally:
                witness.close()
        return _said(witness, queued["pings"], live["pings"], took_s)


def _said(witness: Witness, queued: int, live: int, took_s: float) -> dict[str, Any]:
    read = [decode_event(data) for data in witness.events]
    pings = {ping.id: ping for ping in read if isinstance(ping, Ping)}
    expected = decided_anew(witness.events)
    ingest, engine = (sorted(witness.rss_mb[name]) for name in ("ingest", "geofence"))
    return {
        "queued": queued,
        "live": live,
        "kept": len(pings),
        "late": sum(ping.late for ping in pings.values()),
        "worked_off_s": round(took_s, 1),
        "pings_s": round(queued / took_s),
        "ingest_rss_mb": {"median": ingest[len(ingest) // 2], "max": ingest[-1]},
        "engine_rss_mb": {"median": engine[len(engine) // 2], "max": engine[-1]},
        "alerts": len(witness.alerts),
        "alerts_of_late_pings": sum(pings[alert.ping].late for alert in witness.alerts),
        "as_replayed": [alert.id for alert in witness.alerts] == [alert.id for alert in expected],
    }


def main() -> None:
    """Measure, and print a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pings", type=int, default=1_000_000)
    parser.add_argument("--trucks", type=int, default=278)
    parser.add_argument("--homes", type=int, default=20_000)
    options = parser.parse_args()
    print(json.dumps(outage(options.pings, options.trucks, options.homes)))


if __name__ == "__main__":
    main()
