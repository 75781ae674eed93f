"""Attempts to find out what nobody may know: who subscribed, where, with which device, and what another city holds."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from model.subscription import Pin, Target, TargetKind, ZoneLead
from residents.adapters.access_store import AccessStore
from residents.adapters.key_files import AgreedKeys, KeyFiles, KeyMissing, add_key, make_key_file
from residents.adapters.redis_registry import RedisRegistry
from residents.codes import LINK_LENGTH, RECOVERY_LENGTH, bits_of, code_of
from residents.registry import RecordUnreadable
from residents.wish import Wish
from streams.redis_streams import RedisStore
from tests.support.public import BROWSER, HOME, Public, SetClock
from tests.support.stores import ValkeyServer

CITIES = ("sample", "minami")


@pytest.fixture
def public(valkey_store: RedisStore, tmp_path: Path) -> Iterator[Public]:
    with Public(valkey_store, tmp_path, cities=CITIES).serving() as served:
        yield served


class Counting:
    """A store that writes down what it is asked, beside doing it."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._store, name)

        def counted(*args: Any, **more: Any) -> Any:
            self.asked.append(f"{name} {args[1] if len(args) > 1 else ''}")
            return call(*args, **more)

        return counted


def wish(sub_id: str) -> Wish:
    """A wish with a device."""
    return Wish(id=sub_id, place=Pin(34.82, 135.455), lead=ZoneLead(), targets=(Target(TargetKind.SCREEN, "1"),))


def said(answer: httpx.Response) -> tuple[int, bytes, Mapping[str, str]]:
    """Give all of an answer that does not change with the hour."""
    return answer.status_code, answer.content, {name: value for name, value in answer.headers.items() if name != "date"}


def test_whether_a_home_is_subscribed_cannot_be_found_out(public: Public) -> None:
    """Keys of a home that is gone, of another city, of nobody: answered with the same bytes, by the same work."""
    gone = public.sign_up()["key"]
    public.ask("DELETE", "sample/home", gone)
    elsewhere = public.sign_up("minami")["key"]
    public.sign_up()
    watched = Counting(public.store)
    public.registry.__dict__["_store"] = watched
    public.reception.access.__dict__["_store"] = watched
    answers, work = [], []
    for key in (secrets.token_urlsafe(32), gone, elsewhere, "short", "two words"):
        watched.asked.clear()
        answers.append(said(public.ask("GET", "sample/home", key)))
        work.append(list(watched.asked))
    assert {status for status, *_ in answers} == {401}
    assert all(answer == answers[0] for answer in answers)
    assert all(each == work[0] for each in work)
    assert work[0] == ["fields access", "fields subs"]


def test_every_address_of_a_home_says_the_same_to_a_wrong_key(public: Public) -> None:
    """Nothing but a key tells a home from none: not a device's id, not a method, not a body."""
    made = public.sign_up()
    device = public.ask("POST", "sample/home/devices", made["key"], BROWSER).json()["id"]
    wrong = secrets.token_urlsafe(32)
    asked: list[tuple[str, str, Any]] = [
        *(("GET", "", None), ("PUT", "", HOME), ("DELETE", "", None), ("GET", "/today", None), ("GET", "/live", None)),
        *(
            ("POST", "/devices", BROWSER),
            ("DELETE", f"/devices/{device}", None),
            ("POST", f"/devices/{device}/test", None),
        ),
        *(("POST", "/links", None), ("POST", "/recovery_code", None)),
        ("POST", "/not_collected", {"date": "2026-11-30", "category": "burnable"}),
    ]
    answers = [said(public.ask(method, f"sample/home{path}", wrong, body)) for method, path, body in asked]
    assert all(answer == answers[0] for answer in answers)
    assert answers[0][0] == 401


def test_a_wrong_code_and_the_code_of_a_home_that_is_gone_are_one(public: Public) -> None:
    """Well made, badly made, used, erased: the same bytes."""
    made = public.sign_up()
    link = public.ask("POST", "sample/home/links", made["key"]).json()["code"]
    public.ask("DELETE", "sample/home", made["key"])
    chance = [code_of(secrets.randbits(bits_of(length)), length) for length in (LINK_LENGTH, RECOVERY_LENGTH)]
    links = [said(public.ask("POST", "sample/links", None, {"code": code})) for code in (link, chance[0], "no code")]
    tried = (made["recovery_code"], chance[1], "no code")
    codes = [said(public.ask("POST", "sample/recover", None, {"recovery_code": code})) for code in tried]
    assert all(answer == links[0] for answer in links + codes)
    assert links[0][0] == 401


