"""One kept connection against a far side that writes whatever bytes a test wants."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable

import pytest

from notifier.adapters.fcm_line import Line, LineBroken, Reply
from notifier.adapters.kept_lines import KeptLines, Service

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nRetry-After: 5\r\n\r\n{}"


def talk(answers: list[bytes], act: Callable[[Line], Awaitable[None]], cut: bool = False) -> list[bytes]:
    """Serve one connection: an answer for each piece that arrives; `cut` closes after the last."""
    heard: list[bytes] = []

    async def main() -> None:
        served = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(ConnectionError):
                for answer in answers:
                    heard.append(await reader.read(65536))
                    writer.write(answer)
                    await writer.drain()
                if not cut:
                    await reader.read(1)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
            served.set()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            address = server.sockets[0].getsockname()
            _, line = await asyncio.get_running_loop().create_connection(Line, *address)
            await act(line)
            line.close()
            await asyncio.wait_for(served.wait(), 10)

    asyncio.run(main())
    return heard


def test_a_line_is_used_again_after_a_whole_answer() -> None:
    """Two requests, one connection; names of headers come in lower case."""

    async def act(line: Line) -> None:
        for _ in range(2):
            assert await line.ask(b"x", 5.0) == Reply(200, {"content-length": "2", "retry-after": "5"}, b"{}")
            assert line.open

    assert talk([OK, OK], act) == [b"x", b"x"]


def test_a_line_that_the_far_side_ends_can_be_waited_out() -> None:
    """Whoever closes a loop waits first: a connection in mid-farewell would outlive it with its socket."""

    async def act(line: Line) -> None:
        assert (await line.ask(b"x", 5.0)).status == 200
        await asyncio.wait_for(line.gone(), 5.0)
        assert line._transport is None

    talk([OK], act, cut=True)


@pytest.mark.parametrize("cut", [False, True])
def test_no_kept_connection_outlives_its_close(cut: bool) -> None:
    """Eight at once, which the far side keeps or ends in that moment: after the close no socket is left."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"x")
        writer.write(OK)
        if not cut:
            await reader.read(1)
        writer.close()

    async def main() -> None:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            service = Service("http", *server.sockets[0].getsockname())
            kept = KeptLines(ssl.create_default_context(), None, 5.0, 60.0)
            replies = await asyncio.gather(*(kept.ask(service, b"x") for _ in range(8)))
            assert [reply.status for reply in replies] == [200] * 8
            lines = list(kept._lines)
            await kept.aclose()
            assert [line._transport for line in lines] == [None] * 8

    asyncio.run(main())


def test_a_first_answer_of_1xx_is_not_the_answer() -> None:
    """The one that follows is."""

    async def act(line: Line) -> None:
        assert (await line.ask(b"x", 5.0)).status == 200

    talk([b"HTTP/1.1 100 Continue\r\n\r\n" + OK], act)


def test_pieces_are_put_together() -> None:
    """A chunked body comes whole."""

    async def act(line: Line) -> None:
        assert (await line.ask(b"x", 5.0)).body == b"abcde"

    talk([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"], act)


def test_a_body_without_a_length_ends_with_the_connection() -> None:
    """So do the pages of some captive portals; the line is not used again."""

    async def act(line: Line) -> None:
        assert (await line.ask(b"x", 5.0)).body == b"<html>"
        assert not line.open

    talk([b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<html>"], act, cut=True)


def test_a_far_side_that_says_close_is_not_asked_again() -> None:
    """The answer counts, the line is over."""

    async def act(line: Line) -> None:
        assert (await line.ask(b"x", 5.0)).body == b"{}"
        assert not line.open

    talk([b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"], act)


@pytest.mark.parametrize(
    ("answer", "cut"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", True),
        (b"HTTP/1.1 200", True),
        (b"", True),
        (b"\x16\x03\x01 not HTTP at all\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1_100_000, False),
    ],
)
def test_half_an_answer_or_none_at_all_breaks_the_line(answer: bytes, cut: bool) -> None:
    """Cut short, garbled, or without end: never taken for an answer, and the line is over."""

    async def act(line: Line) -> None:
        with pytest.raises(LineBroken):
            await line.ask(b"x", 5.0)
        assert not line.open

    talk([answer], act, cut)


def test_silence_ends_in_a_time_out_and_ends_the_line() -> None:
    """A late answer must not meet the next request."""

    async def act(line: Line) -> None:
        with pytest.raises(TimeoutError):
            await line.ask(b"x", 0.05)
        assert not line.open

    talk([b""], act)


def test_a_caller_who_is_cancelled_leaves_no_answer_for_the_next() -> None:
    """The line is over with the caller."""

    async def act(line: Line) -> None:
        asking = asyncio.ensure_future(line.ask(b"x", 5.0))
        await asyncio.sleep(0.02)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert not line.open

    talk([b""], act)


def test_bytes_that_nobody_asked_for_end_the_line() -> None:
    """A second answer to one request cannot be taken for that of the next."""

    async def act(line: Line) -> None:
        await line.ask(b"x", 5.0)
        for _ in range(100):
            if not line.open:
                return
            await asyncio.sleep(0.01)
        pytest.fail("the line is still open")

    talk([OK + OK], act)
