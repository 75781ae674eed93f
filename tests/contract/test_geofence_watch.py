"""The zones.geojson on a real disk: every way of saving it is noticed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from geofence.adapters.watch import WatchedFile
from tests.support.waiting import wait_until


@pytest.fixture
def source(tmp_path: Path) -> Iterator[WatchedFile]:
    """A watched file that is not there yet."""
    watched = WatchedFile(tmp_path / "zones.geojson")
    watched.start()
    yield watched
    watched.close()


def test_a_file_is_due_at_first_and_may_be_absent(source: WatchedFile) -> None:
    """The first look is always due; no file is None and no error."""
    assert source.changed()
    assert source.read() is None
    assert not source.changed()


def test_every_way_of_saving_is_noticed(source: WatchedFile, tmp_path: Path) -> None:
    """Written in place, renamed over as editors do, and deleted: each is a change, and read gives what is there."""
    file, beside = tmp_path / "zones.geojson", tmp_path / "zones.geojson~"
    source.read()

    def saved_until_noticed(data: bytes) -> None:
        def again() -> bool:
            file.write_bytes(data)
            return source.changed()

        wait_until(again, 20, "the first save to be noticed")

    saved_until_noticed(b"one")
    assert source.read() == b"one"
    wait_until(lambda: not _late(source), 20, "the echo of the first save")
    beside.write_bytes(b"two")
    beside.replace(file)
    wait_until(source.changed, 20, "the rename")
    assert source.read() == b"two"
    wait_until(lambda: not _late(source), 20, "the echo of the rename")
    file.unlink()
    wait_until(source.changed, 20, "the removal")
    assert source.read() is None


def _late(source: WatchedFile) -> bool:
    """Tell whether another change came, and take it."""
    changed = source.changed()
    if changed:
        source.read()
    return changed


def test_a_file_that_may_not_be_read_is_an_error_of_the_system(tmp_path: Path) -> None:
    """A folder in the file's place raises OSError, which the worker reports."""
    (tmp_path / "zones.geojson").mkdir()
    with pytest.raises(OSError):
        WatchedFile(tmp_path / "zones.geojson").read()


def test_closing_ends_the_watch(tmp_path: Path) -> None:
    """After close no thread is left."""
    source = WatchedFile(tmp_path / "zones.geojson")
    source.start()
    source.close()
    assert not source._thread.is_alive()
