"""How we reach servers of others over HTTPS: whom we trust, through which proxy, how long we wait; no redirects."""

from __future__ import annotations

import ssl
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import msgspec

from notifier.ports import ChannelFault


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """How a channel reaches its server. A proxy's address may hold a password: never shown."""

    proxy: str | None = None
    ca_file: Path | None = None
    timeout_s: float = 10.0
    concurrency: int = 50

    def __repr__(self) -> str:
        return f"Way(timeout_s={self.timeout_s:g}, concurrency={self.concurrency}, proxy masked)"


def trusting(ca_file: Path | None) -> ssl.SSLContext:
    """Trust the usual authorities, and those of `ca_file` besides (a proxy that opens TLS, a test's own)."""
    context = httpx.create_ssl_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=str(ca_file))
        except (OSError, ssl.SSLError) as error:
            raise ChannelFault(f"{ca_file}: cannot be read as CA certificates (PEM): {error}") from error
    return context


def client_of(way: Way, what: str) -> httpx.AsyncClient:
    """Make a client for one event loop; nothing connects yet. Raise ChannelFault naming `what`."""
    limits = httpx.Limits(max_connections=way.concurrency, max_keepalive_connections=way.concurrency)
    try:
        return httpx.AsyncClient(
            http2=True,
            verify=trusting(way.ca_file),
            proxy=way.proxy,
            timeout=way.timeout_s,
            limits=limits,
            follow_redirects=False,
            trust_env=False,
        )
    except (ValueError, httpx.InvalidURL) as error:
        raise ChannelFault(f"{what} proxy: not a usable http:// or https:// address: {type(error).__name__}") from error


def retry_after_s(value: str | None, now_s: float, longest_s: float = 3600.0) -> float | None:
    """Read a Retry-After header, seconds or HTTP date, between 0 and `longest_s`; None where it says nothing."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), longest_s)
    try:
        wait_s = parsedate_to_datetime(text).timestamp() - now_s
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait_s, 0.0), longest_s)
