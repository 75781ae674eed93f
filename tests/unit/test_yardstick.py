"""The yardstick on a street of two stops, where what each simple method says can be reckoned by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from benchmarks.yardstick import line, read_town, town_scores
from gomikuru.simulation.plane import Plane

MPS = 5.0
FIRST_M, SECOND_M, SELDOM_M = 3_600.0, 5_400.0, 4_500.0
BEGINS = datetime(2026, 11, 2, 0, 0, tzinfo=UTC)
PLANE = Plane(139.7, 35.6)


def degrees(metres: float) -> tuple[float, float]:
    lon, lat = PLANE.to_lonlat(np.array([[metres, 0.0]]))[0]
    return float(lon), float(lat)


def town(folder: Path, turns_m: float = 6_000.0) -> Path:
    """A truck drives along a street on five days, three minutes later each; on the fifth it turns at `turns_m`."""
    (folder / "pings").mkdir()
    (folder / "test").mkdir()
    arrivals = ["resident_id,vehicle_id,arrived_at"]
    for day in range(5):
        begins = BEGINS + timedelta(days=day, minutes=3 * day)
        last = day == 4
        lines = ["vehicle_id,timestamp,lat,lon"]
        for second in range(0, 1_201, 5):
            along_m = MPS * second
            if last and along_m > turns_m:
                along_m = 2 * turns_m - along_m
            lon, lat = degrees(along_m)
            lines.append(f"truck-1,{(begins + timedelta(seconds=second)).isoformat()},{lat:.6f},{lon:.6f}")
        (folder / ("test" if last else "pings") / f"{begins.date()}.csv").write_text("\n".join(lines) + "\n")
        served = [("first", FIRST_M), ("second", SECOND_M), *([("seldom", SELDOM_M)] if day == 0 else [])]
        for home, metres in served:
            if not last or metres <= turns_m:
                arrivals.append(f"{home},truck-1,{(begins + timedelta(seconds=metres / MPS)).isoformat()}")
    (folder / "arrivals.csv").write_text("\n".join(arrivals) + "\n")
    homes = [
        (name, *degrees(metres)) for name, metres in (("first", FIRST_M), ("second", SECOND_M), ("seldom", SELDOM_M))
    ]
    rows = ["resident_id,lat,lon", *(f"{name},{lat:.6f},{lon:.6f}" for name, lon, lat in homes)]
    (folder / "residents.csv").write_text("\n".join(rows) + "\n")
    return folder


def said(folder: Path, method: str) -> dict[str, str]:
    words = line("town", method, [town_scores(read_town(folder))[method]])[18 + 10 :].split()
    return dict(zip(("arrivals", "hit", "late", "missed", "early", "false", "headline"), words, strict=True))


@pytest.mark.parametrize(
    ("method", "hit", "late", "headline"),
    [
        ("500 m", "0.00", "1.00", "-"),  # 100 s before
        ("1,000 m", "0.00", "0.00", "-"),  # 200 s before: neither late nor a hit
        ("nearest", "1.00", "0.00", "1.00"),  # as soon as it took eight minutes on past days
    ],
)
def test_a_truck_that_does_as_ever_is_judged_at_the_homes_that_it_serves_as_ever(
    tmp_path: Path, method: str, hit: str, late: str, headline: str
) -> None:
    found = said(town(tmp_path), method)
    expected = {"arrivals": "2", "hit": hit, "late": late, "missed": "0.00", "early": "0.00", "false": "0.00"}
    assert found == {**expected, "headline": headline}


def test_a_truck_that_turns_before_a_stop_is_a_false_alert_of_all(tmp_path: Path) -> None:
    folder = town(tmp_path, turns_m=5_000.0)
    for method in ("500 m", "1,000 m", "nearest"):
        found = said(folder, method)
        assert (found["arrivals"], found["false"]) == ("1", "0.50"), method


def test_a_vehicle_without_past_days_is_not_judged(tmp_path: Path) -> None:
    folder = town(tmp_path)
    for file in (folder / "pings").iterdir():
        file.unlink()
    scores = town_scores(read_town(folder))
    assert all(not rows for scored in scores.values() for rows in scored)
