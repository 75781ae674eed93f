"""The zones.geojson on a real disk: every way of saving it is noticed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from geofence.adapters import watch as watch_module
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


def test_a_watch_that_fails_is_told_and_the_file_is_compared_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system has no watches left, what is saved takes force all the same."""

    def fails(*_: object, **__: object) -> Iterator[set[object]]:
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr(watch_module, "watch", fails)
    file = tmp_path / "zones.geojson"
    with capture_logs() as logs, watching(file) as source:
        assert source.read() is None
        for data in (b"one", b"two"):
            file.write_bytes(data)
            wait_until(source.changed, 20, "the save")
            assert source.read() == data
        assert source._thread.is_alive()
    told = [entry for entry in logs if entry["event"] == "watch_failed"]
    assert len(told) == 1
    assert "watch limit" in told[0]["error"]


def test_a_folder_that_is_swapped_for_another_is_noticed_and_watched(tmp_path: Path) -> None:
    """A deployment renames the whole folder: the swap is a change, and so is the next save in the new one."""
    city, prepared = tmp_path / "minami", tmp_path / "minami.new"
    for folder in (city, prepared):
        folder.mkdir()
        (folder / "zones.geojson").write_bytes(folder.name.encode())
    with watching(city / "zones.geojson") as source:
        assert source.read() == b"minami"
        city.rename(tmp_path / "minami.old")
        prepared.rename(city)
        wait_until(source.changed, 20, "the swap")
        assert source.read() == b"minami.new"
        (city / "zones.geojson").write_bytes(b"saved")
        wait_until(source.changed, 20, "the save after the swap")
        assert source.read() == b"saved"


def test_a_folder_that_comes_later_is_watched(tmp_path: Path) -> None:
    """A disk that is mounted after the service started."""
    file = tmp_path / "minami" / "zones.geojson"
    with watching(file) as source:
        assert source.read() is None
        file.parent.mkdir()
        file.write_bytes(b"late")
        wait_until(source.changed, 20, "the file")
        assert source.read() == b"late"


@contextmanager
def watching(file: Path) -> Iterator[WatchedFile]:
    source = WatchedFile(file, compare_s=0.1)
    source.start()
    try:
        yield source
    finally:
        source.close()


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
