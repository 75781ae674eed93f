"""Tables in files, as tests look at them."""

from __future__ import annotations

import csv
from pathlib import Path


def rows(path: Path) -> list[dict[str, str]]:
    """Read a CSV file: a dictionary a line, by the names of the first."""
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
