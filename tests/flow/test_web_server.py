"""The page over real sockets: server-sent events, slow and lost browsers, beginning and end."""

from __future__ import annotations

import json
import queue
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest

from gomikuru import wiring
from gomikuru.metrics import MemoryMeter
from gomikuru.settings import load
from gomikuru.stages import RunningStages
from streams.memory import MemoryStore
from tests.support.service import parts_for
from tests.support.waiting import wait_until
from web import app as web_app
from web.adapters import server as web_server
from web.adapters.server import WebServer, WebUnavailable
from web.app import make_app
from web.live import News, TruckSeen, difference
from web.ports import CityMap
from web.worker import LiveView

EMPTY = {"type": "FeatureCollection", "features": []}


class Clock:
    """A service clock that the test sets."""

    now = 5_000

    def now_ms(self) -> int:
        return self.now


class Told:
    """A feed that gives what the test tells it."""

    def __init__(self) -> None:
        self.news: queue.SimpleQueue[Sequence[News]] = queue.SimpleQueue()

    def poll(self) -> Sequence[News]:
        try:
            return self.news.get(timeout=0.05)
        except queue.Empty:
            return ()


class Site:
    """A running page, its feed and its clock."""

    def __init__(self) -> None:
        self.feed, self.clock = Told(), Clock()
        self.view = LiveView(self.feed)
        city = CityMap("minami", "南市", "Asia/Tokyo", "ja", EMPTY, EMPTY)
        self.server = WebServer(make_app(self.view, lambda: city, self.clock, None))

    def start(self) -> None:
        self.view.start()
        self.server.start()

    def stop(self) -> None:
        self.view.stop()
        self.server.stop()


@pytest.fixture
def site() -> Iterator[Site]:
    running = Site()
    running.start()
    yield running
    running.stop()


def frames(lines: Iterator[str]) -> Iterator[dict[str, object]]:
    return (json.loads(line[6:]) for line in lines if line.startswith("data: "))


def fleet(lat: float, fix_ms: int) -> list[News]:
    return [TruckSeen(f"truck-{i}", lat, 135.4, fix_ms) for i in range(300)]


def test_a_browser_gets_the_whole_picture_and_then_the_differences(site: Site) -> None:
    """The first frame is whole, later ones hold what changed, and the service time comes along in silence."""
    site.feed.news.put([TruckSeen("17", 34.8, 135.4, 1_000)])
    wait_until(lambda: site.view.picture.trucks, what="the first truck")
    with httpx.stream("GET", f"{site.server.url}live", timeout=10) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        told = frames(stream.iter_lines())
        first = next(told)
        assert (first["full"], first["now"], len(first["trucks"])) == (True, 5_000, 1)  # type: ignore[arg-type]
        site.clock.now = 6_000
        heartbeat = next(told)
        assert (heartbeat["full"], heartbeat["now"], heartbeat["trucks"]) == (False, 6_000, [])
        site.feed.news.put([TruckSeen("18", 34.9, 135.5, 2_000)])
        changed = next(frame for frame in told if frame["trucks"])
        assert [truck["truck"] for truck in changed["trucks"]] == ["18"]  # type: ignore[attr-defined]


