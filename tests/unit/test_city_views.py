"""What other rooms read of a city's files while it runs: zone names and the page's map, never worse than before."""

from __future__ import annotations

import json
from pathlib import Path

from gomikuru.city_files import CityFolder
from gomikuru.city_map import map_source
from gomikuru.zone_names import LOOK_EVERY_S, ZoneNames
from model.city import City
from model.zone import Mode

RING = [[135.4, 34.8], [135.41, 34.8], [135.41, 34.81], [135.4, 34.8]]


def save(folder: Path, name: str) -> None:
    feature = {
        "type": "Feature",
        "properties": {"id": "sakura-1", "name": name},
        "geometry": {"type": "Polygon", "coordinates": [RING]},
    }
    (folder / "zones.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now_s = 1.0

    def __call__(self) -> float:
        self.now_s += LOOK_EVERY_S
        return self.now_s


def test_a_zone_is_called_what_the_saved_file_calls_it(tmp_path: Path) -> None:
    """A new name is used soon after the file was saved."""
    names = ZoneNames({"minami": tmp_path}, Hand())
    assert names("minami", "sakura-1") is None
    save(tmp_path, "桜ヶ丘一丁目")
    assert names("minami", "sakura-1") == "桜ヶ丘一丁目"


def test_a_broken_file_leaves_the_last_names_in_force(tmp_path: Path) -> None:
    """Neither a broken nor a missing file takes the names away."""
    names = ZoneNames({"minami": tmp_path}, Hand())
    save(tmp_path, "桜ヶ丘一丁目")
    assert names("minami", "sakura-1") == "桜ヶ丘一丁目"
    (tmp_path / "zones.geojson").write_text("{")
    assert names("minami", "sakura-1") == "桜ヶ丘一丁目"
    (tmp_path / "zones.geojson").unlink()
    assert names("minami", "sakura-1") == "桜ヶ丘一丁目"


def test_the_map_keeps_the_last_readable_zones(tmp_path: Path) -> None:
    """The page draws what was last readable, and nothing where there never was a file."""
    source = map_source(CityFolder(City("minami", "Minami", "Asia/Tokyo"), tmp_path))
    assert source().zones["features"] == []
    save(tmp_path, "桜")
    assert len(source().zones["features"]) == 1
    (tmp_path / "zones.geojson").write_text("[1]")
    assert len(source().zones["features"]) == 1
    assert source().routes["features"] == []


def test_the_map_says_of_each_zone_whether_it_is_on_trial(tmp_path: Path) -> None:
    """Its own mode, else the city's: the page draws a trial with a broken line; what is no zone is left as it is."""
    city = City("minami", "Minami", "Asia/Tokyo", zones=Mode.SHADOW)
    source = map_source(CityFolder(city, tmp_path))
    said: list[object] = [{"id": "a"}, {"id": "b", "mode": "live"}, {"id": "c", "mode": None}, None]
    features = [*({"type": "Feature", "properties": each, "geometry": None} for each in said), 7]
    (tmp_path / "zones.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    drawn = source().zones["features"]
    assert [each["properties"] and each["properties"]["mode"] for each in drawn[:4]] == [
        "shadow",
        "live",
        "shadow",
        None,
    ]
    assert drawn[4] == 7
