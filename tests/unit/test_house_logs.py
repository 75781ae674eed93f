"""What a log line looks like, and what it never holds."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from gomikuru import logs

SECRET = "correct-horse"


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Give the process back the logging that it had."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def written(format: str) -> io.StringIO:
    """Set logging up to a text that can be read."""
    stream = io.StringIO()
    logs.set_up(format, "info", stream)  # type: ignore[arg-type]
    return stream


def test_in_production_each_line_is_a_json_object_with_name_level_and_time() -> None:
    """A collector can read every line, whoever wrote it."""
    stream = written("auto")
    structlog.get_logger().info("alert_sent", city="minami", 街="桜")
    logging.getLogger("library").warning("as %s says", "it")
    mine, foreign = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (mine["event"], mine["level"], mine["city"], mine["街"]) == ("alert_sent", "info", "minami", "桜")
    assert mine["at"].endswith("Z")
    assert (foreign["event"], foreign["level"]) == ("as it says", "warning")


def test_below_the_level_nothing_is_written() -> None:
    """Debugging is switched on by a setting."""
    stream = written("json")
    structlog.get_logger().debug("detail")
    assert stream.getvalue() == ""


def test_the_web_servers_own_chatter_is_not_written() -> None:
    """That a server process has started is no news of this service; its warnings are."""
    stream = written("json")
    logging.getLogger("uvicorn.error").info("Started server process [1]")
    assert stream.getvalue() == ""
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    assert "Invalid HTTP request" in stream.getvalue()


@pytest.mark.parametrize("format", ["json", "console"])
@pytest.mark.parametrize(
    "event",
    [
        {"password": SECRET},
        {"store_password": SECRET},
        {"token": SECRET},
        {"service_account_json": SECRET},
        {"target": SECRET},
        {"authorization": f"Bearer {SECRET}"},
        {"url": f"redis://user:{SECRET}@host/0"},
        {"settings": {"broker": {"password": SECRET}}},
        {"addresses": [f"http://u:{SECRET}@proxy"]},
    ],
)
def test_a_secret_is_stars_wherever_it_stands(format: str, event: dict[str, object]) -> None:
    """Under a secret's name, inside an address, inside a table."""
    stream = written(format)
    structlog.get_logger().warning("connected", **event)
    assert "connected" in stream.getvalue()
    assert logs.STARS in stream.getvalue()
    assert SECRET not in stream.getvalue()


@pytest.mark.parametrize("format", ["json", "console"])
def test_a_traceback_shows_neither_local_variables_nor_passwords_in_addresses(format: str) -> None:
    """The line that failed is enough."""
    stream = written(format)
    held_here = "value of a local variable"
    try:
        raise OSError(f"redis://:{SECRET}@host does not answer")
    except OSError:
        structlog.get_logger().exception("store_lost")
    text = stream.getvalue()
    assert "OSError" in text
    assert SECRET not in text.replace("{SECRET}", "")
    assert text.count(held_here) == 0
