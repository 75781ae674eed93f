"""Writes a town: `python -m benchmarks.yards --seed 1 --days 29 --lead-minutes 10 --out DIR`."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.yards.files import Arrival, Folder, arrivals
from benchmarks.yards.fleet import Fleet
from benchmarks.yards.settings import Settings


def main() -> None:
    """Runs the stages and writes their files."""
    parser = argparse.ArgumentParser(prog="benchmarks.yards", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=29, help="service days; in some towns Sundays are free")
    parser.add_argument("--lead-minutes", type=int, default=10)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    fleet, came = Fleet(Settings(seed=asked.seed), asked.days), list[Arrival]()
    folder = Folder(asked.out, fleet.town)
    folder.city()
    for one in fleet.days():
        folder.pings(one)
        came += arrivals(one)
    folder.residents(asked.lead_minutes)
    folder.arrivals(came)


if __name__ == "__main__":
    main()
