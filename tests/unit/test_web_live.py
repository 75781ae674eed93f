"""The picture: a fold over news, and the difference that a browser is sent."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from web.live import (
    FORGET_MS,
    RECENT,
    AlertSeen,
    FeedState,
    MapChanged,
    News,
    Picture,
    PushSeen,
    TruckSeen,
    difference,
    fold,
)

trucks = st.builds(
    TruckSeen, st.sampled_from("abc"), st.floats(34, 35), st.floats(135, 136), st.integers(0, 3 * FORGET_MS)
)
alerts = st.builds(AlertSeen, st.sampled_from("pqrs"), st.just("approaching"), st.just("a"), st.integers(0, 9))
pushes = st.builds(PushSeen, st.sampled_from("xyz"), st.text(max_size=3), st.just("body"), st.integers(0, 9))
news = st.one_of(
    trucks, alerts, pushes, st.builds(MapChanged, st.sampled_from("12")), st.builds(FeedState, st.booleans())
)


def at(truck: str, fix_ms: int, lat: float = 34.8) -> TruckSeen:
    return TruckSeen(truck, lat, 135.4, fix_ms)


def test_a_truck_stands_where_its_newest_fix_says() -> None:
    """An older fix that arrives later moves nothing."""
    picture = fold(Picture(), [at("17", 2_000, 34.82), at("17", 1_000, 34.81)])
    assert picture.trucks["17"].lat == 34.82
    assert fold(picture, [at("17", 1_500, 34.83)]) is picture
    assert fold(picture, [at("17", 2_500, 34.84)]).trucks["17"].lat == 34.84


def test_a_truck_that_was_silent_for_a_day_leaves() -> None:
    """A picture does not grow by trucks that are long gone."""
    picture = fold(Picture(), [at("old", 0), at("new", FORGET_MS)])
    assert list(picture.trucks) == ["new"]


def test_a_repeated_push_replaces_what_the_phone_shows_and_is_counted() -> None:
    """Two pushes with one tag are one card and two pushes."""
    picture = fold(Picture(), [PushSeen("t", "one", "", 1), PushSeen("t", "two", "", 2)])
    assert [push.title for push in picture.pushes.values()] == ["two"]
    assert picture.push_count == 2


def test_only_the_newest_pushes_and_alerts_are_kept() -> None:
    """However many there are, a picture stays small and keeps the count."""
    many = [PushSeen(str(i), "", "", i) for i in range(RECENT * 3)]
    picture = fold(Picture(), [*many, *(AlertSeen(str(i), "approaching", "17", i) for i in range(RECENT * 3))])
    assert list(picture.pushes) == [str(i) for i in range(RECENT * 2, RECENT * 3)]
    assert len(picture.alerts) == RECENT
    assert (picture.push_count, picture.alert_count) == (RECENT * 3, RECENT * 3)


def test_news_that_change_nothing_give_the_same_picture() -> None:
    """No browser is written to when nothing has changed."""
    picture = fold(Picture(), [at("17", 1), AlertSeen("a", "approaching", "17", 1)])
    assert fold(picture, [at("17", 1), FeedState(ok=True)]) is picture
    assert fold(picture, []) is picture


def test_a_difference_holds_only_what_changed() -> None:
    """A browser that has seen one picture is told the rest."""
    before = fold(Picture(), [at("17", 1), at("18", 1), PushSeen("t", "", "", 1)])
    after = fold(before, [at("17", 2), PushSeen("u", "", "", 2), FeedState(ok=False), MapChanged("v2")])
    told = difference(before, after)
    assert (told["trucks"], told["pushes"]) == ([at("17", 2)], [PushSeen("u", "", "", 2)])
    assert (told["full"], told["feed"], told["map"], told["push_count"]) == (False, False, "v2", 2)
    assert difference(None, after)["full"] is True
    assert len(difference(None, after)["trucks"]) == 2  # type: ignore[arg-type]


def test_a_truck_that_left_is_told_as_gone() -> None:
    """A browser takes away what the picture no longer holds."""
    before = fold(Picture(), [at("old", 0)])
    assert difference(before, fold(before, [at("new", FORGET_MS)]))["gone"] == ["old"]


@given(st.lists(news, max_size=30), st.lists(news, max_size=30))
def test_differences_lead_from_any_picture_to_the_next(first: list[News], then: list[News]) -> None:
    """Applying the difference to the old trucks, alerts and pushes gives the new ones."""
    before = fold(Picture(), first)
    after = fold(before, then)
    told = difference(before, after)
    shown = {name: seen for name, seen in before.trucks.items() if name not in told["gone"]}  # type: ignore[operator]
    shown |= {seen.truck: seen for seen in told["trucks"]}  # type: ignore[attr-defined]
    assert shown == after.trucks
    cards = {**before.pushes, **{push.tag: push for push in told["pushes"]}}  # type: ignore[attr-defined]
    assert {tag: cards[tag] for tag in after.pushes} == after.pushes


@given(
    st.lists(trucks, max_size=12, unique_by=lambda seen: (seen.truck, seen.fix_ms)), st.randoms(use_true_random=False)
)
def test_the_order_of_arrival_does_not_matter(seen: list[TruckSeen], shuffled: object) -> None:
    """Fixes in any order, in one batch, give the same picture."""
    other = list(seen)
    shuffled.shuffle(other)  # type: ignore[attr-defined]
    assert fold(Picture(), seen).trucks == fold(Picture(), other).trucks
