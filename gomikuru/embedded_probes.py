"""Does a server answer yet? Asked on the wire with a few bytes, before any client library is worth starting."""

from __future__ import annotations

import socket
import ssl
from urllib.parse import urlsplit

TIMEOUT_S = 2.0
ACCEPTED = b"\x20\x02\x00\x00"


def store_answers(url: str, password: str) -> bool:
    """Tell whether the store lets us in and has loaded its data."""
    question = f"AUTH {password}\r\nPING\r\n".encode()
    return _asked(url, question, b"+OK\r\n+PONG\r\n")


def broker_answers(url: str, username: str, password: str) -> bool:
    """Tell whether the broker accepts an MQTT connection with these credentials."""
    return _asked(url, _connect_packet(username, password), ACCEPTED)


def _connect_packet(username: str, password: str) -> bytes:
    """Write MQTT 3.1.1 CONNECT: clean session, user and password, keep-alive of 10 s."""
    texts = b"".join(len(text.encode()).to_bytes(2, "big") + text.encode() for text in ("probe", username, password))
    body = b"\x00\x04MQTT\x04\xc2\x00\x0a" + texts
    if len(body) > 127:
        raise ValueError("user and password are too long for a probe")
    return bytes([0x10, len(body)]) + body


def _asked(url: str, question: bytes, answer: bytes) -> bool:
    parts = urlsplit(url)
    try:
        with (
            socket.create_connection((parts.hostname or "", parts.port or 0), timeout=TIMEOUT_S) as plain,
            _unverified(plain) if parts.scheme == "mqtts" else plain as link,
        ):
            link.sendall(question)
            return _received(link, len(answer)) == answer
    except OSError:
        return False


def _received(link: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (piece := link.recv(size - len(data))):
        data += piece
    return data


def _unverified(plain: socket.socket) -> ssl.SSLSocket:
    """Encrypt without checking the name: it is our own child on this machine, reached by its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(plain)
