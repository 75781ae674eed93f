"""What each part of the prediction is worth: the same days played with one part left out at a time.

`python -m benchmarks.ablation TOWN --pings 'TOWN/test/*.csv' --arrivals ARRIVALS.csv`, where TOWN holds city.toml,
residents.csv and the profile.bin that `gomikuru learn` made of other days. Prints a table; asserts nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from geofence.forecast.calibration import Calibration
from geofence.forecast.modes import Manner
from geofence.forecast.profile import FILE, Profile, decode_profile, encode_profile
from geofence.limits import Limits
from gomikuru.commands.inputs import city_at, pings_of
from gomikuru.predictions import HEADER, Predictions, prediction_line
from gomikuru.replay import Twin, alert_line, homes_of
from gomikuru.residents_csv import read_residents

MANNERS = {
    "nothing": Manner(),
    "the time of day": Manner(clock_floor=1.0),
    "likeness of weekdays": Manner(kin=0.0),
    "the order of what was served": Manner(order=0.0, order_unbegun=0.0),
    "that a round is gone on with": Manner(resume=False),
    "whose days they are": Manner(foreign=1.0),
    "damping what is seldom served": Manner(seldom=1e-9),
    "evening out, and doubt": Manner(even=1.0, even_points=1.0, doubt=0.0),
}


def variants(profile: Profile) -> Iterator[tuple[str, Manner, Profile]]:
    """Give each variant: what is left out, how days are weighed, the profile."""
    for left_out, manner in MANNERS.items():
        yield left_out, manner, profile
    yield "the learned firing rule", Manner(), msgspec.structs.replace(profile, rules=())
    yield "calibration", Manner(), msgspec.structs.replace(profile, calibration=Calibration())


def played(town: Path, pings: list[str], manner: Manner, profile: Profile, into: Path) -> tuple[Path, Path]:
    """Play the days; write alerts and predictions."""
    city = city_at(town)
    twin = Twin(city, Limits(manner=manner))
    twin.profile(encode_profile(profile), 0)
    with (town / "residents.csv").open(encoding="utf-8", newline="") as lines:
        homes = homes_of(read_residents(lines).wishes)
    twin.homes(homes, 0)
    alerts, predictions = into / "alerts.jsonl", into / "predictions.csv"
    with alerts.open("wb") as told, predictions.open("w", encoding="utf-8") as foretold:
        foretold.write(HEADER + "\n")
        recorded, rows = pings_of(pings, city.id), Predictions(homes)
        for alert in twin.play_foretelling(recorded, rows, lambda row: foretold.write(prediction_line(row) + "\n")):
            told.write(alert_line(alert) + b"\n")
    return alerts, predictions


def scored(alerts: Path, predictions: Path, arrivals: str, residents: Path) -> dict[str, Any]:
    """Let `gomikuru evaluate` judge."""
    files = ("--alerts", str(alerts), "--predictions", str(predictions), "--residents", str(residents))
    command = (sys.executable, "-m", "gomikuru", "evaluate", *files, "--arrivals", arrivals, "--json", "-")
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    method: dict[str, Any] = json.loads(answer.stdout)["methods"][0]
    return method


def main() -> None:
    """Play and score every variant, and one more in which nobody is called a second time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("town", type=Path)
    parser.add_argument("--pings", action="append", required=True)
    parser.add_argument("--arrivals", required=True)
    given = parser.parse_args()
    profile = decode_profile((given.town / FILE).read_bytes())
    print(f"{'left out':<32}{'hit':>7}{'late':>7}{'missed':>8}{'early':>7}{'false':>7}{'headline':>10}{'hold':>7}")
    for left_out, manner, variant in variants(profile):
        with tempfile.TemporaryDirectory() as folder:
            files = played(given.town, given.pings, manner, variant, Path(folder))
            row(left_out, scored(*files, given.arrivals, given.town / "residents.csv"))
            if left_out == "nothing":
                once = [line for line in files[0].read_bytes().splitlines() if json.loads(line)["ordinal"] == 1]
                files[0].write_bytes(b"\n".join(once) + b"\n")
                row("the second call", scored(*files, given.arrivals, given.town / "residents.csv"))


def row(left_out: str, method: dict[str, Any]) -> None:
    """Print one variant's figures."""
    alerts, eta = method["alerts"]["total"], method["eta"]
    shares = "".join(f"{alerts[name]:>{width}.3f}" for name, width in SHARES)
    print(f"{left_out:<32}{shares}{eta['headline']:>10.3f}{eta['interval_coverage']:>7.3f}", flush=True)


SHARES = (("hit", 7), ("late", 7), ("missed", 8), ("early", 7), ("false", 7))

if __name__ == "__main__":
    main()
