"""Finding one's home by name, however it is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomikuru.city_files.places_csv import read_places
from residents.places import NamedPlace, PlaceBook
from residents.spelling import folded

SAME = [
    ("稲穂町一丁目", "稲穂町1丁目", "稲穂町１丁目", "稻穂町 1丁目"),
    ("霞ヶ関", "霞ケ関", "霞が関", "霞ｹ関"),
    ("藤沢", "藤澤"),
    ("高崎", "髙﨑"),
    ("渡辺", "渡邊", "渡邉"),
    ("みどりだい", "ミドリダイ", "ﾐﾄﾞﾘﾀﾞｲ"),
    ("1-2-3", "１－２－３", "1‐2−3", "1丁目2番3号", "一丁目二番三号", "1丁目2番地3", "1ー2ー3", "1の2の3"),
    ("二十三丁目", "23丁目"),
    ("十丁目", "10丁目"),
    ("Sakura Heights", "ＳＡＫＵＲＡ　ＨＥＩＧＨＴＳ", "sakuraheights"),
    ("井の頭", "井ノ頭", "井之頭"),
]
DIFFERENT = [("一丁目", "二丁目"), ("11丁目", "1丁目"), ("センター", "セント"), ("西町", "東町"), ("けが", "がけ")]

BOOK = PlaceBook(
    [
        NamedPlace("zone", "inaho-1", "稲穂町一丁目", "inaho-1", 34.8, 135.4, "いなほちょういっちょうめ"),
        NamedPlace("zone", "inaho-10", "稲穂町十丁目", "inaho-10", 34.9, 135.4),
        NamedPlace("point", "p1", "稲穂公園前", "inaho-1", 34.801, 135.401, also=("時計台",)),
        NamedPlace("street", "s1", "新稲穂通り", "inaho-1"),
        NamedPlace("block", "b1", "稲穂", "inaho-1"),
    ]
)


@pytest.mark.parametrize("names", SAME, ids=lambda names: names[0])
def test_spellings_that_mean_the_same_place_are_one(names: tuple[str, ...]) -> None:
    """Width, kana, old characters, small ke, numerals and dashes make no difference."""
    assert {folded(name) for name in names} == {folded(names[0])}


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_names_that_differ_stay_apart(one: str, other: str) -> None:
    """Folding joins no two places."""
    assert folded(one) != folded(other)


@given(st.text(max_size=40))
def test_any_text_can_be_folded_and_folding_again_changes_nothing(text: str) -> None:
    """Whatever is typed, and what is folded stays so."""
    once = folded(text)
    assert isinstance(once, str)
    assert BOOK.find(text) == BOOK.find(text)


@pytest.mark.parametrize(
    ("typed", "ids"),
    [
        ("稲穂", ["b1", "inaho-1", "inaho-10", "p1", "s1"]),
        ("稲穂町1", ["inaho-1", "inaho-10"]),
        ("稲穂町１丁目", ["inaho-1", "inaho-10"]),
        ("いなほちょう", ["inaho-1"]),
        ("イナホ", ["inaho-1"]),
        ("とけいだい", []),
        ("時計台", ["p1"]),
        ("公園", ["p1"]),
        ("", []),
        ("  ", []),
    ],
)
def test_the_same_name_comes_first_then_what_begins_so_then_what_holds_it(typed: str, ids: list[str]) -> None:
    """Within each, zones before points, streets and blocks."""
    assert [place.id for place in BOOK.find(typed)] == ids


def test_near_a_position_comes_its_zone_then_what_is_nearest() -> None:
    """A place without a position is not near anything."""
    assert [place.id for place in BOOK.near(34.8, 135.4, "inaho-1")] == ["inaho-1", "p1"]
    assert [place.id for place in BOOK.near(34.8, 135.4, None, most=5)] == ["p1"]


def test_every_line_of_places_that_can_be_used_is_used() -> None:
    """Bad lines are named, each with its reason, and leave the others in force."""
    data = (
        "zone,kind,id,name,kana,lat,lon,also\n"
        "z1,point,p1,公園前,こうえんまえ,34.8,135.4,時計台|クロック\n"
        "z1,street,s1,桜通り,,,,\n"
        "z1,point,p2,ない,,,,\n"
        "z1,house,h1,家,,,,\n"
        "z1,point,p1,また,,34.8,135.4,\n"
        "z1,block,b1,,,,,\n"
        "z1,block,b2,x,,34.8,,\n"
        "z1,block,b3,x,,134.8,north,\n"
    ).encode()
    places, problems = read_places(data)
    assert [place.id for place in places] == ["p1", "s1"]
    assert places[0].also == ("時計台", "クロック")
    assert sorted({problem.where for problem in problems}) == [f"line {line}" for line in range(4, 10)]


def test_the_id_of_a_zone_finds_that_zone_alone() -> None:
    """A link that a city prints names the zone by its id, exactly; nobody types one."""
    book = PlaceBook([NamedPlace("zone", "inaho-1", "稲穂町", "inaho-1"), NamedPlace("block", "b", "inaho-1", "x")])
    assert [one.kind for one in book.find("inaho-1")] == ["zone"]
    assert [one.kind for one in book.find("inaho-")] == ["block"]