def test_nothing_is_queued_for_a_browser_that_does_not_read(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow browser stops its own frames, and when it reads again it soon has the present."""
    made = []

    def counted(*pictures: object) -> dict[str, object]:
        made.append(1)
        return difference(*pictures)  # type: ignore[arg-type]

    monkeypatch.setattr(web_app, "FRAME_S", 0.001)
    monkeypatch.setattr(web_app, "difference", counted)
    host, port = site.server.url.removeprefix("http://").strip("/").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as slow:
        slow.sendall(b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        turn, stalled_at, since = 0, -1, time.monotonic()
        deadline = since + 60
        while time.monotonic() - since < 1.0:
            assert time.monotonic() < deadline, f"{len(made)} frames were made for a browser that does not read"
            turn += 1
            site.feed.news.put(fleet(34.0 + turn / 1e6, turn))
            wait_until(lambda: site.view.picture.trucks.get("truck-0", None), what="the fleet")
            wait_until(lambda: site.view.picture.trucks["truck-0"].fix_ms == turn, what="the newest fleet")  # noqa: B023
            if len(made) != stalled_at:
                stalled_at, since = len(made), time.monotonic()
        site.feed.news.put([TruckSeen("newest", 34.0, 135.0, turn)])
        seen = b""
        while b'"newest"' not in seen:
            piece = slow.recv(1 << 20)
            assert piece, "the stream ended"
            seen = seen[-64:] + piece
    assert stalled_at < turn


def test_a_browser_that_left_makes_room_for_another(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of viewers is bounded, and who leaves no longer counts."""
    monkeypatch.setattr(web_app, "MAX_VIEWERS", 1)
    url = f"{site.server.url}live"
    with httpx.stream("GET", url, timeout=10) as first:
        told = frames(first.iter_lines())
        next(told)
        refused = httpx.get(url, timeout=10)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")

    def comes_in() -> bool:
        with httpx.stream("GET", url, timeout=10) as second:
            return second.status_code == 200

    wait_until(comes_in, what="room for the second viewer")


def test_the_end_does_not_wait_for_open_browsers() -> None:
    """Stopping ends the streams that are open, within a moment."""
    site = Site()
    site.start()
    with httpx.stream("GET", f"{site.server.url}live", timeout=10) as stream:
        told = frames(stream.iter_lines())
        next(told)
        began = time.monotonic()
        site.stop()
        assert time.monotonic() - began < 2.5
        assert all(not frame["full"] for frame in told)


def test_a_taken_port_is_told_with_its_address(site: Site) -> None:
    """Starting on a port that somebody uses says which and what to do."""
    port = int(site.server.url.rstrip("/").rpartition(":")[2])
    with pytest.raises(WebUnavailable, match=f"127.0.0.1 port {port}: .*; set another address or port"):
        WebServer(
            make_app(site.view, lambda: CityMap("m", "m", "UTC", "en", EMPTY, EMPTY), Clock(), None), port=port
        ).start()


def test_a_server_that_dies_is_told_to_whoever_waits_for_the_end(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody would be answered: the stage must end, so that the process is started anew."""
    monkeypatch.setattr(web_server, "LOOK_S", 0.01)
    site.server._server.should_exit = True
    with pytest.raises(WebUnavailable, match=r"http://127\.0\.0\.1:\d+/ ended by itself"):
        site.server.serve(threading.Event())


def test_a_server_that_is_to_end_is_no_trouble(site: Site) -> None:
    """Asked to stop, it serves no longer and raises nothing."""
    stop = threading.Event()
    stop.set()
    site.server.serve(stop)


def test_the_web_stage_ends_the_service_when_its_server_dies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As wired: its following of the streams ends too, and the stage is told as dead."""
    monkeypatch.setattr(web_server, "LOOK_S", 0.01)
    monkeypatch.setattr(wiring, "store_at", lambda _settings: ClosingStore())
    (tmp_path / "minami").mkdir()
    (tmp_path / "minami" / "city.toml").write_text('id = "minami"\nname = "南市"\ntimezone = "Asia/Tokyo"\n')
    (tmp_path / "minami" / "trucks.csv").write_text("truck_id,credential\n17,minami-17\n")
    settings = load(None, {"GOMIKURU_CITIES_DIR": str(tmp_path / "minami"), "GOMIKURU_WEB__PORT": "0"})
    servers: list[WebServer] = []
    start = WebServer.start
    monkeypatch.setattr(WebServer, "start", lambda self: (servers.append(self), start(self))[1])
    over = threading.Event()
    stages = RunningStages([wiring.web_stage(parts_for(settings, tmp_path / "minami", MemoryMeter()))], over)
    stages.start()
    try:
        wait_until(lambda: servers and servers[0]._server.started, what="the page")
        assert stages.stand()["web"].ready
        servers[0]._server.should_exit = True
        assert over.wait(10)
        assert (stages.failed, stages.health()["live"]) == ("web", False)
    finally:
        stages.stop()


class ClosingStore(MemoryStore):
    """A store in memory with what the wiring expects of a real one."""

    def close(self) -> None:
        """End nothing."""
