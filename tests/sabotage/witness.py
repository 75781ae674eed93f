"""A pytest plugin for a sabotaged copy: swears that the copy is what was tested, and writes down what became of it.

The environment names the copy (SABOTAGE_COPY) and the file to write (SABOTAGE_VERDICT).
"""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path

import pytest

PACKAGES = ("model", "streams", "ingest", "geofence", "residents", "notifier", "web", "gomikuru", "tests")


class Witness:
    """Notes of one run: what was collected, what passed, what failed in the test itself, and what went wrong beside."""

    def __init__(self, verdict: Path) -> None:
        self._verdict = verdict
        self.collected: list[str] = []
        self.passed: list[str] = []
        self.failed: list[str] = []
        self.broken: list[str] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note what will run."""
        self.collected = [item.nodeid for item in session.items]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a file that could not be read: that is no catch."""
        if report.failed:
            self.broken.append(f"{report.nodeid}: not collected: {str(report.longrepr)[-300:]}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test's end; only a failure of the test itself is a catch, not one of its setting up."""
        if report.when == "call" and report.passed:
            self.passed.append(report.nodeid)
        elif report.when == "call" and report.failed:
            self.failed.append(report.nodeid)
        elif report.failed or report.skipped:
            self.broken.append(f"{report.nodeid}: {report.outcome} in {report.when}: {str(report.longrepr)[-300:]}")

    def pytest_sessionfinish(self) -> None:
        """Write it down."""
        notes = {name: getattr(self, name) for name in ("collected", "passed", "failed", "broken")}
        self._verdict.write_text(json.dumps(notes), encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse to test anything but the copy."""
    copy = Path(os.environ["SABOTAGE_COPY"]).resolve()
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        origin = Path(spec.origin).resolve() if spec is not None and spec.origin else None
        if origin is None or copy not in origin.parents:
            raise pytest.UsageError(f"{name} comes from {origin}, not from the copy in {copy}")
    config.pluginmanager.register(Witness(Path(os.environ["SABOTAGE_VERDICT"])), "sabotage-witness")
