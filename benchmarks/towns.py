"""The whole prediction beside the baselines, on fresh made-up towns: made, learned from, replayed and judged here.

`python -m benchmarks.towns --seeds 201,202 --unrest calm,usual --leads 5,10,30 [--days 20] [--tested 6] [--homes 60]`.
An unrest of `fleet:0.3` is a town of benchmarks.fleet, `yards` one of benchmarks.yards (with homes of its own number);
the others are of the test bed. Homes take the leads by turns.
Prints one table: a line a town, method and lead; asserts nothing.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Tokyo")
SHARES = ("hit", "close", "late", "missed", "early", "false")
HEAD = f"{'town':<14}{'method':<22}{'lead':>5}{'arrivals':>10}" + "".join(f"{name:>8}" for name in SHARES)


def python(module: str, *words: str) -> str:
    """Run a module; give what it printed."""
    done = subprocess.run((sys.executable, "-m", module, *words), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{module} {words[0]}: {done.stderr}")
    return done.stdout


def made(folder: Path, seed: str, unrest: str, given: argparse.Namespace) -> None:
    """Make a town; put the pings of the tested days into `test`, and the arrivals before and from then on apart."""
    fleet, _, how_much = unrest.partition(":")
    period = ("--days", str(given.days), "--out", str(folder))
    size = ("--homes", str(given.homes), *period)
    if fleet == "fleet":
        python("benchmarks.fleet", "--seed", seed, "--unrest", how_much, *size)
    elif unrest == "yards":
        python("benchmarks.yards", "--seed", seed, *period)
    else:
        python("gomikuru", "testbed", "--seed", seed, "--unrest", unrest, "--trucks", str(given.trucks), *size)
    (folder / "test").mkdir()
    tested = sorted((folder / "pings").glob("*.csv"))[-given.tested :]
    for file in tested:
        file.rename(folder / "test" / file.name)
    rows = rows_of(folder / "arrivals.csv")
    before = [row for row in rows if _day(row["arrived_at"]) < tested[0].stem]
    _write(folder / "before.csv", before)
    _write(folder / "after.csv", rows[len(before) :])
    residents = rows_of(folder / "residents.csv")
    leads = given.leads.split(",")
    _write(folder / "residents.csv", [row | {"lead_minutes": leads[k % len(leads)]} for k, row in enumerate(residents)])


def rows_of(file: Path) -> list[dict[str, str]]:
    """Read a table of a town: a dictionary a line, by the names of the first."""
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _write(file: Path, rows: list[dict[str, str]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _day(instant: str) -> str:
    return datetime.fromisoformat(instant.replace("Z", "+00:00")).astimezone(ZONE).date().isoformat()


def judged(folder: Path) -> list[dict[str, Any]]:
    """Learn, replay and evaluate; give the scores of every method."""
    town, residents, test = str(folder), str(folder / "residents.csv"), str(folder / "test" / "*.csv")
    alerts, predictions = str(folder / "alerts.jsonl"), str(folder / "predictions.csv")
    python("gomikuru", "learn", "--city", town, "--pings", str(folder / "pings" / "*.csv"))
    told = ("--out", alerts, "--predictions", predictions)
    python("gomikuru", "replay", "--city", town, "--pings", test, "--residents", residents, *told)
    truth = ("--arrivals", str(folder / "after.csv"), "--residents", residents)
    plain = ("--baseline", "--city", town, "--pings", test, "--past-arrivals", str(folder / "before.csv"))
    answer = python(
        "gomikuru", "evaluate", "--alerts", alerts, "--predictions", predictions, *truth, *plain, "--json", "-"
    )
    methods: list[dict[str, Any]] = json.loads(answer)["methods"]
    return methods


def lines(town: str, method: dict[str, Any]) -> Iterator[str]:
    """Word the scores of one method: a line a lead, the first with what is said of its predictions."""
    alerts, eta = method["alerts"], method["eta"]
    what = f"{_share(eta, 'headline')}{_share(eta, 'coverage')}{_share(eta, 'interval_coverage')}"
    for row in alerts["by_lead"] if alerts else ():
        shares = "".join(_share(row, name) for name in SHARES)
        yield f"{town:<14}{method['method']:<22}{row['lead_min']:>5.0f}{row['arrivals']:>10}{shares}{what}"
        what = ""


def _share(row: dict[str, Any] | None, name: str) -> str:
    value = row[name] if row else None
    return f"{'-':>8}" if value is None else f"{value:>8.2f}"


def main() -> None:
    """Make every town, judge it, and print its lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="201,202")
    parser.add_argument("--unrest", default="calm,usual")
    parser.add_argument("--leads", default="5,10,30")
    for name, usual in (("days", 20), ("tested", 6), ("trucks", 3), ("homes", 60)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    given = parser.parse_args()
    print(f"{HEAD}{'headl.':>8}{'covered':>8}{'hold':>8}")
    for unrest in given.unrest.split(","):
        for seed in given.seeds.split(","):
            with tempfile.TemporaryDirectory() as folder:
                made(Path(folder), seed, unrest, given)
                for method in judged(Path(folder)):
                    for line in lines(f"{unrest} {seed}", method):
                        print(line, flush=True)


if __name__ == "__main__":
    main()
