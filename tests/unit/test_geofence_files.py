"""zones.geojson as operators save it: a good set is taken whole, a broken one is named place by place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geofence.book import Book
from geofence.files import read_zones
from geofence.limits import Limits
from tests.support.truckline import CITY, zone, zones_file

SQUARE = [[135.47, 34.82], [135.48, 34.82], [135.48, 34.83], [135.47, 34.83], [135.47, 34.82]]
HOLE = [[135.472, 34.822], [135.472, 34.828], [135.478, 34.828], [135.478, 34.822], [135.472, 34.822]]
BOW = [[135.47, 34.82], [135.48, 34.83], [135.48, 34.82], [135.47, 34.83], [135.47, 34.82]]


def feature(coordinates: Any, kind: str = "Polygon", **properties: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"id": "sakura-3"} | properties,
        "geometry": {"type": kind, "coordinates": coordinates},
    }


def problems(*features: Any) -> list[str]:
    zones, found = read_zones(json.dumps({"type": "FeatureCollection", "features": features}).encode())
    assert bool(zones) == (not found)
    return [str(problem) for problem in found]


def test_polygons_multipolygons_and_holes_are_read() -> None:
    """Every form that editors write gives a zone with its id, name and categories."""
    data = json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                feature([SQUARE, HOLE], name="Sakura 3", categories=["burnable"]),
                feature([[SQUARE], [[[x + 0.1, y] for x, y in SQUARE]]], "MultiPolygon", id="two", categories="a, b"),
                feature([[[*point, 40.0] for point in SQUARE]], id=7),
            ],
        }
    )
    zones, found = read_zones(b"\xef\xbb\xbf" + data.encode())
    assert found == []
    assert [(each.id, each.name, each.categories) for each in zones] == [
        ("sakura-3", "Sakura 3", ("burnable",)),
        ("two", "two", ("a", "b")),
        ("7", "7", ()),
    ]
    assert [len(each.polygons) for each in zones] == [1, 2, 1]
    assert len(zones[0].polygons[0]) == 2


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (
            feature([BOW]),
            "zones.geojson: feature 1 (id 'sakura-3'): has a ring that crosses itself near 135.475000, 34.825000",
        ),
        (feature([SQUARE[:-1]]), "has an open ring near 135.470000, 34.830000"),
        (feature([SQUARE[:3]]), "has a ring of fewer than four points"),
        (feature([[[y, x] for x, y in SQUARE]]), "has latitude and longitude swapped at 34.820000, 135.470000"),
        (feature([[[x * 1e5, y * 1e5] for x, y in SQUARE]]), "outside the earth's degrees"),
        (feature([[["a", "b"], *SQUARE[1:]]]), "has a point that is no pair of numbers"),
        (feature([[None, *SQUARE[1:]]]), "has a point that is no pair of numbers"),
        (feature([[[10**400, 34.82], *SQUARE[1:]]]), "outside the earth's degrees"),
        (feature([[*SQUARE[:3], [35.47, 34.83], SQUARE[4]]]), "km away, to 35.470000, 34.830000"),
        (feature([SQUARE, [[x + 1, y] for x, y in HOLE]]), "has a hole outside its outline"),
        (feature(SQUARE, "LineString"), "is a LineString"),
        (feature([], "Polygon"), "has an empty polygon"),
        (feature([SQUARE], id=None), 'has no usable "id"'),
        (feature([SQUARE], id="with space"), 'has no usable "id"'),
        (feature([SQUARE], categories=[1]), '"categories" is no list of names'),
        (feature([SQUARE], name=5), '"name" is no text'),
        ({"type": "Feature", "properties": {"id": "x"}, "geometry": None}, "is a feature without geometry"),
        ([], "is no GeoJSON Feature"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(broken: Any, said: str) -> None:
    """Each fault names the file, the feature and what to do."""
    (text,) = problems(broken)
    assert said in text
    assert text.startswith("zones.geojson: feature 1")
    assert "; " in text, "and a remedy"


def test_all_problems_are_told_at_once_and_one_spoils_the_set() -> None:
    """A broken feature, and an id used twice: both are named, and no zone of the file takes force."""
    found = problems(feature([SQUARE]), feature([BOW], id="bow"), feature([SQUARE]))
    assert len(found) == 2
    assert "feature 2 (id 'bow')" in found[0]
    assert "feature 3" in found[1]


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b'{"features": 3}', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_feature_collection_is_one_problem(data: bytes) -> None:
    """Half a file, another format, another encoding, endless nesting: one sentence, no error."""
    zones, found = read_zones(data)
    assert zones == ()
    assert len(found) == 1


def test_an_encoding_that_is_not_utf_8_is_named() -> None:
    """An operator knows the name of the encoding, not the words of a codec."""
    text = json.dumps({"type": "FeatureCollection", "features": [feature([SQUARE], name="桜")]}, ensure_ascii=False)
    for encoding, said in (("cp932", "is Shift_JIS"), ("utf-16", "is UTF-16"), ("euc-jis-2004", "is neither UTF-8")):
        (found,) = read_zones(text.encode(encoding) + (b"\x80" if encoding.startswith("euc") else b""))[1]
        assert str(found).startswith(f"zones.geojson: {said}")
        assert str(found).endswith("; save it as UTF-8")


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(["type", "id", "geometry"]), inner),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(JSON, JSON, JSON)
def test_any_json_gives_zones_or_problems(properties: Any, coordinates: Any, geometry: Any) -> None:
    """Whatever stands in a feature, there is never an error, and never both or neither."""
    for each in (
        {"type": "Feature", "properties": properties, "geometry": geometry},
        feature(coordinates),
        feature([coordinates], "MultiPolygon"),
        feature([[coordinates, *SQUARE[1:]]]),
    ):
        zones, found = read_zones(json.dumps({"features": [each]}).encode())
        assert bool(zones) != bool(found)


@settings(max_examples=200)
@given(st.binary(max_size=60), st.integers(0, 400))
def test_a_damaged_file_gives_zones_or_problems(noise: bytes, at: int) -> None:
    """A good file with bytes overwritten never raises."""
    good = zones_file(zone("a", 0, 0, 100, 100))
    zones, found = read_zones(good[:at] + noise + good[at + len(noise) :])
    assert bool(zones) != bool(found)


def test_a_zone_as_large_as_the_largest_municipality_is_taken() -> None:
    """Takayama is 81 km wide; what is refused is a mistyped degree, which would fill the memory of the engine."""
    wide = [[136.8, 36.0], [137.7, 36.0], [137.7, 36.5], [136.8, 36.5], [136.8, 36.0]]
    assert problems(feature([wide])) == []


def test_an_empty_collection_takes_all_zones_out_of_force() -> None:
    """No features is a valid set: the operators deleted all of them."""
    assert read_zones(b'{"type": "FeatureCollection", "features": []}') == ((), [])


def test_a_valid_set_never_breaks_the_book() -> None:
    """Slivers, dots of a metre and narrow stars that pass the reader can take force."""
    sliver = feature([[[135.47, 34.82], [135.48, 34.82], [135.48, 34.8200001], [135.47, 34.82]]])
    dot = zone("dot", 0, 0, 0.5, 0.5)
    data = json.dumps({"features": [sliver, dot]}).encode()
    zones, found = read_zones(data)
    assert found == []
    book = Book(CITY, Limits())
    book.take_zones(zones, "v")
    assert all(not fence.inner.is_empty for fence in book.zones.fences.values())
