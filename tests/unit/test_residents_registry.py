"""The pure registry: what may be wished, how records are kept, what the engine hears."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.event import HomesChanged, decode_event
from model.kind import OPT_IN, Kind
from model.subscription import (
    AtPoint,
    InZone,
    MetresLead,
    MinutesLead,
    Pin,
    Quiet,
    Subscription,
    Target,
    TargetKind,
    ZoneLead,
    home_of,
)
from residents.registry import (
    Record,
    RecordUnreadable,
    changes_of,
    decode_record,
    encode_record,
    record_of,
    with_barred,
    with_none_barred,
    with_target,
    without_target,
)
from residents.wish import Known, Wish, WishRefused, problems_of

PHONE = Target(TargetKind.FCM_TOKEN, "phone-1")
SECOND = Target(TargetKind.FCM_FID, "phone-2")
WISH = Wish(id="r1", place=Pin(34.83, 135.47), lead=MetresLead(300.0), categories=("burnable",), targets=(PHONE,))

places = st.one_of(
    st.builds(Pin, st.floats(-90, 90), st.floats(-180, 180)),
    st.builds(AtPoint, st.text(min_size=1, max_size=9), st.floats(-90, 90), st.floats(-180, 180)),
)
leads = st.one_of(
    st.just(ZoneLead()), st.builds(MetresLead, st.floats(100, 2000)), st.builds(MinutesLead, st.floats(3, 60))
)
quiets = st.one_of(st.none(), st.builds(Quiet, st.integers(0, 719), st.integers(720, 1439)))
targets = st.lists(
    st.builds(Target, st.sampled_from(TargetKind), st.from_regex(r"[A-Za-z0-9:_-]{1,40}", fullmatch=True)),
    max_size=5,
    unique=True,
).map(tuple)
subscriptions = st.builds(
    Subscription,
    id=st.from_regex(r"[A-Za-z0-9]{1,64}", fullmatch=True),
    city=st.just("minami"),
    number=st.integers(0, 2**31),
    version=st.integers(1, 2**31),
    place=places,
    lead=leads,
    quiet=quiets,
    targets=targets,
    kinds=st.sampled_from([(), (Kind.PASSED,), OPT_IN]),
)


def record(before: Record | None = None, **changes: object) -> Record:
    return record_of(msgspec.structs.replace(WISH, **changes), city="minami", sub_id="r1", number=7, before=before)


def test_a_sound_wish_has_no_problem() -> None:
    """A wish that keeps to all ranges is kept."""
    assert problems_of(WISH, Known(frozenset({"burnable"}), frozenset({"sakura-1"}))) == ()


def test_all_that_is_wrong_is_told_at_once() -> None:
    """Every fault of a wish is named in one answer."""
    wish = Wish(
        id="two words",
        place=Pin(135.47, 200.0),
        lead=MetresLead(99.0),
        categories=("glass",),
        language="Japanese!",
        quiet=Quiet(60, 60),
        kinds=(Kind.DISRUPTED, Kind.DISRUPTED),
        targets=(Target(TargetKind.SCREEN, ""),),
    )
    problems = problems_of(wish, Known(categories=frozenset({"burnable"})))
    starts = [problem.split(":")[0] for problem in problems]
    assert starts == ["id", "lat", "lon", "lead", "category", "language", "quiet", "kinds", "kinds", "kinds", "target"]


@pytest.mark.parametrize(
    ("lead", "sound"),
    [
        (MetresLead(100.0), True),
        (MetresLead(2000.0), True),
        (MetresLead(2000.1), False),
        (MetresLead(float("nan")), False),
        (MinutesLead(3.0), True),
        (MinutesLead(60.0), True),
        (MinutesLead(2.9), False),
        (MinutesLead(float("inf")), False),
        (ZoneLead(), True),
    ],
)
def test_leads_keep_to_their_range(lead: MetresLead | MinutesLead | ZoneLead, sound: bool) -> None:
    """A lead is between 100 and 2000 m or between 3 and 60 min."""
    assert (problems_of(msgspec.structs.replace(WISH, lead=lead)) == ()) is sound


def test_a_home_known_by_its_zone_can_have_no_distance() -> None:
    """A lead in metres needs a place on the map."""
    assert problems_of(Wish(place=InZone("sakura-1"), lead=MetresLead(300.0)))
    assert not problems_of(Wish(place=InZone("sakura-1"), lead=ZoneLead()))
    assert not problems_of(Wish(place=InZone("sakura-1"), lead=MinutesLead(10.0)))
    assert problems_of(Wish(place=InZone("sakura-9"), lead=ZoneLead()), Known(zones=frozenset({"sakura-1"})))


def test_no_problem_repeats_a_position_or_a_target() -> None:
    """What is told of a refused wish may be logged: it holds no home and no device."""
    wish = Wish(place=Pin(91.2345, -190.9876), lead=MetresLead(5.0), targets=(Target(TargetKind.SCREEN, "se cret"),))
    text = " ".join(problems_of(wish))
    assert not any(secret in text for secret in ("91.2345", "190.9876", "cret"))


def test_the_counter_of_numbers_can_be_no_resident() -> None:
    """An id that starts with # is refused, since such fields are the registry's own."""
    assert problems_of(msgspec.structs.replace(WISH, id="#next"))


