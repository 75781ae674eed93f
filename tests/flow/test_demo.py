"""The demonstration as a newcomer starts it: a process of its own, watched from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.waiting import wait_until

COMMAND = [sys.executable, "-m", "gomikuru", "run", "--demo", "--homes", "1000", "--plain"]


def children_of(folder: Path) -> list[str]:
    """Name the living processes (no zombies) whose files are in a folder, and their children."""
    listed = subprocess.run(
        ["ps", "-eww", "-o", "pid=,ppid=,stat=,args="], capture_output=True, text=True, check=True
    ).stdout
    lines = [line.split(None, 3) for line in listed.splitlines()]
    living = [line for line in lines if len(line) == 4 and not line[2].startswith("Z")]
    own = {line[0] for line in living if str(folder) in line[3]}
    return [" ".join(line) for line in living if line[0] in own or line[1] in own]


@pytest.fixture
def begun(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A demonstration that has begun to show pushes, with its temporary files in tmp_path."""
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    with (tmp_path / "demo.log").open("w") as log:
        process = subprocess.Popen(COMMAND, stdout=log, stderr=subprocess.STDOUT, env=environ)
    try:
        wait_until(lambda: "phone of" in (tmp_path / "demo.log").read_text(), 60, "the first push")
        assert children_of(tmp_path), "the embedded servers should be running"
        yield process
    finally:
        process.kill()
        process.wait(10)


def test_the_demo_ends_with_a_summary_in_which_pushes_arrived_and_none_twice(tmp_path: Path) -> None:
    """`gomikuru run --demo --for S` prints its JSON summary as the last line, with pushes and without duplicates."""
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [*COMMAND, "--for", "12"], capture_output=True, text=True, env=environ, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "error" not in done.stderr, done.stderr
    summary = json.loads(done.stdout.splitlines()[-1])
    assert set(summary) == {
        "messages_received", "pings_accepted", "pings_rejected", "alerts", "pushes", "duplicates", "latency_ms"
    }  # fmt: skip
    assert summary["pings_accepted"] >= summary["messages_received"] > 0
    assert summary["pushes"] == summary["alerts"] > 0
    assert summary["duplicates"] == 0
    assert summary["latency_ms"]["p50"] <= summary["latency_ms"]["p99"]
    assert not children_of(tmp_path)


def test_ctrl_c_ends_the_demo_in_order(begun: subprocess.Popen[bytes], tmp_path: Path) -> None:
    """SIGINT ends everything with exit code 0 and the summary, and leaves no process."""
    begun.send_signal(signal.SIGINT)
    assert begun.wait(40) == 0
    assert json.loads((tmp_path / "demo.log").read_text().splitlines()[-1])["duplicates"] == 0
    assert not children_of(tmp_path)


def test_no_orphan_survives_the_kill_of_the_demo(begun: subprocess.Popen[bytes], tmp_path: Path) -> None:
    """After kill -9 of the demo its servers stop by themselves."""
    begun.kill()
    begun.wait(10)
    wait_until(lambda: not children_of(tmp_path), 40, "the embedded servers to stop")
