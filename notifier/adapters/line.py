"""The channel to LINE users by the Messaging API, and its month's budget."""

from __future__ import annotations

import asyncio
import calendar
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx
import msgspec
import structlog

from model.ports import Meter
from notifier import line
from notifier.adapters.outgoing import Way, client_of, retry_after_s
from notifier.line_budget import Month, is_scarce
from notifier.outcome import Outcome, Refused, TryAgain
from notifier.ports import Push

_log = structlog.get_logger()
LINE = "https://api.line.me"
_JAPAN = timezone(timedelta(hours=9))
"""LINE counts a month by Japan's time, whatever the city's."""
_LOOK_EVERY_S = 600.0
_LEAVE_S = 2.0


class LineSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One LINE official account. `account` names it in metrics: a city's id, or `common`."""

    token: str
    account: str
    url: str = LINE
    way: Way = Way()

    def __repr__(self) -> str:
        return f"LineSettings(account={self.account!r}, url={self.url!r}, token masked)"


class LineChannel:
    """Make it anywhere; send and close it in one event loop."""

    name = "line"

    def __init__(self, settings: LineSettings, meter: Meter, now_s: Callable[[], float] = time.time) -> None:
        """Prepare; nothing connects yet. Raise ChannelFault."""
        self._settings = settings
        self._meter = meter
        self._now_s = now_s
        self._http = client_of(settings.way, "line")
        self._url = settings.url.rstrip("/")
        self._bearer = {"Authorization": f"Bearer {settings.token}"}
        self._bound = asyncio.Semaphore(settings.way.concurrency)
        self._looked_s = -float("inf")
        self._looking: asyncio.Future[None] | None = None
        self._month: Month | None = None
        self._looked_in: str | None = None
        self._used_up_in: str | None = None

    @property
    def slots(self) -> int:
        """How many sends may be under way at once."""
        return self._settings.way.concurrency

    @property
    def scarce(self) -> bool:
        """Whether homes with another way are to use that until the month ends; asked from the loop that sends."""
        self._look_soon()  # also while nobody is sent anything: a new month must be seen
        if self._used_up_in == self._month_name():
            return True
        return self._month is not None and self._looked_in == self._month_name() and is_scarce(self._month)

    async def send(self, push: Push) -> Outcome:
        """Push once; LINE takes a repeat as the same for a day."""
        self._look_soon()
        headers = {**self._bearer, "Content-Type": "application/json", "X-Line-Retry-Key": line.retry_key(push)}
        async with self._bound:
            answer = await self._ask("POST", "/v2/bot/message/push", headers, line.body_of(push))
        if answer is None:
            return TryAgain(None, "no_answer")
        outcome = line.outcome_of(answer)
        if isinstance(outcome, Refused) and outcome.code == line.MONTHLY_LIMIT:
            self._used_up_in = self._month_name()
        return outcome

    async def month(self) -> Month | None:
        """Ask how many messages the account has this month, and has used; None where LINE does not say."""
        quota, used = await self._get("/v2/bot/message/quota"), await self._get("/v2/bot/message/quota/consumption")
        if quota is None or used is None or not isinstance(used.get("totalUsage"), int):
            return None
        cap = quota.get("value") if quota.get("type") == "limited" else None
        today = self._now()
        days = calendar.monthrange(today.year, today.month)[1]
        return Month(int(cap) if cap is not None else None, used["totalUsage"], today.day, days)

    async def look(self) -> None:
        """Bring the month's figures up to date."""
        self._looked_s = time.monotonic()
        month = await self.month()
        if month is None:
            _log.warning("line_quota_unknown", account=self._settings.account)
            return
        self._month, self._looked_in = month, self._month_name()
        labels = {"account": self._settings.account}
        self._meter.gauge("line_messages_used", month.used, **labels)
        self._meter.gauge("line_messages_cap", float("inf") if month.cap is None else month.cap, **labels)
        self._meter.gauge("line_scarce", float(self.scarce), **labels)

    def _look_soon(self) -> None:
        if time.monotonic() - self._looked_s >= _LOOK_EVERY_S and (self._looking is None or self._looking.done()):
            self._looking = asyncio.ensure_future(self.look())

    def _month_name(self) -> str:
        return self._now().strftime("%Y-%m")

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._now_s(), UTC).astimezone(_JAPAN)

    async def _get(self, path: str) -> dict[str, Any] | None:
        try:
            answer = await self._http.get(self._url + path, headers=self._bearer)
            read = answer.json() if answer.status_code == 200 else None
        except (httpx.HTTPError, ValueError):
            return None
        return read if isinstance(read, dict) else None

    async def _ask(self, method: str, path: str, headers: dict[str, str], body: bytes) -> line.Answer | None:
        try:
            async with asyncio.timeout(2 * self._settings.way.timeout_s):
                got = await self._http.request(method, self._url + path, headers=headers, content=body)
        except (TimeoutError, httpx.HTTPError) as error:
            _log.warning("line_no_answer", account=self._settings.account, reason=type(error).__name__)
            return None
        named = got.headers.get("x-line-accepted-request-id") or got.headers.get("x-line-request-id", "")
        asked_s = retry_after_s(got.headers.get("retry-after"), self._now_s())
        return line.answer_of(got.status_code, got.content, named, asked_s)

    async def aclose(self) -> None:
        """Close connections."""
        if self._looking is not None:
            await asyncio.wait([self._looking], timeout=_LEAVE_S)
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        await self._http.aclose()
