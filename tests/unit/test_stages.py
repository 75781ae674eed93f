"""Stages in one process: started in order, stopped in the opposite order, and never dead in silence."""

from __future__ import annotations

import threading
from collections.abc import Callable

from gomikuru.stages import RunningStages, Stage
from gomikuru.standing import Standing, Trouble
from tests.support.waiting import wait_until


def stage(name: str, said: list[str], work: Callable[[threading.Event], None] | None = None, ok: bool = True) -> Stage:
    def run(stop: threading.Event) -> None:
        said.append(f"{name} begins")
        (work or (lambda event: event.wait() and None))(stop)
        said.append(f"{name} ends")

    troubles = () if ok else (Trouble("broken", "it is broken", stops=True),)
    return Stage(name, run, lambda: Standing(True, troubles, {"detail": name}))


def test_the_stage_that_started_last_stops_first_and_has_ended_before_the_next() -> None:
    """What came in goes out: ingest stops before the engine, the engine before the notifier."""
    said: list[str] = []
    stages = RunningStages([stage(name, said) for name in ("notifier", "geofence", "ingest")], threading.Event())
    stages.start()
    wait_until(lambda: len(said) == 3, what="all stages to begin")
    stages.stop()
    assert said[3:] == ["ingest ends", "geofence ends", "notifier ends"]
    assert stages.failed is None


def test_a_stage_that_fails_ends_the_service() -> None:
    """Whoever supervises the process must see it end, rather than run on with a stage missing."""

    def fail(_stop: threading.Event) -> None:
        raise RuntimeError("broken")

    over = threading.Event()
    stages = RunningStages([stage("web", []), stage("ingest", [], fail)], over)
    stages.start()
    assert over.wait(5)
    stages.stop()
    assert stages.failed == "ingest"
    assert not stages.health()["live"]


def test_a_stage_that_ends_unasked_ends_the_service_too() -> None:
    """A loop that returns early is a failure, even without an exception."""
    over = threading.Event()
    stages = RunningStages([stage("ingest", [], lambda _stop: None)], over)
    stages.start()
    assert over.wait(5)
    stages.stop()
    assert stages.failed == "ingest"


def test_health_is_that_of_the_worst_stage_and_names_each() -> None:
    """One stage that is not well makes the whole not well."""
    stages = RunningStages([stage("web", []), stage("ingest", [], ok=False)], threading.Event())
    assert stages.health() == {
        "live": True,
        "ready": False,
        "well": False,
        "reasons": ["ingest: it is broken"],
        "stages": {
            "web": {"live": True, "ready": True, "reasons": [], "detail": "web"},
            "ingest": {"live": True, "ready": False, "reasons": ["it is broken"], "detail": "ingest"},
        },
    }