def test_signing_the_same_place_up_again_tells_nothing_of_the_first(public: Public) -> None:
    """Two homes at one place, with one device, are two homes; neither answer depends on the other."""
    first, second = public.sign_up(), public.sign_up()
    assert first["home"] == second["home"]
    added = [public.ask("POST", "sample/home/devices", each["key"], BROWSER) for each in (first, second)]
    assert added[0].content == added[1].content
    assert added[0].status_code == added[1].status_code == 201


def test_there_is_no_address_that_lists_homes(public: Public) -> None:
    """The description names all operations; without a key none gives anything of a home."""
    made = public.sign_up()
    paths = public.client.get("api/v1/openapi.json").json()["paths"]
    for path, operations in paths.items():
        if "get" in operations and "security" not in operations["get"]:
            for city in CITIES:
                answer = public.client.get(path.format(city=city, zone="inaho-1", point="x"))
                assert made["key"] not in answer.text
                assert "34.8209" not in answer.text
    assert public.client.get("api/v1/cities/sample/homes").status_code == 405


def test_one_citys_credentials_read_nothing_of_anothers(public: Public, valkey_server: ValkeyServer) -> None:
    """Home keys, recovery and link codes of one city open nothing in another; its key opens none of its records."""
    made = public.sign_up()
    link = public.ask("POST", "sample/home/links", made["key"]).json()["code"]
    assert public.ask("GET", "minami/home", made["key"]).status_code == 401
    assert public.ask("POST", "minami/links", None, {"code": link}).status_code == 401
    assert public.ask("POST", "minami/recover", None, {"recovery_code": made["recovery_code"]}).status_code == 401
    public.ask("POST", "sample/home/devices", made["key"], BROWSER)
    with valkey_server.client() as client:  # one who can write the store moves everything of a city to another
        for name in ("subs", "access"):
            for field, value in client.hgetall(f"{name}:{{sample}}").items():
                client.hset(f"{name}:{{minami}}", field, value)
    with pytest.raises(RecordUnreadable, match="key that is not here"):
        list(public.registry.list("minami"))
    assert public.ask("POST", "minami/recover", None, {"recovery_code": made["recovery_code"]}).status_code == 401
    assert public.keys.keys("sample").key != public.keys.keys("minami").key


def test_the_store_holds_no_address_of_a_device_no_key_and_no_code(public: Public, valkey_server: ValkeyServer) -> None:
    """Whoever reads the whole of Valkey, and its file on the disk, finds none of them."""
    made = public.sign_up()
    public.ask("POST", "sample/home/devices", made["key"], BROWSER)
    public.ask("POST", "sample/home/devices", made["key"], {"kind": "fcm_token", "value": "TOKEN" * 30})
    public.ask("POST", "sample/home/devices", made["key"], {"kind": "email", "value": "hanako@example.jp"})
    link = public.ask("POST", "sample/home/links", made["key"]).json()["code"]
    device = public.ask("GET", "sample/home", made["key"]).json()["devices"][0]["id"]
    public.ask("POST", f"sample/home/devices/{device}/test", made["key"])
    written = b"".join(path.read_bytes() for path in valkey_server.path.rglob("*.aof"))
    with valkey_server.client() as client:
        held = b"".join(client.dump(key) or b"" for key in client.keys("*"))
    assert b"subs:{sample}" in written
    for secret in ("SECRET-ENDPOINT", "TOKENTOKEN", "hanako@example", made["key"], made["recovery_code"], link):
        for plain in (secret, secret.replace("-", "")):
            assert plain.encode() not in written
            assert plain.encode() not in held


