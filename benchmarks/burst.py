"""An hour's outage of ingest: pings queue at Mosquitto, then are worked off; memory, backlog and alerts are watched.

`python -m benchmarks.burst [--pings 1000000] [--trucks 278] [--homes 20000]` prints a JSON line;
tests/flow/test_load_burst.py runs it small. What the alerts should be is decided anew from the stream by the engine.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import signal
import tempfile
import threading
import time
import urllib.error
import urllib.request
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
from streams.ids import place
from streams.ports import START, Entry
from streams.redis_streams import RedisStore
from tests.support.brokers import CITY
from tests.support.waiting import wait_until

_MB = 1 / 1024
STALL_S = 1.0
QUEUE_MAX = 600
"""Fewer than the broker sends unacknowledged, so that ingest's own bound is what holds."""


class Witness:
    """Reads every event and every alert as they come; beside them memory of ingest and engine, and ingest's queue."""

    def __init__(self, house: House) -> None:
        self.events: list[bytes] = []
        self.alerts: list[Alert] = []
        self.rss_mb: dict[str, list[float]] = {"ingest": [], "geofence": []}
        self.queued: list[int] = []
        self.late = 0
        self.late_marks: list[str] = []
        self.pings = 0
        self._house = house
        self._stop = threading.Event()
        self._store = RedisStore.at(house.valkey.url, socket_timeout_s=120)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        seen = {keys.events(CITY): START, keys.alerts(CITY): START}
        while not self._stop.is_set():
            for stream, cursor in list(seen.items()):
                while entries := self._store.read(stream, seen.get(stream, cursor), 5000, 0):
                    seen[stream] = entries[-1].id
                    self._keep(stream, entries)
            for name, samples in self.rss_mb.items():
                if name in self._house.stages:
                    samples.append(_rss_mb(self._house.stages[name].pid))
            self.look_at_queue()
            self._stop.wait(0.1)

    def look_at_queue(self) -> int:
        """Note how many messages ingest holds now, as health says it, and as its gauge said at its last turn."""
        port = self._house.metrics_ports.get("ingest", 0)
        with contextlib.suppress(OSError):  # it has yet to start, or has ended
            health = _answer(port, "health")
            gauge = re.search(r"^gomikuru_ingest_queue (\S+)$", _answer(port, "metrics"), re.MULTILINE)
            self.queued.append(int(json.loads(health)["stages"]["ingest"]["queued"]))
            self.queued.append(int(float(gauge.group(1))) if gauge else 0)
        return max(self.queued[-2:], default=0)

    def _keep(self, stream: str, entries: list[Entry]) -> None:
        if stream == keys.alerts(CITY):
            self.alerts.extend(decode_alert(entry.data) for entry in entries)
            return
        self.events.extend(entry.data for entry in entries)
        for entry in entries:
            event = decode_event(entry.data)
            if isinstance(event, Ping):
                self.pings += 1
                self.late += event.late
                if event.late and self.late % 1000 == 0:
                    self.late_marks.append(entry.id)

    def close(self) -> None:
        """Stop."""
        self._stop.set()
        self._thread.join()
        self._store.close()


def _answer(port: int, path: str) -> str:
    """Ask a stage's listener; /health is an answer also with 503."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=5) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        return error.read().decode()


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


def stalls(house: House, witness: Witness, queued: int) -> float:
    """Work the queue off while first the store stands still, then the engine; tell what its backlog cost it, in MB.

    The store until ingest's queue is full or does not grow; the engine until all is in its stream.
    """
    house.begin("geofence", "notifier")
    engine = house.stages["geofence"].pid
    os.kill(engine, signal.SIGSTOP)
    try:
        house.begin("ingest")
        wait_until(lambda: witness.pings >= queued // 10, 60, "ingest to be at it")
        house.valkey.pause()
        try:
            until_s = time.monotonic() + STALL_S
            while time.monotonic() < until_s:
                witness.look_at_queue()
        finally:
            house.valkey.resume()
        wait_until(lambda: witness.pings >= queued, 600, "all to be in the stream")
        before_mb = _rss_mb(engine)
    finally:
        os.kill(engine, signal.SIGCONT)
    last, most_mb = place(witness.late_marks[-4]), before_mb  # live ones are not in the same step: they load numba
    while house.cursor() < last:
        most_mb = max(most_mb, _rss_mb(engine))
        time.sleep(0.01)
    return most_mb - before_mb


def outage(pings: int, trucks: int, homes: int, live_s: float = 5.0, stalled: bool = False) -> dict[str, Any]:
    """Queue pings while ingest is away, let it come back, then publish `live_s` more at the usual rate.

    `stalled`: while they are worked off the store and then the engine stand still for a while.
    """
    seconds, backlog_mb = pings // trucks, 0.0
    with tempfile.TemporaryDirectory(prefix="gomikuru-burst-") as name:
        with House(Path(name), Town(homes), "always").open() as house:
            witness = Witness(house)
            try:
                RedisRegistry(house.store, SystemClock()).import_many(CITY, house.town.wishes())
                house.environ = {"GOMIKURU_BROKER__QUEUE_MAX": str(QUEUE_MAX)} if stalled else {}
                house.begin("ingest")
                wait_until(lambda: "broker_connected" in house.log(), 30, "ingest to have its session")
                house.end()
                queued = json.loads(house.publisher(trucks, seconds, "--backlog").communicate(timeout=3600)[0])
                begun = time.perf_counter()
                if stalled:
                    backlog_mb = stalls(house, witness, queued["pings"])
                else:
                    house.begin(*STAGES)
                wait_until(lambda: witness.pings >= queued["pings"], 3600, "the queue to be worked off")
                took_s = time.perf_counter() - begun
                live = json.loads(house.publisher(trucks, live_s).communicate(timeout=120)[0])
                wait_until(lambda: witness.pings >= queued["pings"] + live["pings"], 60, "the live pings")
                house.settled()
            finally:
                witness.close()
        said = _said(witness, queued["pings"], live["pings"], took_s)
        return said | ({"queue_max": QUEUE_MAX, "engine_backlog_mb": round(backlog_mb, 1)} if stalled else {})


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
        "queue": max(witness.queued, default=0),
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
