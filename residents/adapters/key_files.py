"""Keys on the disk: the installation's master key, made at the first run, or a city's own; read anew when changed."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
import threading
from pathlib import Path
from typing import Protocol

from residents.keys import KEY_BYTES, CityKeys, KeyUnreadable, city_key, key_id, read_keys, write_key
from residents.sealing import NONCE_BYTES, Sealer
from streams.ports import Blobs

KEY_ID = "key-id"
"""The name of the stored bytes that say which key a city's homes are sealed with."""


class KeyMissing(Exception):
    """The key that opens what is stored is not there; the message says which file and what to do."""


class Keys(Protocol):
    """Gives each city's keys."""

    def keys(self, city: str) -> CityKeys:
        """Give a city's keys as they are now. Raise KeyMissing."""
        ...

    def sealer(self, city: str) -> Sealer:
        """Give the sealer of a city."""
        ...


class KeyFiles:
    """The keys of all cities: `<keys_dir>/<city>.key` where there is one, else derived from the master key."""

    def __init__(self, key_file: Path, keys_dir: Path | None = None) -> None:
        self._key_file = key_file
        self._keys_dir = keys_dir
        self._lock = threading.Lock()
        self._read: dict[str, tuple[tuple[Path, int], CityKeys]] = {}

    def file_of(self, city: str) -> Path:
        """Tell which file a city's keys come from."""
        own = self._keys_dir / f"{city}.key" if self._keys_dir else None
        return own if own and own.exists() else self._key_file

    def keys(self, city: str) -> CityKeys:
        """Give a city's keys; a file that is gone or broken leaves those read before in force. Raise KeyMissing."""
        path = self.file_of(city)
        try:
            mark = path, path.stat().st_mtime_ns
            known = self._read.get(city)
            if known and known[0] == mark:
                return known[1]
            with self._lock:
                found = self._read[city] = mark, self._load(path, city)
            return found[1]
        except (OSError, KeyUnreadable, UnicodeDecodeError) as error:
            if known := self._read.get(city):
                return known[1]
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise KeyMissing(f"{path}: {reason}; it holds the key of residents' devices: put it back") from error

    def _load(self, path: Path, city: str) -> CityKeys:
        """Read a city's keys; where it has a file of its own, what followed from the master key still opens."""
        read = list(read_keys(path.read_text(encoding="ascii")))
        if path == self._key_file:
            read = [city_key(key, city) for key in read]
        elif self._key_file.exists():
            read += [city_key(key, city) for key in read_keys(self._key_file.read_text(encoding="ascii"))]
        return CityKeys(city, read[0], tuple(read[1:]))


def make_key_file(path: Path) -> bool:
    """Make a key file with a new key, readable by its owner only; False when there is one already."""
    if path.exists():
        return False
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = _written(path, write_key(secrets.token_bytes(KEY_BYTES)))
    try:
        os.link(made, path)  # fails where another process was quicker, and never overwrites
    except FileExistsError:
        return False
    finally:
        made.unlink()
    return True


def add_key(path: Path) -> None:
    """Put a new key before those of a key file: it seals from now on, the others still open. Raise KeyUnreadable."""
    text = path.read_text(encoding="ascii")
    read_keys(text)
    _written(path, write_key(secrets.token_bytes(KEY_BYTES)) + text).replace(path)


def agree(store: Blobs, keys: CityKeys, path: Path) -> None:
    """Compare the keys with those that the store's homes were sealed with, and note the present one.

    Raise KeyMissing when none of them is that key: a wrong key must not seal beside it.
    """
    noted = store.get(keys.city, KEY_ID)
    names = [key_id(key) for key in keys.all]
    if noted is not None and noted not in names:
        raise KeyMissing(
            f"{path}: not the key with which residents' devices of city {keys.city!r} are sealed in the store; "
            "nothing is lost: put that key back, also under a newer one"
        )
    if noted != names[0]:
        store.put(keys.city, KEY_ID, names[0])


class AgreedKeys:
    """The keys of files, each city's compared with its store before it is used first, and whenever it changed.

    The master key is made where nothing was sealed yet. Raises KeyMissing, and then nothing was made or changed;
    StoreUnavailable, StoreFault.
    """

    def __init__(self, files: KeyFiles, store: Blobs) -> None:
        self._files = files
        self._store = store
        self._lock = threading.Lock()
        self._agreed: dict[str, CityKeys] = {}
        self._sealers: dict[str, Sealer] = {}

    def keys(self, city: str) -> CityKeys:
        """Give a city's keys as they are now."""
        if city not in self._agreed:
            self._make(city)
        keys = self._files.keys(city)
        if keys is not self._agreed.get(city):
            with self._lock:
                agree(self._store, keys, self._files.file_of(city))
                self._agreed[city] = keys
        return keys

    def sealer(self, city: str) -> Sealer:
        """Give the sealer of a city."""
        if city not in self._sealers:
            self._sealers[city] = Sealer(lambda: self.keys(city), lambda: secrets.token_bytes(NONCE_BYTES))
        return self._sealers[city]

    def _make(self, city: str) -> None:
        path = self._files.file_of(city)
        if path.exists():
            return
        sealed = self._store.get(city, KEY_ID) is not None
        if sealed and not path.exists():  # another process may have made it since: first the file, then the note
            raise KeyMissing(
                f"{path}: is not there, and residents' devices of city {city!r} are sealed in the store with the key "
                "that it held; nothing is lost: put the file back from its backup"
            )
        try:
            make_key_file(path)
        except OSError as error:
            raise KeyMissing(
                f"{path}: cannot be made: {error.strerror}; set privacy.key_file to another place"
            ) from error


def _written(path: Path, text: str) -> Path:
    handle, name = tempfile.mkstemp(prefix=path.name, dir=path.parent)
    with contextlib.suppress(AttributeError):
        os.fchmod(handle, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)
