"""From settings to channels, and the doctor's look at each: real servers, nothing sent to a resident."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gomikuru.channel_accounts import (
    NOBODY,
    email_account,
    line_account,
    line_account_of,
    vapid_public_key,
    webpush_account,
)
from gomikuru.doctor import Finding, examine
from gomikuru.metrics import MemoryMeter
from gomikuru.settings import Settings, SettingsError, load
from gomikuru.wiring_channels import city_channels, configured_channels, page_channel
from model.subscription import TargetKind
from notifier.ports import ChannelFault
from streams.memory import MemoryStore
from tests.support.line_server import TOKEN, LineServer
from tests.support.mail_server import PASSWORD, USER, MailServer
from tests.support.push_server import PushServer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    city = tmp_path / "cities" / "minami"
    city.mkdir(parents=True)
    (city / "city.toml").write_text('id = "minami"\nname = "南市"\ntimezone = "Asia/Tokyo"\n')
    return tmp_path


def settings(folder: Path, **environ: object) -> Settings:
    given = {"CITIES_DIR": folder / "cities", "WEBPUSH__KEY_FILE": folder / "keys" / "vapid.pem", **environ}
    return load(None, {f"GOMIKURU_{name}": str(value) for name, value in given.items()})


def found(made: Settings, part: str) -> list[tuple[str, str]]:
    return [(each.level, each.what) for each in examine(made, [], [part])]


def remedies(made: Settings, part: str) -> Iterator[Finding]:
    return examine(made, [], [part])


def test_the_key_for_browsers_is_made_when_it_is_asked_for_and_stays(folder: Path) -> None:
    """On by default; no key where the channel is off."""
    made = settings(folder)
    assert not (folder / "keys").exists()
    key = vapid_public_key(made)
    assert key is not None
    assert vapid_public_key(made) == key
    assert (folder / "keys" / "vapid.pem").stat().st_mode & 0o777 == 0o600
    assert vapid_public_key(settings(folder, WEBPUSH__ENABLED="false")) is None


def test_whom_a_push_service_may_ask_is_a_setting(folder: Path) -> None:
    """A placeholder where it is not set, which the doctor warns of."""
    account = webpush_account(settings(folder, WEBPUSH__SUBJECT="mailto:it@minami.example"))
    assert account is not None
    assert account.subject == "mailto:it@minami.example"
    plain = webpush_account(settings(folder))
    assert plain is not None
    assert plain.subject == NOBODY
    with pytest.raises(SettingsError, match=r"webpush\.subject: no contact"):
        settings(folder, WEBPUSH__SUBJECT="it@minami.example")


def test_a_city_may_have_a_line_account_of_its_own(folder: Path) -> None:
    """Its own before the common one; a broken file is told without its secrets."""
    own = folder / "line"
    own.mkdir()
    (own / "minami.toml").write_text('token = "own"\nsecret = "s"\nadd_url = "https://lin.ee/x"\n')
    made = settings(folder, LINE__TOKEN="common", LINE__ACCOUNTS_DIR=own)
    mine, common = line_account_of(made, "minami"), line_account_of(made, "kita")
    assert mine is not None
    assert common is not None
    assert (mine.settings.token, mine.settings.account, mine.add_url) == ("own", "minami", "https://lin.ee/x")
    assert (common.settings.token, common.settings.account, common.secret) == ("common", "common", None)
    assert "own" not in repr(mine)
    assert line_account(settings(folder)) is None
    (own / "minami.toml").write_text('tokn = "very-secret"\n')
    with pytest.raises(ChannelFault, match="holds token, secret and add_url") as told:
        line_account(made, "minami")
    assert "very-secret" not in str(told.value)


def test_a_relay_needs_a_sender_and_no_password_goes_out_unencrypted(folder: Path) -> None:
    """Both are told at the start."""
    with pytest.raises(SettingsError, match=r"email\.sender: is missing"):
        settings(folder, EMAIL__HOST="relay.example")
    given = {"EMAIL__HOST": "relay.example", "EMAIL__SENDER": "gomi@minami.example"}
    with pytest.raises(SettingsError, match="would send the password unencrypted"):
        settings(folder, **given, EMAIL__SECURITY="none", EMAIL__PASSWORD="x")
    account = email_account(settings(folder, **given))
    assert account is not None
    assert (account.port, account.security) == (587, "starttls")
    assert email_account(settings(folder)) is None


def test_no_secret_of_a_channel_shows(folder: Path) -> None:
    """Neither in the settings nor in what is made of them."""
    secret = "correct-horse"
    made = settings(
        folder, LINE__TOKEN=secret, LINE__SECRET=secret, EMAIL__HOST="h", EMAIL__SENDER="a@b.c", EMAIL__PASSWORD=secret,
        WEBPUSH__PROXY=f"http://u:{secret}@p:1",
    )  # fmt: skip
    for shown in (made, line_account(made), email_account(made), webpush_account(made)):
        assert secret not in repr(shown)


def test_the_doctor_knocks_at_the_push_services_and_looks_at_the_key(folder: Path, push_server: PushServer) -> None:
    """No key yet is a note, one that others can read a warning, a broken one an error."""
    ca = push_server.server.ca(folder / "ca.pem")
    services = f"{push_server.server.url},*.push.example"
    made = settings(folder, WEBPUSH__SERVICES=services, WEBPUSH__CA_FILE=ca)
    said = found(made, "webpush")
    assert [level for level, _ in said] == ["note", "warning", "ok"]
    assert said[2][1] == f"{push_server.server.url} answers"
    assert push_server.pushed == []
    vapid_public_key(made)
    assert found(made, "webpush")[0][0] == "ok"
    key = folder / "keys" / "vapid.pem"
    key.chmod(0o644)
    assert found(made, "webpush")[0][0] == "warning"
    key.write_text("x")
    assert found(made, "webpush")[0][0] == "error"
    push_server.server.stop()
    assert found(made, "webpush")[2][0] == "warning"
    assert found(settings(folder, WEBPUSH__ENABLED="false"), "webpush")[0][0] == "note"


def test_the_doctor_asks_line_for_the_months_figures(folder: Path, line_server: LineServer) -> None:
    """Used and cap; near the cap is a warning; a token that is not taken an error; nothing is sent."""
    ca = line_server.server.ca(folder / "ca.pem")
    plain = {"LINE__TOKEN": TOKEN, "LINE__SECRET": "s", "LINE__URL": line_server.server.url, "LINE__CA_FILE": ca}
    line_server.used = 70
    assert found(settings(folder, **plain), "line") == [("ok", "account common: 70 messages this month, without a cap")]
    line_server.cap = 200
    assert found(settings(folder, **plain), "line") == [("ok", "account common: 70 of 200 messages this month")]
    line_server.used = 190
    assert found(settings(folder, **plain), "line")[0][0] == "warning"
    assert found(settings(folder, **{**plain, "LINE__TOKEN": "wrong"}), "line") == [
        ("error", "account common: LINE does not take the token")
    ]
    del plain["LINE__SECRET"]
    assert found(settings(folder, **plain), "line")[1][0] == "warning"
    line_server.server.stop()
    assert found(settings(folder, **plain), "line")[0][0] == "error"
    assert found(settings(folder), "line")[0][0] == "note"
    assert line_server.pushes == 0


def test_the_doctor_logs_in_at_the_relay_and_leaves(folder: Path, mail_server: MailServer) -> None:
    """A wrong password and a certificate of others are errors, with what to do."""
    plain = {
        "EMAIL__HOST": "localhost", "EMAIL__PORT": mail_server.port, "EMAIL__SENDER": "gomi@minami.example",
        "EMAIL__USERNAME": USER.decode(), "EMAIL__PASSWORD": PASSWORD.decode(),
        "EMAIL__CA_FILE": mail_server.ca(folder / "ca.pem"),
    }  # fmt: skip
    assert found(settings(folder, **plain), "email") == [
        ("ok", f"localhost:{mail_server.port} lets us in, with STARTTLS")
    ]
    wrong = list(remedies(settings(folder, **{**plain, "EMAIL__PASSWORD": "wrong"}), "email"))
    assert (wrong[0].level, wrong[0].remedy) == ("error", "check email.username, email.password")
    del plain["EMAIL__CA_FILE"]
    assert found(settings(folder, **plain), "email")[0][0] == "error"
    assert found(settings(folder), "email")[0][0] == "note"
    assert mail_server.letters == []


def test_the_wiring_makes_every_channel_that_is_set_up(folder: Path) -> None:
    """Browsers by default, the page besides; a city's own account in place of the common one."""
    own = folder / "line"
    own.mkdir()
    (own / "minami.toml").write_text('token = "t"\n')
    plain = settings(folder)
    assert set(configured_channels(plain, MemoryMeter())) == {TargetKind.WEBPUSH}
    made = settings(folder, LINE__TOKEN="common", LINE__ACCOUNTS_DIR=own, EMAIL__HOST="h", EMAIL__SENDER="a@b.c")
    assert set(configured_channels(made, MemoryMeter())) == {TargetKind.WEBPUSH, TargetKind.LINE, TargetKind.EMAIL}
    assert list(city_channels(made, ["minami", "kita"], MemoryMeter())) == ["minami"]
    assert set(page_channel(made, MemoryStore())) == {TargetKind.PAGE}
    assert page_channel(settings(folder, NOTIFIER__PAGES_MAX=0), MemoryStore()) == {}
