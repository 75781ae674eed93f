"""With CI set, a skipped test is a failed run, unless its reason stands in the list below.

Locally a missing server or recording skips and says so (tests.support.needs); in CI nothing may be missing.
"""

from __future__ import annotations

import os

import pytest

ALLOWED = (
    "only Linux ties a child to its parent's life",
    "only macOS",
)
"""Beginnings of reasons that hold for a kind of machine, not for a missing piece."""


def not_allowed(reasons: dict[str, str]) -> list[str]:
    """Tell which skips, by test and reason, should have run."""
    return [f"{test}: {reason}" for test, reason in reasons.items() if not reason.startswith(ALLOWED)]


class NoSkips:
    """Collects the skips of a run and fails it at the end."""

    def __init__(self) -> None:
        self.reasons: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test that skipped."""
        if report.skipped and not hasattr(report, "wasxfail"):
            self._note(report.nodeid, report.longrepr)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a module that skipped as a whole."""
        if report.skipped:
            self._note(report.nodeid, report.longrepr)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail the run, if it would pass otherwise."""
        if not_allowed(self.reasons) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say which, and why that fails."""
        wrong = not_allowed(self.reasons)
        if wrong:
            terminalreporter.section("skipped, and CI may not skip", red=True)
            for line in wrong:
                terminalreporter.line(line)

    def _note(self, test: str, why: object) -> None:
        reason = str(why[2]) if isinstance(why, tuple) else str(why)
        self.reasons[test] = reason.removeprefix("Skipped: ")


def pytest_configure(config: pytest.Config) -> None:
    """Take part only where CI is set."""
    if os.environ.get("CI"):
        config.pluginmanager.register(NoSkips(), "no-skips")
