"""What `gomikuru check` sees when it looks at a city's zones from above."""

from __future__ import annotations

from gomikuru.zone_survey import survey
from model.zone import Zone


def square(name: str, lat: float, lon: float, side: float = 0.002) -> Zone:
    ring = ((lon, lat), (lon + side, lat), (lon + side, lat + side), (lon, lat + side), (lon, lat))
    return Zone(name, name, ((ring,),))


def test_zones_that_only_share_a_border_are_well() -> None:
    """Neighbours that touch give no warning."""
    assert survey([square("a", 34.8, 135.4), square("b", 34.8, 135.402)]) == []


def test_an_overlap_is_a_warning_that_names_both_zones_and_its_size() -> None:
    """Two squares of 200 m that share a strip of a quarter of their width are told, in square metres."""
    (problem,) = survey([square("a", 34.8, 135.4), square("b", 34.8, 135.4015)])
    assert problem.warning
    assert problem.where == "zones 'a' and 'b'"
    shared = float(problem.what.removeprefix("overlap by ").removesuffix(" m²").replace(",", ""))
    assert 9_500 < shared < 10_700, "0.0005 by 0.002 degrees at this latitude is about 10,100 m²"


def test_a_zone_drawn_in_another_prefecture_is_a_warning() -> None:
    """A zone a degree off is probably a typing error."""
    near = [square(f"n{i}", 34.8, 135.4 + i * 0.002) for i in range(4)]
    (problem,) = survey([*near, square("far", 36.8, 135.4)])
    assert problem.where == "zone 'far'"


def test_one_zone_or_none_needs_no_survey() -> None:
    """There is nothing to compare."""
    assert survey([]) == survey([square("a", 34.8, 135.4)]) == []
