"""From the time a ping was due to the alert's commit and to the FCM request: the whole service on real servers.

`python -m benchmarks.end_to_end [--homes 20000] [--rates 100,1000] [--seconds 15] [--appendfsync always|everysec]`
Publisher, Mosquitto, Valkey, ingest, geofence, notifier and the stand-in for FCM are a process each, on this machine.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import fcm_stand_in
from benchmarks.town import NEWS_MPS, Town
from geofence.runs import Run, day_of, name_of
from geofence.state import TOLD
from geofence.told import CHUNK_BYTES
from gomikuru.clocks import SystemClock
from model.alert import decode_alert
from model.city import City
from model.event import Tick, encode_event
from residents.adapters.redis_registry import RedisRegistry
from streams import keys
from streams.ports import START
from streams.redis_streams import RedisStore
from tests.support.brokers import CITY, INGEST, LOAD, Mosquitto
from tests.support.stores import ValkeyServer, free_port, mortal
from tests.support.waiting import wait_until

STAGES = ("ingest", "geofence", "notifier")
_SLICE = 50_000
_TICKS_S = os.sysconf("SC_CLK_TCK")


class House:
    """The servers and the service's processes around one town."""

    def __init__(self, folder: Path, town: Town, appendfsync: str) -> None:
        self.town = town
        self.folder = folder
        self.broker = Mosquitto(folder / "broker")
        durable = (
            "--appendonly",
            "yes",
            "--appendfsync",
            appendfsync,
            "--save",
            "",
            "--auto-aof-rewrite-percentage",
            "0",
        )
        self.valkey = ValkeyServer(folder / "store", durable)
        self.stages: dict[str, subprocess.Popen[bytes]] = {}
        self.environ: dict[str, str] = {}
        self.metrics_ports: dict[str, int] = {}
        self.figures: dict[str, float] = {}
        self.driven_s = 0.0
        self.rows = 0

    @contextlib.contextmanager
    def open(self) -> Iterator[House]:
        """Start the servers, and stop whatever runs at the end."""
        self.broker.start()
        self.valkey.start()
        city = self.folder / "city"
        city.mkdir()
        (city / "city.toml").write_text(f'id = "{CITY}"\nname = "Bench"\ntimezone = "Asia/Tokyo"\n', encoding="utf-8")
        self.store = RedisStore.at(self.valkey.url, socket_timeout_s=120)
        with fcm_stand_in.running(self.folder) as self.fcm_url:
            try:
                yield self
            finally:
                self.end()
                self.store.close()
                self.valkey.kill9()
                self.broker.stop()

    def settle(self) -> None:
        """Let the town's residents subscribe, and the engine take them; measure both."""
        registry = RedisRegistry(self.store, SystemClock())
        wishes = self.town.wishes()
        begun = time.perf_counter()
        while batch := [wish for _, wish in zip(range(_SLICE), wishes, strict=False)]:
            registry.import_many(CITY, batch)
        self.figures["import_s"] = time.perf_counter() - begun
        self.figures["engine_takes_s"] = self.begin("geofence")
        self.end()
        self.tell()

    def tell(self) -> None:
        """Write the morning's told-record: the west has been told."""
        run = Run(day_of(int(time.time() * 1000), City(CITY, "Bench", "Asia/Tokyo")), name_of(None, None))
        bits = np.packbits(self.town.told(), bitorder="little")
        bits = np.concatenate((bits, np.zeros(-len(bits) % CHUNK_BYTES, dtype=np.uint8))).tobytes()
        chunks = {
            f"{TOLD}{run.key}/{at // CHUNK_BYTES}": bits[at : at + CHUNK_BYTES]
            for at in range(0, len(bits), CHUNK_BYTES)
        }
        client = self.store.client
        for name in [name for name in client.hkeys(keys.state(CITY)) if name.startswith(TOLD.encode())]:
            client.hdel(keys.state(CITY), name)
        for at in range(0, len(chunks), 1000):
            client.hset(keys.state(CITY), mapping=dict(list(chunks.items())[at : at + 1000]))
        self.driven_s = 0.0

    def begin(self, *names: str) -> float:
        """Start stages; tell how long the engine took to stand at the end of its stream."""
        environ = os.environ | {
            "GOMIKURU_CITIES_DIR": str(self.folder / "city"),
            "GOMIKURU_BROKER__URL": self.broker.url,
            "GOMIKURU_BROKER__USERNAME": INGEST,
            "GOMIKURU_BROKER__PASSWORD": INGEST[::-1],
            "GOMIKURU_STORE__URL": self.valkey.url,
            "GOMIKURU_FCM__SERVICE_ACCOUNT_FILE": str(self.folder / "service-account.json"),
            "GOMIKURU_FCM__URL": self.fcm_url,
            "GOMIKURU_FCM__CA_FILE": str(self.folder / "fcm-ca.pem"),
            **self.environ,
        }
        begun = time.perf_counter()
        with (self.folder / "service.log").open("ab") as log:
            for name in names:
                command = [sys.executable, "-m", "gomikuru", "run", name]
                port = self.metrics_ports[name] = free_port()
                own = environ | {"GOMIKURU_METRICS__PORT": str(port)}
                self.stages[name] = subprocess.Popen(mortal(command), env=own, stderr=log)
        if "geofence" in names:
            last = self.store.append(keys.events(CITY), [encode_event(Tick(int(time.time() * 1000)))])[0]
            wait_until(lambda: self.cursor() >= _place(last), 1_800, "the engine to have loaded")
        return time.perf_counter() - begun

    def cursor(self) -> tuple[int, int]:
        """Tell where the engine is in its stream."""
        return _place((self.store.client.get(keys.cursor(CITY)) or b"0-0").decode())

    def end(self) -> None:
        """Stop the stages."""
        for process in self.stages.values():
            process.terminate()
        for process in self.stages.values():
            process.wait(60)
        self.stages = {}

    def log(self) -> str:
        """Give what the stages have logged."""
        return (self.folder / "service.log").read_text(encoding="utf-8")

    def settled(self) -> None:
        """Wait until the engine has come to the end of the stream, and the notifier to that of the alerts."""
        last = self.store.newest(keys.events(CITY), 1)[0].id
        wait_until(lambda: self.cursor() >= _place(last), 300, "the engine to come to the end")
        wait_until(lambda: self.store.backlog(keys.alerts(CITY), "notifier") == 0, 300, "the pushes")

    def processes(self) -> dict[str, int]:
        """Tell the processes whose CPU time is counted."""
        return {"mosquitto": self.broker.pid, "valkey": self.valkey.pid} | {
            name: process.pid for name, process in self.stages.items()
        }

    def publisher(self, rate: int, seconds: float, *more: str) -> subprocess.Popen[str]:
        """Begin to publish; each call continues where the explorers had come to."""
        explorers = min(rate, explorers_of(self.town))
        self.rows += 1
        command = [sys.executable, "-m", "benchmarks.publisher", "--port", str(self.broker.port), "--user", LOAD]
        command += ["--city", CITY, "--homes", str(self.town.homes), "--rate", str(rate), "--seconds", str(seconds)]
        command += [
            "--explorers",
            str(explorers),
            "--prefix",
            f"r{self.rows}-",
            "--start-m",
            str(self.driven_s * NEWS_MPS),
        ]
        self.driven_s += seconds
        return subprocess.Popen(mortal([*command, *more]), stdout=subprocess.PIPE, text=True)


