"""The archive and the nightly learning of every city: are there days, may others read them, when was learned last."""

from __future__ import annotations

from collections.abc import Iterator

from gomikuru.archive.reading import Archive
from gomikuru.city_files import CityFolder, load_cities
from gomikuru.clocks import machine_ms
from gomikuru.counted import counted
from gomikuru.doctor.findings import Finding, error, note, ok, warning
from gomikuru.learning.night import FIELD, HASH, Night, decode_night
from gomikuru.settings import Settings
from gomikuru.standing import failing_days
from gomikuru.wiring import store_at
from model.times import format_rfc3339
from streams.ports import StoreFault, StoreUnavailable

PART = "learning"
DAY_MS = 86_400_000


def examine_learning(settings: Settings) -> Iterator[Finding]:
    """Look at the archive on this machine's disk, and at what the learner noted in the store."""
    if not (settings.archive.enabled and settings.learn.enabled):
        yield note(PART, "learning every night is switched off: profiles for leads in minutes are made by hand")
        return
    yield from _private(settings)
    cities, _ = load_cities(settings.cities_dir)
    try:
        store = store_at(settings)
        try:
            for folder in cities:
                stored = store.fields(folder.city.id, HASH, [FIELD]).get(FIELD)
                yield _archived(settings, folder)
                yield judged(folder.city.id, decode_night(stored), settings.learn.warn_after_days, machine_ms())
        finally:
            store.close()
    except (StoreUnavailable, StoreFault, OSError, ValueError) as fault:
        yield note(PART, f"not looked at: {fault}", "the store's own finding says what to do")


def judged(city: str, night: Night | None, warn_after_days: float, now_ms: int) -> Finding:
    """Judge what became of the last night."""
    if night is None:
        return note(PART, f"{city}: no night has been noted yet", "the learner stage does it at its first start")
    if night.failing_ms is not None:
        days = failing_days(night, now_ms)
        what = f"{city}: learning has failed for {days:.1f} days: {night.problem}"
        tell = error if days >= warn_after_days else warning
        return tell(PART, what, "mend that; the last profile stays in force, and it is tried again every hour")
    if now_ms - night.tried_ms > (warn_after_days + 1) * DAY_MS:
        what = f"{city}: the last night noted is that of {format_rfc3339(night.tried_ms)}"
        return warning(PART, what, "run the learner stage")
    if not night.truck_days:
        return note(PART, f"{city}: there was nothing to learn from", "a truck-day needs 30 pings")
    learned = f"{counted(night.truck_days, 'truck-day')} in {night.seconds:.0f} s"
    return ok(PART, f"{city}: learned at {format_rfc3339(night.learned_ms or night.tried_ms)} from {learned}")


def _archived(settings: Settings, folder: CityFolder) -> Finding:
    days = Archive(settings.archive.dir, folder.city.id).days()
    if not days:
        what = f"{folder.city.id}: no day in {settings.archive.dir} on this machine"
        return note(PART, what, "run the archive stage here, or ask the doctor where it runs")
    return ok(PART, f"{folder.city.id}: {counted(len(days), 'day')} in the archive, {days[0]} to {days[-1]}")


def _private(settings: Settings) -> Iterator[Finding]:
    """Where vehicles were is not for every user of the machine."""
    path = settings.archive.dir
    if path.is_dir() and path.stat().st_mode & 0o077:
        yield warning(PART, f"archive.dir: other users of this machine can look into {path}", f"chmod 700 {path}")
