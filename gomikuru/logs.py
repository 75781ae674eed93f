"""How events are written: JSON lines in production, readable on a terminal; known secrets are stars in both.

`set_up` is called once by a command; rooms only call structlog.get_logger(). Standard output belongs to the commands.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Literal, TextIO

import structlog

STARS = "***"
SECRET_KEYS = re.compile(
    r"pass(word|wd)?$|secret|token|credential$|authorization|api_?key|private_?key|service_account_json|^target$|^home$",
    re.IGNORECASE,
)
_IN_URL = re.compile(r"(?<=://)[^/@\s]+@")

Event = MutableMapping[str, Any]
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


def set_up(
    format: Literal["json", "console", "auto"] = "auto", level: str = "info", stream: TextIO | None = None
) -> None:
    """Direct structlog and the standard library's logging to one stream (standard error), in one form."""
    out = stream or sys.stderr
    readable = format == "console" or (format == "auto" and out.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        mask,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderers(readable, out.isatty()),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in ("httpx", "httpcore", "hpack", "apscheduler", "watchfiles", "uvicorn"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def mask(_logger: Any, _method: str, event: Event) -> Event:
    """Replace what must not be written: values under a secret's name, and passwords inside addresses."""
    for key in list(event):
        event[key] = _masked(key, event[key])
    return event


def _masked(key: str, value: Any) -> Any:
    if SECRET_KEYS.search(key):
        return STARS
    if isinstance(value, str):
        return _IN_URL.sub(f"{STARS}@", value)
    if isinstance(value, dict):
        return {inner: _masked(str(inner), item) for inner, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked("", item) for item in value]
    return value


def _renderers(readable: bool, colours: bool) -> list[structlog.typing.Processor]:
    """Tracebacks are plain in both forms: a pretty one would print local variables, and secrets with them."""
    if readable:
        plain = structlog.dev.plain_traceback
        console = structlog.dev.ConsoleRenderer(
            colors=colours, timestamp_key="at", pad_event_to=0, exception_formatter=plain
        )
        return [_traceback, console]
    return [_traceback, structlog.processors.JSONRenderer(ensure_ascii=False, default=str)]


def _traceback(logger: Any, method: str, event: Event) -> Event:
    rendered = structlog.processors.format_exc_info(logger, method, event)
    if isinstance(rendered.get("exception"), str):
        rendered["exception"] = _IN_URL.sub(f"{STARS}@", rendered["exception"])
    return rendered
