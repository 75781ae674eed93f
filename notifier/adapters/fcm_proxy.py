"""A tunnel through a forward proxy (CONNECT), as municipal networks want it, and TLS with the far side within it."""

from __future__ import annotations

import asyncio
import base64
import ssl

import httpx

from notifier.adapters.fcm_line import Line, LineBroken
from notifier.ports import ChannelFault

_LONGEST_HEAD = 65_536


class _Asking(asyncio.Protocol):
    """The connection to the proxy until it has agreed."""

    def __init__(self) -> None:
        self.agreed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._head = b""

    def data_received(self, data: bytes) -> None:
        """Read the proxy's answer (asyncio)."""
        self._head += data
        if b"\r\n\r\n" in self._head and not self.agreed.done():
            first = self._head.split(b"\r\n", 1)[0]
            if first.split(b" ")[1:2] == [b"200"]:
                self.agreed.set_result(None)
            else:
                self.agreed.set_exception(LineBroken(f"the proxy refuses: {first[:100]!r}"))
        elif len(self._head) > _LONGEST_HEAD:
            self.connection_lost(None)

    def connection_lost(self, error: Exception | None) -> None:
        """End (asyncio)."""
        if not self.agreed.done():
            self.agreed.set_exception(LineBroken(f"the proxy closed the connection: {error or 'no reason given'}"))


async def through(proxy: httpx.URL, host: str, port: int, context: ssl.SSLContext) -> Line:
    """Open a line to the far side through the proxy. Raise LineBroken or OSError."""
    loop = asyncio.get_running_loop()
    outer_tls = context if proxy.scheme == "https" else None
    transport, asking = await loop.create_connection(_Asking, proxy.host, port_of(proxy), ssl=outer_tls)
    try:
        transport.write(_connect_request(proxy, f"{host}:{port}"))
        await asking.agreed
        line = Line()
        inner = await loop.start_tls(transport, line, context, server_hostname=host)
        assert inner is not None
    except BaseException:
        transport.abort()
        raise
    line.connection_made(inner)
    return line


def proxy_of(address: str | None) -> httpx.URL | None:
    """Read a proxy's address; raise ChannelFault."""
    if address is None:
        return None
    try:
        url = httpx.URL(address)
        if url.scheme not in ("http", "https") or not url.host:
            raise ValueError(f"scheme {url.scheme!r}")
    except (ValueError, httpx.InvalidURL) as error:
        raise ChannelFault(f"FCM proxy: not a usable http:// or https:// address: {type(error).__name__}") from error
    return url


def port_of(url: httpx.URL) -> int:
    """Tell the port of an address, said or implied."""
    return url.port or (443 if url.scheme == "https" else 80)


def _connect_request(proxy: httpx.URL, where: str) -> bytes:
    head = f"CONNECT {where} HTTP/1.1\r\nHost: {where}\r\n"
    if proxy.username:
        credentials = base64.b64encode(f"{proxy.username}:{proxy.password}".encode()).decode()
        head += f"Proxy-Authorization: Basic {credentials}\r\n"
    return f"{head}\r\n".encode("latin-1")
