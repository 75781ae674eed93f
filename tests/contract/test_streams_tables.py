"""What every store promises of small transactions on hashes, and of immutable bytes under a name."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from streams import keys
from streams.ports import START, Store

EVENTS = keys.events("minami")


def put(store: Store, **fields: bytes) -> None:
    assert store.transact("minami", "homes", fields, [], {})


def test_a_transaction_writes_fields_and_announces_them(store: Store) -> None:
    """Puts, deletes and appends are all there afterwards."""
    put(store, a=b"1", b=b"2")
    assert store.transact("minami", "homes", {"c": b"3"}, ["a", "none"], {EVENTS: [b"changed", b"again"]})
    assert store.fields("minami", "homes") == {"b": b"2", "c": b"3"}
    assert [e.data for e in store.read(EVENTS, START, 9, 0)] == [b"changed", b"again"]


def test_a_transaction_may_consist_of_one_part(store: Store) -> None:
    """Only appends, only deletes, or nothing at all are transactions too."""
    put(store, a=b"1")
    assert store.transact("minami", "homes", {}, [], {EVENTS: [b"x"]})
    assert store.transact("minami", "homes", {}, ["a"], {})
    assert store.transact("minami", "homes", {}, [], {})
    assert store.fields("minami", "homes") == {}
    assert store.length(EVENTS) == 1


def test_deletes_come_before_puts_in_a_transaction(store: Store) -> None:
    """A field that is both deleted and put is there afterwards."""
    put(store, a=b"old")
    store.transact("minami", "homes", {"a": b"new"}, ["a"], {})
    assert store.fields("minami", "homes") == {"a": b"new"}


@pytest.mark.parametrize(
    ("expect", "holds"),
    [
        ({"a": b"1"}, True),
        ({"a": b"1", "z": None}, True),
        ({"empty": b""}, True),
        ({"z": None}, True),
        ({"a": b"2"}, False),
        ({"a": None}, False),
        ({"z": b""}, False),
        ({"empty": None}, False),
        ({"z": b"1"}, False),
        ({"a": b"1", "b": b"9"}, False),
    ],
)
def test_a_transaction_goes_ahead_only_when_what_it_expects_holds(
    store: Store, expect: dict[str, bytes | None], holds: bool
) -> None:
    """An expectation that does not hold leaves everything as it was."""
    put(store, a=b"1", b=b"2", empty=b"")
    assert store.transact("minami", "homes", {"a": b"new"}, ["b"], {EVENTS: [b"changed"]}, expect) is holds
    assert store.length(EVENTS) == (1 if holds else 0)
    assert store.fields("minami", "homes") == (
        {"a": b"new", "empty": b""} if holds else {"a": b"1", "b": b"2", "empty": b""}
    )


def test_expectations_make_a_counter_that_loses_nothing(store: Store) -> None:
    """Many who read, change and write with what they read expected never overwrite each other."""
    put(store, n=b"0")

    def raise_by_one(_: int) -> None:
        while True:
            now = store.fields("minami", "homes", ["n"])["n"]
            if store.transact("minami", "homes", {"n": b"%d" % (int(now) + 1)}, [], {}, {"n": now}):
                return

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(raise_by_one, range(40)))
    assert store.fields("minami", "homes") == {"n": b"40"}


def test_a_big_transaction_is_one_transaction(store: Store) -> None:
    """20,000 fields with as many expectations go in one call."""
    fields = {f"home-{i}": b"%d" % i for i in range(20_000)}
    assert store.transact("minami", "homes", fields, [], {EVENTS: [b"x"] * 100}, dict.fromkeys(fields))
    assert store.count_fields("minami", "homes") == 20_000
    assert store.transact("minami", "homes", {}, list(fields), {}, fields)
    assert store.count_fields("minami", "homes") == 0


def test_fields_are_read_by_name_or_all(store: Store) -> None:
    """Names that are not there are left out; no names at all is an empty answer, not everything."""
    put(store, a=b"1", b=b"2")
    assert store.fields("minami", "homes", ["b", "z"]) == {"b": b"2"}
    assert store.fields("minami", "homes", []) == {}
    assert store.fields("minami", "homes") == {"a": b"1", "b": b"2"}
    assert store.fields("minami", "unknown") == {}


def test_a_scan_gives_each_field_once(store: Store) -> None:
    """Reading piece by piece gives the same fields as reading at once."""
    fields = {f"home-{i}": b"%d" % i for i in range(5000)}
    put(store, **fields)
    seen = list(store.scan_fields("minami", "homes", 300))
    assert len(seen) == 5000
    assert dict(seen) == fields
    assert list(store.scan_fields("minami", "unknown")) == []


def test_a_scan_by_prefix_gives_only_those_fields(store: Store) -> None:
    """Also where they are many, and others stand between them."""
    put(store, **{f"{kind}/{i}": b"%d" % i for i in range(1200) for kind in ("truck", "told")})
    seen = dict(store.scan_fields("minami", "homes", 500, prefix="truck/"))
    assert seen == {f"truck/{i}": b"%d" % i for i in range(1200)}


def test_a_scan_leaves_out_what_was_deleted_before_it_came_there(store: Store) -> None:
    """A field that goes during a scan is given whole or not at all."""
    put(store, **{f"f{i}": b"x" for i in range(10)})
    scan = store.scan_fields("minami", "homes", 2)
    seen = [next(scan)]
    store.transact("minami", "homes", {}, [f"f{i}" for i in range(10)], {})
    assert all(value == b"x" for _, value in [*seen, *scan])


def test_fields_are_counted(store: Store) -> None:
    """The count follows puts and deletes."""
    assert store.count_fields("minami", "homes") == 0
    put(store, a=b"1", b=b"2", c=b"3")
    store.transact("minami", "homes", {}, ["b"], {})
    assert store.count_fields("minami", "homes") == 2


def test_names_may_be_in_any_language(store: Store) -> None:
    """Field names are text and come back as they went in."""
    put(store, **{"なにわ17": b"\xff\x00"})
    assert store.fields("minami", "homes", ["なにわ17"]) == {"なにわ17": b"\xff\x00"}


def test_hashes_and_cities_stand_apart(store: Store) -> None:
    """A field belongs to one hash of one city."""
    put(store, a=b"1")
    store.transact("kita", "homes", {"a": b"2"}, [], {})
    store.transact("minami", "devices", {"a": b"3"}, [], {})
    assert store.fields("minami", "homes") == {"a": b"1"}
    assert store.fields("kita", "homes") == {"a": b"2"}
    assert store.fields("minami", "devices") == {"a": b"3"}


def test_a_transaction_stays_within_its_city(store: Store) -> None:
    """Another city's stream may not take part."""
    with pytest.raises(ValueError, match="minami"):
        store.transact("minami", "homes", {"a": b"1"}, [], {keys.events("kita"): [b"x"]})
    assert store.fields("minami", "homes") == {}


def test_blobs_are_kept_under_their_name(store: Store) -> None:
    """What was put is got, by city and name, until it is dropped."""
    store.put("minami", "zones-1", b"\x00" * 500_000)
    store.put("kita", "zones-1", b"k")
    assert store.get("minami", "zones-1") == b"\x00" * 500_000
    assert store.get("kita", "zones-1") == b"k"
    assert store.get("minami", "zones-2") is None
    store.drop("minami", "zones-1")
    store.drop("minami", "zones-1")
    assert store.get("minami", "zones-1") is None
    assert store.get("kita", "zones-1") == b"k"