def test_a_plain_record_is_read_and_sealed_at_its_next_change(public: Public, valkey_server: ValkeyServer) -> None:
    """Records of the version before are read as they are; a change, or `reseal`, seals them."""
    plain = RedisRegistry(public.store, SetClock())
    kept = plain.put("sample", wish("r1"))
    plain.put("sample", wish("r2"))
    assert public.registry.get("sample", "r1") == kept
    public.registry.note_seen("sample", "r1", "2026-11-30")
    with pytest.raises(RecordUnreadable, match="no key is set"):
        plain.get("sample", "r1")
    assert plain.get("sample", "r2") is not None
    assert (public.registry.reseal("sample"), public.registry.reseal("sample")) == (1, 0)
    with pytest.raises(RecordUnreadable, match="no key is set"):
        plain.get("sample", "r2")


def test_a_key_is_renewed_while_the_service_runs(public: Public) -> None:
    """After a new key was put before the old one all opens as before; after `reseal` the old one is needed no more."""
    made = public.sign_up()
    public.ask("POST", "sample/home/devices", made["key"], BROWSER)
    path = public.keys._files.file_of("sample")
    add_key(path)
    assert public.ask("GET", "sample/home", made["key"]).json()["devices"] != []
    link = public.ask("POST", "sample/home/links", made["key"]).json()["code"]
    assert public.ask("POST", "sample/links", None, {"code": link}).status_code == 201
    assert public.ask("POST", "sample/recover", None, {"recovery_code": made["recovery_code"]}).status_code == 201
    assert (public.registry.reseal("sample"), public.registry.reseal("sample")) == (1, 0)
    path.write_text(path.read_text().splitlines()[0] + "\n")
    fresh = AgreedKeys(KeyFiles(path), public.store)
    assert next(RedisRegistry(public.store, public.clock, sealers=fresh.sealer).list("sample")).targets != ()


@pytest.mark.parametrize("what", ["gone", "another"])
def test_a_wrong_or_missing_key_says_so_and_changes_nothing(public: Public, tmp_path: Path, what: str) -> None:
    """Neither opens, and neither seals beside what is there; with the key back all is as before."""
    made = public.sign_up()
    public.ask("POST", "sample/home/devices", made["key"], BROWSER)
    other = tmp_path / "other.key"
    if what == "another":
        make_key_file(other)
    wrong = AgreedKeys(KeyFiles(other), public.store)
    before = public.store.fields("sample", "subs"), public.store.fields("sample", "access")
    registry = RedisRegistry(public.store, public.clock, sealers=wrong.sealer)
    with pytest.raises(KeyMissing, match="nothing is lost: put") as raised:
        list(registry.list("sample"))
    assert str(other) in str(raised.value)
    with pytest.raises(KeyMissing):
        AccessStore(public.store, wrong).add_recovery("sample", "anybody")
    assert (public.store.fields("sample", "subs"), public.store.fields("sample", "access")) == before
    assert other.exists() == (what == "another")
    assert public.ask("GET", "sample/home", made["key"]).json()["devices"] != []


def test_the_key_file_is_its_owners_alone(public: Public) -> None:
    """Mode 600, in a folder of mode 700 where it was made."""
    public.sign_up()
    path = public.keys._files.file_of("sample")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o077 == 0


def test_nothing_that_is_secret_is_logged(public: Public, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not when all goes well, not in refusals, and not in the trace of a fault of ours."""
    with capture_logs() as logs:
        made = public.sign_up()
        public.ask("POST", "sample/home/devices", made["key"], BROWSER)
        public.ask("POST", "sample/home/devices", made["key"], {"kind": "email", "value": "hanako example"})
        public.ask("PUT", "sample/home", made["key"], {**HOME, "place": {"kind": "pin", "lat": "34.8209"}})
        public.ask("POST", "sample/recover", None, {"recovery_code": made["recovery_code"]})
        monkeypatch.setattr(public.registry, "put", fails_with_secrets)
        broken = public.ask("PUT", "sample/home", made["key"], HOME)
    assert broken.status_code == 500
    assert [each["event"] for each in logs] == ["api.failed"]
    said = f"{logs} {broken.text}"
    for secret in (made["key"], made["recovery_code"], "34.8209", "135.455", "SECRET-ENDPOINT", "hanako"):
        assert secret not in said


def fails_with_secrets(*given: Any) -> Any:
    """A fault whose message holds all that was given."""
    raise RuntimeError(f"{given} lat=34.8209 135.455 hanako SECRET-ENDPOINT")
