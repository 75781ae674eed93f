"""What the geofence room asks of the world, beside the store of streams, the clocks and the meter."""

from __future__ import annotations

from typing import Protocol


class FileSource(Protocol):
    """A file of one city, such as its zones.geojson, watched while the service runs."""

    def changed(self) -> bool:
        """Tell whether the file may have changed since the last `read`; true at first."""
        ...

    def read(self) -> bytes | None:
        """Read the file; None when there is none. Raise OSError when it cannot be read."""
        ...


class NoFile:
    """A source that never has anything; for a service that has no profile."""

    def changed(self) -> bool:
        """Tell that nothing changed."""
        return False

    def read(self) -> bytes | None:
        """Give nothing."""
        return None
