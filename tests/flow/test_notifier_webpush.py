"""Alerts in the store to a notification in a browser and back: worker, registry, words, channel, receipt as shipped."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from gomikuru import logs
from gomikuru.settings import load
from gomikuru.wiring_channels import configured_channels, page_channel
from model.subscription import MetresLead, Pin, Target, TargetKind
from notifier.adapters.catalogues import load_channel_words
from notifier.adapters.page import decode_page_entry
from notifier.adapters.reports import Reports
from notifier.adapters.residents import RegistryResidents
from notifier.adapters.showings import StoreShowings
from notifier.receipts import Receipts
from residents.adapters.redis_registry import RedisRegistry
from residents.wish import Wish
from streams import keys
from streams.ports import Store
from tests.support.line_server import TOKEN, LineServer
from tests.support.mail_server import PASSWORD, USER, MailServer
from tests.support.notifying import Bench, SetClock, TallyMeter, alert
from tests.support.push_server import PushServer
from tests.support.waiting import wait_until

HELPER, FRIEND = "secret-helper@example.org", "Usecretfriend"


class Town:
    """Three providers, one household, and a worker wired from settings."""

    def __init__(
        self, folder: Path, store: Store, push: PushServer, line: LineServer, mail: MailServer, **environ: object
    ) -> None:
        self.store, self.push, self.line, self.mail = store, push, line, mail
        given = {
            "WEBPUSH__KEY_FILE": folder / "vapid.pem", "WEBPUSH__SERVICES": push.server.url,
            "WEBPUSH__CA_FILE": push.server.ca(folder / "push.pem"), "LINE__TOKEN": TOKEN, "LINE__URL": line.server.url,
            "LINE__CA_FILE": line.server.ca(folder / "line.pem"), "EMAIL__HOST": "localhost", "EMAIL__PORT": mail.port,
            "EMAIL__SENDER": "gomi@minami.example", "EMAIL__USERNAME": USER.decode(),
            "EMAIL__PASSWORD": PASSWORD.decode(), "EMAIL__CA_FILE": mail.ca(folder / "mail.pem"), **environ,
        }  # fmt: skip
        self.settings = load(None, {f"GOMIKURU_{name}": str(value) for name, value in given.items()})
        self.registry = RedisRegistry(store, SetClock())
        receipts, homes = Receipts({"minami": b"k" * 32}), RegistryResidents(self.registry)
        self.reports = Reports(receipts, StoreShowings(store), homes)
        channels = {**configured_channels(self.settings, TallyMeter()), **page_channel(self.settings, store)}
        self.bench = Bench(
            store, homes, channels, channel_words=load_channel_words(),
            showings=StoreShowings(store), receipts=lambda: receipts,
        )  # fmt: skip

    def home(self, *targets: Target) -> None:
        """Subscribe the household."""
        self.registry.put("minami", Wish(id="s1", place=Pin(34.83, 135.47), lead=MetresLead(500.0), targets=targets))


@pytest.fixture
def town(
    tmp_path: Path, store: Store, push_server: PushServer, line_server: LineServer, mail_server: MailServer
) -> Town:
    return Town(tmp_path, store, push_server, line_server, mail_server)


def test_an_alert_becomes_a_notification_and_its_report_comes_home(town: Town) -> None:
    """The browser shows the words under the alert's tag; the receipt is noted; the open page got the same."""
    town.home(town.push.browser("phone").target(), Target(TargetKind.EMAIL, HELPER))
    one = alert()
    with town.bench.running():
        town.bench.tell(one)
        wait_until(lambda: town.bench.left() == 0 and town.bench.records(), what="the alert to be finished")
    (shown,) = town.push.pushed
    assert shown.message["title"] == "まもなく収集車が来ます"
    assert shown.message["body"] == "燃えるごみの収集車が約500m以内に来ました。袋を出してください。"
    assert shown.message["tag"] == shown.headers["topic"] == one.id
    assert shown.message["useful_until"] == one.useful_until_ms
    assert town.mail.letters == []
    assert town.reports.receive_receipt(shown.message["receipt"])
    (history,) = StoreShowings(town.store).histories("minami", list(town.store.fields("minami", "shown"))).values()
    assert [each.alert for each in history.sends] == list(history.shown) == [one.id]
    (entry,) = town.store.read(keys.pages("minami"), "0-0", 10, 0)
    assert decode_page_entry(entry.data).message.body == shown.message["body"]
    assert [record.channel for record in town.bench.records()] == ["webpush"]


def test_a_browser_that_has_gone_costs_the_household_nothing(town: Town) -> None:
    """410: pruned from the registry; the letter comes instead, with a word about the browser, and later ones too."""
    town.home(town.push.browser("phone").target(), Target(TargetKind.EMAIL, HELPER))
    town.push.script("phone", (410, {}))
    with town.bench.running():
        town.bench.tell(alert())
        wait_until(lambda: town.bench.left() == 0 and len(town.mail.letters) == 2, what="the letters")
    subjects = {letter["Subject"] for letter in town.mail.letters}
    assert subjects == {"まもなく収集車が来ます", "届かない端末があります"}
    home = town.registry.get("minami", "s1")
    assert home is not None
    assert [each.kind for each in home.targets] == [TargetKind.EMAIL]
    assert town.bench.meter.counts[("target_notices", "minami", "target_lost")] == 1


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Everything that is logged, at the most talkative level."""
    stream = io.StringIO()
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    logs.set_up("json", "debug", stream)
    logging.getLogger("mail").setLevel(logging.CRITICAL)  # the stand-in relay's own
    yield stream
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)
    structlog.reset_defaults()


def test_no_address_of_a_resident_is_ever_logged(
    tmp_path: Path, push_server: PushServer, line_server: LineServer, mail_server: MailServer, written: io.StringIO
) -> None:
    """Neither endpoint, key, LINE user nor letter box: delivered, refused, gone, and with everybody away."""
    from streams.memory import MemoryStore

    town = Town(tmp_path, MemoryStore(), push_server, line_server, mail_server)
    browsers = [town.push.browser(f"secret-{name}").target() for name in ("fine", "gone", "bad", "barred")]
    for name, status in (("gone", 410), ("bad", 400), ("barred", 403)):
        town.push.script(f"secret-{name}", (status, {}))
    town.home(Target(TargetKind.EMAIL, HELPER), Target(TargetKind.LINE, FRIEND), *browsers)
    mail_server.refusals[HELPER] = f"550 5.1.1 <{HELPER}> unknown"
    with town.bench.running():
        town.bench.tell(alert())
        wait_until(lambda: town.bench.left() == 0 and town.bench.records(), what="the alert to be finished")
    assert len(line_server.to(FRIEND)) > 0
    for server in (push_server.server, line_server.server, mail_server):
        server.stop()
    town = Town(tmp_path, town.store, push_server, line_server, mail_server, LINE__HTTP_TIMEOUT_S=1)
    town.home(Target(TargetKind.LINE, FRIEND), town.push.browser("secret-fine").target())
    with town.bench.running():
        town.bench.tell(alert(ordinal=2))
        wait_until(lambda: "line_no_answer" in written.getvalue(), what="a send without an answer")
    said = written.getvalue()
    assert "push_sent" in said
    assert "webpush_no_answer" in said
    for private in ("/push/", "secret-", FRIEND, HELPER, *(re.findall(r'"p256dh":"([^"]+)"', browsers[0].value))):
        assert private not in said
