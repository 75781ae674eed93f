"""Key files: made once, read anew, a city's own before the installation's."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from residents.adapters.key_files import AgreedKeys, KeyFiles, KeyMissing, add_key, make_key_file
from residents.keys import city_key, read_keys, write_key
from streams.memory import MemoryStore

OWN = b"o" * 32


def test_many_processes_at_once_make_one_key(tmp_path: Path) -> None:
    """Whoever is first makes it, whole; nobody overwrites it, and nothing is left beside it."""
    path = tmp_path / "keys" / "master.key"
    made: list[bool] = []
    threads = [threading.Thread(target=lambda: made.append(make_key_file(path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(made) == 1
    assert len(read_keys(path.read_text())) == 1
    assert list(path.parent.iterdir()) == [path]


class Overtaken(MemoryStore):
    """Before it is asked anything, another process makes the key and notes it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path: Path | None = path

    def get(self, city: str, name: str) -> bytes | None:
        path, self._path = self._path, None
        if path is not None:
            AgreedKeys(KeyFiles(path), self).keys(city)
        return super().get(city, name)


def test_a_process_that_is_overtaken_at_the_first_start_takes_the_key_that_was_made(tmp_path: Path) -> None:
    """It looked for the file before the other made it, and finds the other's note: no key is missing."""
    path = tmp_path / "master.key"
    keys = AgreedKeys(KeyFiles(path), Overtaken(path)).keys("minami")
    assert keys.key == city_key(read_keys(path.read_text())[0], "minami")


def test_a_city_may_hold_its_own_key_and_what_was_sealed_before_still_opens(tmp_path: Path) -> None:
    """Its file is in force from when it is there; other cities stay with the master key."""
    master, folder = tmp_path / "master.key", tmp_path / "own"
    files, store = KeyFiles(master, folder), MemoryStore()
    keys = AgreedKeys(files, store)
    sealed = keys.sealer("minami").seal("h", b"before")
    folder.mkdir()
    (folder / "minami.key").write_text(write_key(OWN))
    assert keys.keys("minami").key == OWN
    assert keys.sealer("minami").unseal("h", sealed) == b"before"
    assert not keys.sealer("minami").is_current(sealed)
    assert keys.keys("kita").key == city_key(read_keys(master.read_text())[0], "kita")


def test_a_new_line_is_in_force_at_once_and_a_file_that_goes_leaves_its_keys(tmp_path: Path) -> None:
    """A running service follows its key file, and is not stopped by its loss."""
    master = tmp_path / "master.key"
    files = KeyFiles(master)
    make_key_file(master)
    first = files.keys("minami")
    assert files.keys("minami") is first
    add_key(master)
    os.utime(master, ns=(1, 1))
    second = files.keys("minami")
    assert second.old == (first.key,)
    assert master.stat().st_mode & 0o777 == 0o600
    master.unlink()
    assert files.keys("minami") is second
    with pytest.raises(KeyMissing, match="put it back"):
        KeyFiles(master).keys("minami")


def test_a_broken_file_says_which_line_and_repeats_nothing(tmp_path: Path) -> None:
    """Nor is it overwritten by a new key."""
    master = tmp_path / "master.key"
    master.write_text("# a key\nnonsense\n")
    with pytest.raises(KeyMissing, match="line 2 is no key") as raised:
        AgreedKeys(KeyFiles(master), MemoryStore()).keys("minami")
    assert "nonsense" not in str(raised.value)
    assert str(master) in str(raised.value)
    assert "nonsense" in master.read_text()


def test_a_place_where_no_key_can_be_made_is_named(tmp_path: Path) -> None:
    """With the setting that names another."""
    (tmp_path / "file").write_text("")
    with pytest.raises(KeyMissing, match=r"privacy\.key_file"):
        AgreedKeys(KeyFiles(tmp_path / "file" / "master.key"), MemoryStore()).keys("minami")
