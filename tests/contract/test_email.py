"""E-mail through a real relay with STARTTLS and a login."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from model.subscription import Target, TargetKind
from notifier.adapters.email import EmailChannel, EmailSettings, is_address, outcome_of_recipient
from notifier.outcome import Delivered, Outcome, Refused, TargetGone, TryAgain
from notifier.ports import Message, Push
from tests.support.mail_server import PASSWORD, USER, MailServer
from tests.support.notifying import push

HELPER = Target(TargetKind.EMAIL, "helper@example.org")


def made(server: MailServer, folder: Path, **changes: object) -> EmailSettings:
    plain = EmailSettings(
        host="localhost",
        port=server.port,
        security="starttls",
        sender="gomi@minami.example",
        sender_name="南市 ごみ収集",
        username=USER.decode(),
        password=PASSWORD.decode(),
        ca_file=server.ca(folder / "ca.pem"),
        page="https://gomi.minami.example",
        timeout_s=3.0,
    )
    return msgspec.structs.replace(plain, **changes)


def sent(settings: EmailSettings, *pushes: Push) -> list[Outcome]:
    async def main() -> list[Outcome]:
        channel = EmailChannel(settings)
        try:
            return [await channel.send(each) for each in pushes]
        finally:
            await channel.aclose()

    return asyncio.run(main())


def test_a_letter_says_who_it_is_from_what_it_is_and_how_to_end_it(mail_server: MailServer, tmp_path: Path) -> None:
    """Words, the city's page, one click to unsubscribe, no answer wanted from a machine."""
    one = push(HELPER, receipt="r-1")
    (outcome,) = sent(made(mail_server, tmp_path), one)
    assert isinstance(outcome, Delivered)
    (letter,) = mail_server.letters
    assert letter["Subject"] == one.message.title
    assert letter["From"].addresses[0].display_name == "南市 ごみ収集"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["List-Unsubscribe"] == "<https://gomi.minami.example/api/v1/unsubscribe/r-1>"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert one.message.body in letter.get_content()
    assert "https://gomi.minami.example/c/minami/" in letter.get_content()


def test_a_repeat_is_the_same_letter_and_a_correction_one_of_the_same_thread(
    mail_server: MailServer, tmp_path: Path
) -> None:
    """By Message-ID and References; another address has another."""
    again = push(HELPER)
    other = push(Target(TargetKind.EMAIL, "other@example.org"))
    sent(made(mail_server, tmp_path), again, again, push(HELPER, alert_id="corrected"), other)
    ids = [letter["Message-ID"] for letter in mail_server.letters]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3
    assert len({letter["References"] for letter in mail_server.letters}) == 1
    assert mail_server.connections == 1


def test_a_title_cannot_bring_a_header_of_its_own(mail_server: MailServer, tmp_path: Path) -> None:
    """Names of waste come from files."""
    message = Message("a\r\nBcc: other@example.org", "b\n.\nc", "t" * 24, "ja")
    sent(made(mail_server, tmp_path), push(HELPER, message=message))
    (letter,) = mail_server.letters
    assert letter["Bcc"] is None
    assert letter["Subject"] == "a Bcc: other@example.org"
    assert letter.get_content().split()[:3] == ["b", ".", "c"]


@pytest.mark.parametrize("value", ["no-address", "a@b@c", "a b@example.org", "<a@example.org>", "a@x.org\n", "@x"])
def test_what_is_no_address_is_given_up_unasked(mail_server: MailServer, tmp_path: Path, value: str) -> None:
    """It can never work."""
    assert not is_address(value)
    assert sent(made(mail_server, tmp_path), push(Target(TargetKind.EMAIL, value))) == [TargetGone("no_address")]
    assert mail_server.connections == 0


def test_an_address_that_is_gone_is_pruned_and_the_next_letter_goes_over_the_same_connection(
    mail_server: MailServer, tmp_path: Path
) -> None:
    """550 5.1.1 at RCPT."""
    mail_server.refusals["gone@example.org"] = "550 5.1.1 No such user"
    outcomes = sent(made(mail_server, tmp_path), push(Target(TargetKind.EMAIL, "gone@example.org")), push(HELPER))
    assert outcomes[0] == TargetGone("5.1.1")
    assert isinstance(outcomes[1], Delivered)
    assert mail_server.connections == 1


@pytest.mark.parametrize(
    ("code", "said", "outcome"),
    [
        (550, "5.1.1 <a@b>: Recipient address rejected: User unknown", TargetGone),
        (550, "5.2.1 The account is disabled", TargetGone),
        (551, "User not local", TargetGone),
        (550, "No such user here", TargetGone),
        (550, "5.7.1 Relaying denied", Refused),
        (550, "relay not permitted", Refused),
        (554, "5.7.1 Service unavailable; blocked using a list", Refused),
        (554, "Transaction failed", Refused),
        (552, "5.2.2 Mailbox full", Refused),
        (450, "4.2.1 Greylisted", TryAgain),
        (421, "Try again later", TryAgain),
    ],
)
def test_an_address_is_given_up_only_where_it_and_not_we_is_at_fault(
    code: int, said: str, outcome: type[Outcome]
) -> None:
    """A relay that is set up wrongly must not wipe every address."""
    assert isinstance(outcome_of_recipient(code, said), outcome)


def test_a_greylisted_letter_is_tried_again(mail_server: MailServer, tmp_path: Path) -> None:
    """4xx at RCPT."""
    mail_server.refusals["helper@example.org"] = "451 4.7.1 Greylisted"
    assert sent(made(mail_server, tmp_path), push(HELPER)) == [TryAgain(None, "smtp_451")]


def test_a_password_that_is_not_taken_is_told_to_the_operator(mail_server: MailServer, tmp_path: Path) -> None:
    """No address suffers."""
    (outcome,) = sent(made(mail_server, tmp_path, password="wrong"), push(HELPER))
    assert isinstance(outcome, Refused)
    assert "email.password" in outcome.detail


def test_a_relay_with_a_certificate_of_others_gets_no_letter(mail_server: MailServer, tmp_path: Path) -> None:
    """Neither does one that is away; both are tried again."""
    assert sent(made(mail_server, tmp_path, ca_file=None), push(HELPER)) == [TryAgain(None, "no_answer")]
    assert mail_server.letters == []
    mail_server.stop()
    assert sent(made(mail_server, tmp_path), push(HELPER)) == [TryAgain(None, "no_answer")]
