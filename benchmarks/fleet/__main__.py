"""Writes a town: `python -m benchmarks.fleet --seed 1 --unrest 0.3 --days 28 --homes 60 --out DIR`."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.fleet.files import Coming, Folder, comings
from benchmarks.fleet.settings import settled
from benchmarks.fleet.town import Fleet
from benchmarks.fleet.truth import homes


def main() -> None:
    """Runs the stages and writes their files."""
    parser = argparse.ArgumentParser(prog="benchmarks.fleet", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--unrest", type=float, default=0.3, help="0 to 1: how strongly days differ")
    parser.add_argument("--days", type=int, default=28, help="service days, Monday to Saturday without holidays")
    parser.add_argument("--homes", type=int, default=60)
    parser.add_argument("--lead-minutes", type=int, default=10)
    parser.add_argument("--late-backlog", action="store_true", help="what a box held back arrives late")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    settings = settled(asked.seed, asked.unrest)
    folder = Folder(asked.out, settings, asked.late_backlog)
    folder.city()
    fleet, came = Fleet(settings, asked.days), list[Coming]()
    for one in fleet.days():
        folder.pings(one)
        came += comings(one, fleet.stops)
    residents = homes(fleet.stops, fleet.routine(), asked.homes, np.random.default_rng([settings.seed, 6]))
    folder.residents(residents, asked.lead_minutes)
    folder.arrivals(came, residents)


if __name__ == "__main__":
    main()
