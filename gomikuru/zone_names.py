"""What residents call a zone, from the city's zones.geojson as it was last saved whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from geofence.files import FILE, read_zones

LOOK_EVERY_S = 5.0


class ZoneNames:
    """Looks names up by city and zone id; a file that is broken or gone leaves the last names in force."""

    def __init__(self, folders: Mapping[str, Path], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._paths = {city: folder / FILE for city, folder in folders.items()}
        self._monotonic = monotonic
        self._names: dict[str, dict[str, str]] = {city: {} for city in folders}
        self._saved: dict[str, int] = {}
        self._look_at_s = dict.fromkeys(folders, 0.0)

    def __call__(self, city: str, zone: str) -> str | None:
        """Tell a zone's name, or None where it is not known."""
        now_s = self._monotonic()
        if now_s >= self._look_at_s[city]:
            self._look_at_s[city] = now_s + LOOK_EVERY_S
            self._look(city)
        return self._names[city].get(zone)

    def _look(self, city: str) -> None:
        try:
            saved = self._paths[city].stat().st_mtime_ns
            if saved == self._saved.get(city):
                return
            zones, problems = read_zones(self._paths[city].read_bytes())
        except OSError:
            return
        self._saved[city] = saved
        if not problems:
            self._names[city] = {zone.id: zone.name for zone in zones}