@given(st.builds(Record, subscriptions, targets))
def test_a_record_reads_back_as_it_was_written(written: Record) -> None:
    """Encoding and decoding a record gives the same record."""
    assert decode_record(encode_record(written)) == written


@given(st.binary(max_size=64))
def test_broken_bytes_are_called_unreadable(data: bytes) -> None:
    """Bytes that no registry wrote give RecordUnreadable and nothing else."""
    with pytest.raises(RecordUnreadable, match="subscription's record"):
        decode_record(data)


def test_a_record_without_kinds_is_one_that_asks_for_none() -> None:
    """What was stored before there were kinds reads as a home that is told what everybody is; so does its event."""
    written = msgspec.msgpack.decode(encode_record(record()))
    del written[1]["subscription"]["kinds"]
    assert decode_record(msgspec.msgpack.encode(written)) == record()
    home = [7, "r1", {"type": "pin", "lat": 34.8, "lon": 135.4}, {"type": "minutes", "minutes": 10.0}, []]
    event = decode_event(msgspec.msgpack.encode(["homes", 5, [home]]))
    assert isinstance(event, HomesChanged)
    assert event.put[0].kinds == ()


def test_a_newer_record_is_not_misread() -> None:
    """A record of a form that this version does not know is refused by its version."""
    with pytest.raises(RecordUnreadable, match="form 3"):
        decode_record(msgspec.msgpack.encode((3, {"id": "r1"})))


def test_a_new_home_is_put_and_a_removed_one_is_gone() -> None:
    """The engine hears of coming and going, by number."""
    new = record()
    assert changes_of([(None, new)], 5) == HomesChanged(at_ms=5, put=(home_of(new.subscription),))
    assert changes_of([(new, None)], 6) == HomesChanged(at_ms=6, gone=(7,))
    assert changes_of([(None, None)], 7) is None


def test_the_engine_hears_nothing_of_what_it_must_not_know() -> None:
    """A change of language, quiet hours or devices is no event; a change of lead is one."""
    before = record()
    for after in (record(before, language="en"), record(before, quiet=Quiet(0, 300)), record(before, targets=())):
        assert after != before
        assert changes_of([(before, after)], 5) is None
    more = record(before, lead=MinutesLead(10.0), kinds=OPT_IN)
    assert changes_of([(before, more)], 5) == HomesChanged(at_ms=5, put=(home_of(more.subscription),))
    assert home_of(more.subscription).kinds == OPT_IN
    nearer = record(before, lead=MetresLead(200.0))
    assert changes_of([(before, nearer)], 5) == HomesChanged(at_ms=5, put=(home_of(nearer.subscription),))


def test_a_changed_wish_keeps_its_number_and_raises_its_version() -> None:
    """A home's number stays for as long as its subscription lives."""
    before = record()
    after = record(before, language="en").subscription
    assert (after.number, after.version, after.language) == (7, 2, "en")
    assert record(before) is before


def test_a_wish_without_targets_leaves_the_devices_alone() -> None:
    """Importing homes anew does not silence the phones that were registered."""
    before = with_barred(with_target(record(), SECOND), SECOND)
    after = record(before, targets=None, language="en")
    assert (after.subscription.targets, after.barred) == ((PHONE,), (SECOND,))
    assert record(before, targets=()).subscription.targets == ()


def test_a_home_has_several_devices_but_each_once() -> None:
    """Adding a device twice changes nothing; too many are refused; dropping gives the rest."""
    home = record()
    both = with_target(home, SECOND)
    assert both.subscription.targets == (PHONE, SECOND)
    assert both.subscription.version == 2
    assert with_target(both, SECOND) is both
    assert without_target(both, PHONE).subscription.targets == (SECOND,)
    assert without_target(home, SECOND) is home
    full = record(targets=tuple(Target(TargetKind.SCREEN, str(i)) for i in range(20)))
    with pytest.raises(WishRefused, match="at most 20"):
        with_target(full, SECOND)


def test_a_barred_device_is_out_of_use_until_it_is_taken_back() -> None:
    """A device that the sender may not reach is kept aside, and comes back by itself, by name, or not at all."""
    barred = with_barred(record(), PHONE)
    assert (barred.subscription.targets, barred.barred) == ((), (PHONE,))
    assert with_barred(barred, PHONE) is barred
    for back in (with_none_barred(barred), with_target(barred, PHONE)):
        assert (back.subscription.targets, back.barred) == ((PHONE,), ())
    assert without_target(barred, PHONE).barred == ()
    assert not with_none_barred(record()).barred