def explorers_of(town: Town) -> int:
    """Tell how many trucks break new ground: the city's homes told once in three hours, and at least one truck's."""
    return max(1, min(town.most_explorers(), round(town.homes / 10_800 / 27)))


class Tap:
    """Reads the alerts as they are committed: the due time of the ping behind each, and when it could be read."""

    def __init__(self, store: RedisStore) -> None:
        self.due_ms: dict[str, int] = {}
        self.read_ms: dict[str, float] = {}
        self._store = store
        self._stop = threading.Event()
        newest = store.newest(keys.alerts(CITY), 1)
        self._cursor = newest[0].id if newest else START
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            for entry in self._store.read(keys.alerts(CITY), self._cursor, 1000, 100):
                now_ms, alert = time.time() * 1000, decode_alert(entry.data)
                self.due_ms[alert.id] = int(alert.ping.rsplit("@", 1)[1])
                self.read_ms[alert.id] = now_ms
                self._cursor = entry.id

    def close(self) -> None:
        """Stop reading."""
        self._stop.set()
        self._thread.join()


def row(house: House, rate: int, seconds: float, warm_s: float = 4.0) -> dict[str, Any]:
    """Measure one rate: `warm_s` first, in which trucks and connections become known."""
    tap = Tap(house.store)
    publisher = house.publisher(rate, warm_s + seconds)
    time.sleep(warm_s)
    before, begun = _cpu(house.processes()), time.perf_counter()
    said = json.loads(publisher.communicate(timeout=seconds + 120)[0])
    cpu, window_s = _cpu(house.processes()), time.perf_counter() - begun
    ended_ms = time.time() * 1000
    last = house.store.newest(keys.events(CITY), 1)[0].id
    wait_until(lambda: house.cursor() >= _place(last), 300, "the engine to come to the end")
    decided_ms = time.time() * 1000 - ended_ms
    wait_until(lambda: house.store.backlog(keys.alerts(CITY), "notifier") == 0, 300, "the pushes")
    tap.close()
    sent = fcm_stand_in.sent_so_far(house.folder)
    from_ms = said["begin_ms"] + warm_s * 1000
    ours = [alert for alert, due in tap.due_ms.items() if due >= from_ms]
    commit = [tap.read_ms[alert] - tap.due_ms[alert] for alert in ours]
    fcm = [sent[alert] - tap.due_ms[alert] for alert in ours if alert in sent]
    return {
        "homes": house.town.homes,
        "pings_s": rate,
        "alerts_s": round(len(ours) / seconds, 1),
        "commit_ms": _percentiles(commit),
        "fcm_ms": _percentiles(fcm),
        "publisher_lag_ms": said["lag_ms"],
        "unsent": len(ours) - len(fcm),
        "behind_ms": round(decided_ms),
        "cores": {name: round((cpu[name] - before[name]) / window_s, 2) for name in cpu},
        "load": round(os.getloadavg()[0], 1),
    }


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    if not values:
        return {}
    p50, p99 = np.percentile(values, [50, 99]).round(1).tolist()
    return {"p50": p50, "p99": p99, "max": round(max(values), 1)}


