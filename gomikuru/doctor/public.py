"""The listener for residents and their data: HTTPS, names, and whether the keys are those of the store."""

from __future__ import annotations

import ssl
import sys
from collections.abc import Iterator
from pathlib import Path

from gomikuru.city_files import load_cities
from gomikuru.doctor.findings import Finding, error, note, ok, warning
from gomikuru.settings import Settings
from gomikuru.wiring import store_at
from residents.adapters.key_files import KEY_ID, KeyFiles, KeyMissing
from residents.keys import key_id
from streams.ports import StoreFault, StoreUnavailable

PART = "public"
LOCAL = ("127.0.0.1", "::1", "localhost")


def examine_public(settings: Settings) -> Iterator[Finding]:
    """Look at the settings, the certificate and the keys; makes nothing."""
    if settings.public.enabled:
        yield _served(settings)
        if not settings.public.hosts and settings.public.base_url is None:
            what = "neither public.base_url nor public.hosts is set: only this machine's own names are answered"
            yield warning(PART, what, "set public.base_url to the address that residents type")
    yield from _private(settings.privacy.key_file)
    yield from _agreed(settings)


def _served(settings: Settings) -> Finding:
    public = settings.public
    if public.cert_file and public.key_file:
        try:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(public.cert_file, public.key_file)
        except (OSError, ssl.SSLError) as fault:
            return error(PART, f"the certificate cannot be used: {fault.strerror or fault}", "see public.cert_file")
        return ok(PART, "served by HTTPS")
    if (public.base_url or "").startswith("https://"):
        return ok(PART, f"a TLS proxy stands before it, at {public.base_url}")
    remedy = "set public.cert_file and public.key_file, or put a TLS proxy before it and set public.base_url"
    return warning(PART, "no HTTPS: browsers give push and sign-up to localhost only", remedy)


def _private(path: Path) -> Iterator[Finding]:
    if not path.exists():
        yield note(PART, f"{path}: no master key yet; it is made at the first run", "then back it up")
    elif sys.platform != "win32" and path.stat().st_mode & 0o077:
        yield warning(PART, f"{path}: others of this machine can read the master key", f"chmod 600 {path}")


def _agreed(settings: Settings) -> Iterator[Finding]:
    files = KeyFiles(settings.privacy.key_file, settings.privacy.keys_dir)
    cities, _ = load_cities(settings.cities_dir)
    try:
        store = store_at(settings)
        try:
            for city in (folder.city.id for folder in cities):
                yield _judged(files, city, store.get(city, KEY_ID))
        finally:
            store.close()
    except (StoreUnavailable, StoreFault, OSError, ValueError) as fault:
        yield note(PART, f"keys not compared with the store: {fault}", "the store's own finding says what to do")


def _judged(files: KeyFiles, city: str, noted: bytes | None) -> Finding:
    if noted is None:
        return note(PART, f"{city}: no home's devices are sealed yet")
    try:
        known = [key_id(key) for key in files.keys(city).all]
    except KeyMissing as fault:
        return error(PART, f"{city}: {fault}", "nobody is told until it is back")
    if noted not in known:
        what = f"{city}: {files.file_of(city)} is not the key with which the devices in the store are sealed"
        return error(PART, what, "put the right key back; nobody is told until then")
    return ok(PART, f"{city}: the key is that of the store")
