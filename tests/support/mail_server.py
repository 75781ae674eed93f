"""A mail relay on this machine, for tests: aiosmtpd with STARTTLS, logins, and recipients that it refuses as told."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.support.stores import free_port

USER, PASSWORD = b"gomikuru", b"relay-password"


class MailServer:
    """Takes letters over TLS only, and from its user only. `refusals`: what it answers to RCPT of an address."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.refusals: dict[str, str] = {}
        self.connections = 0
        self._running = False
        self._authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=free_port(),  # aiosmtpd connects to itself when it starts, so it must know its port
            tls_context=context,
            require_starttls=True,
            authenticator=self._let_in,
            auth_required=True,
        )

    def start(self) -> None:
        """Listen on a free port."""
        self._controller.start()
        self._running = True

    def stop(self) -> None:
        """Stop; once more does no harm."""
        if self._running:
            self._controller.stop()
            self._running = False

    @property
    def port(self) -> int:
        """The port."""
        return int(self._controller.port)

    def ca(self, path: Path) -> Path:
        """Write the certificate to trust."""
        self._authority.cert_pem.write_to_path(str(path))
        return path

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]) -> Any:
        """Count who comes (aiosmtpd)."""
        session.host_name = hostname
        self.connections += session.ssl is None
        return responses

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        """Take a recipient, or refuse (aiosmtpd)."""
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Keep a letter (aiosmtpd)."""
        letter = message_from_bytes(envelope.content, policy=default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        return "250 Message accepted for delivery"

    def _let_in(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        fine = isinstance(data, LoginPassword) and (data.login, data.password) == (USER, PASSWORD)
        return AuthResult(success=fine, handled=False)


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """A running relay."""
    made = MailServer()
    made.start()
    yield made
    made.stop()
