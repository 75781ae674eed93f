"""The whole performance table: the engine alone, the FCM leg, and the service end to end until it bends.

`python3 dev.py bench [--quick]`. Each part is also a command of its own: benchmarks.engine, .notifier_sends,
.end_to_end, .burst. The whole takes about an hour; the burst of a million comes on top with --burst.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from typing import Any

from benchmarks import end_to_end, notifier_sends
from benchmarks.burst import outage

RATES = (100, 500, 1_000, 2_000, 4_000, 6_000, 10_000, 20_000)
HOMES = (20_000, 170_000, 1_000_000, 5_000_000)
QUICK_RATES, QUICK_HOMES = (100, 2_000, 6_000), (20_000,)
HEAD = (
    f"{'homes':>10}{'AOF':>10}{'pings/s':>9}{'alerts/s':>10}{'due -> commit, ms':>24}{'due -> FCM, ms':>24}"
    f"{'load':>6}  cores"
)


def machine() -> str:
    """Describe where this runs."""
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; "
        f"load average at the start {os.getloadavg()[0]:.1f}"
    )


def fcm(count: int, runs: int) -> None:
    """Print the FCM leg: the median of several runs."""
    print("\nFCM leg, 50 ms round trip, 250 at once:")
    found = sorted((notifier_sends.measured(count, 0.05, 250) for _ in range(runs)), key=lambda one: one["sends_a_s"])
    one = found[len(found) // 2]
    print(f"  {one['sends_a_s']:,.0f} sends/s, {one['sends_a_cpu_s']:,.0f} a second of CPU (median of {runs})")


def service(homes: int, rates: tuple[int, ...], seconds: float, runs: int, appendfsync: str) -> None:
    """Print the rows of one town."""
    for row in end_to_end.rows(homes, rates, seconds, appendfsync, runs):
        print(worded(row), flush=True)


def worded(row: dict[str, Any]) -> str:
    """Make a line of a row."""
    if "import_s" in row:
        return (
            f"{row['homes']:>10,}: imported in {row['import_s']:.0f} s, "
            f"taken by the engine in {row['engine_takes_s']:.0f} s, loaded at a start in {row['start_s']:.0f} s"
        )
    commit, sent = (_latency(row[name]) for name in ("commit_ms", "fcm_ms"))
    cores = " ".join(f"{name} {value:.2f}" for name, value in row["cores"].items())
    return (
        f"{row['homes']:>10,}{row['appendfsync']:>10}{row['pings_s']:>9,}{row['alerts_s']:>10,.0f}"
        f"{commit:>24}{sent:>24}{row['load']:>6}  {cores}; publisher late by {row['publisher_lag_ms']['p99']} at p99"
    )


def _latency(values: dict[str, float]) -> str:
    return f"{values['p50']:.0f} / {values['p99']:.0f}" if values else "no alert"


def main() -> None:
    """Measure all, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a short table, about three minutes")
    parser.add_argument("--seconds", type=float, default=15.0, help="of each row")
    parser.add_argument("--runs", type=int, default=3, help="of each row, of which the median counts")
    parser.add_argument("--burst", action="store_true", help="also a million pings after an outage")
    options = parser.parse_args()
    print(machine())
    print("\nThe engine alone:", flush=True)
    small = [
        "--pings",
        "20000",
        "--step-pings",
        "20000",
        "--strtree-pings",
        "300",
        "--geosearch-pings",
        "200",
        "--sizes",
    ]
    subprocess.run([sys.executable, "-m", "benchmarks.engine", *(small if options.quick else [])], check=True)
    fcm(5_000 if options.quick else 20_000, 1 if options.quick else 3)
    print("\nThe service on real servers, median / 99th percentile:")
    print(HEAD, flush=True)
    rates, towns = (QUICK_RATES, QUICK_HOMES) if options.quick else (RATES, HOMES)
    for homes in towns:
        service(homes, rates, 6.0 if options.quick else options.seconds, 1 if options.quick else options.runs, "always")
    if not options.quick:
        service(170_000, rates, options.seconds, options.runs, "everysec")
    if options.burst:
        print(outage(1_000_000, 278, 20_000))


if __name__ == "__main__":
    main()