def _cpu(processes: dict[str, int]) -> dict[str, float]:
    """Tell the CPU seconds that processes have used."""
    seconds = {}
    for name, pid in processes.items():
        stat = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        seconds[name] = (int(stat[11]) + int(stat[12])) / _TICKS_S
    return seconds


def _place(entry: str) -> tuple[int, int]:
    first, second = entry.split("-")
    return int(first), int(second)


def rows(homes: int, rates: Sequence[int], seconds: float, appendfsync: str, runs: int = 1) -> Iterator[dict[str, Any]]:
    """Measure rates one after the other until latency bends: half a second at the 99th percentile."""
    town = Town(homes)
    with (
        tempfile.TemporaryDirectory(prefix="gomikuru-bench-") as name,
        House(Path(name), town, appendfsync).open() as house,
    ):
        house.settle()
        loaded_s = house.begin(*STAGES)
        yield {"homes": homes, "appendfsync": appendfsync, "start_s": loaded_s} | house.figures
        for rate in rates:
            found = []
            for _ in range(runs):
                if house.driven_s * NEWS_MPS + (seconds + 4) * NEWS_MPS > town.side_m / 2 - 500:
                    house.end()
                    house.tell()
                    house.begin(*STAGES)
                found.append(row(house, rate, seconds))
            middle = sorted(found, key=lambda one: one["fcm_ms"].get("p99", 0))[len(found) // 2]
            p99s = [one["fcm_ms"].get("p99") for one in found]
            yield {"appendfsync": appendfsync, **middle, "p99_of_runs": p99s}
            if statistics.median(one["commit_ms"].get("p99", 1e9) for one in found) > 500:
                return


def main() -> None:
    """Measure, and print a line of JSON for each row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rates", default="100", help="pings a second, one a truck; several with commas")
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--homes", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--appendfsync", choices=("always", "everysec"), default="always")
    options = parser.parse_args()
    rates = [int(rate) for rate in options.rates.split(",")]
    for one in rows(options.homes, rates, options.seconds, options.appendfsync, options.runs):
        print(json.dumps(one), flush=True)


if __name__ == "__main__":
    main()
