"""The channel to phones and browsers through Firebase Cloud Messaging, HTTP v1.

One message a call, one POST a message, a bounded number at once, over connections that live as long as the loop.
When and whether to try again is decided by the caller.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import structlog
from firebase_admin import exceptions, messaging

from notifier.adapters import fcm_answers, fcm_message
from notifier.adapters.fcm_http import Connections
from notifier.adapters.fcm_proxy import proxy_of
from notifier.adapters.fcm_sdk import Exchange, MessagingApp, certificate_of
from notifier.adapters.fcm_settings import FcmSettings, service_account
from notifier.adapters.fcm_tokens import AccessTokens, NoAccessToken, TokenRequest
from notifier.adapters.outgoing import trusting
from notifier.outcome import Delivered, Outcome, Refused, TryAgain
from notifier.policy import Urgency
from notifier.ports import ChannelFault, Push

_log = structlog.get_logger()
_YOUNG_TOKEN_S = 60.0


class FcmChannel:
    """Sends through one Firebase project. Make it anywhere; send and close it in one event loop."""

    name = "fcm"

    def __init__(self, settings: FcmSettings, now_s: Callable[[], float] = time.time) -> None:
        """Read the credentials and prepare; nothing connects yet. Raise ChannelFault."""
        self._settings = settings
        self._now_s = now_s
        self._bound = asyncio.Semaphore(settings.concurrency)
        account = service_account(settings)
        context = trust(settings)
        self._http = Connections(settings, context)
        self._token_http = httpx.Client(
            verify=context, proxy=settings.proxy, timeout=settings.timeout_s, trust_env=False
        )
        self._app = MessagingApp(account, settings.endpoint, self._http, settings.timeout_s)
        self._executor = ThreadPoolExecutor(1, "fcm-token")
        self._tokens = AccessTokens(self.account, self._app.credential, TokenRequest(self._token_http), self._executor)

    @property
    def slots(self) -> int:
        """How many sends may be under way at once."""
        return self._settings.concurrency

    @property
    def account(self) -> str:
        """The Firebase project: a target that another project owns cannot be reached through this channel."""
        return f"fcm/{self._app.project}"

    async def send(self, push: Push) -> Outcome:
        """Send once, waiting first for a free place."""
        urgent = push.urgency is Urgency.HIGH
        channel = self._settings.android_channel_urgent if urgent else self._settings.android_channel_other
        message = fcm_message.build(push, channel, self._now_s(), self._settings.link)
        if not fcm_message.surely_fits(push) and (size := fcm_message.size(message)) > fcm_message.MAX_BYTES:
            return Refused("TOO_LARGE", f"the message has {size} bytes, FCM takes {fcm_message.MAX_BYTES}: shorten it")
        async with self._bound:
            try:
                # The client's time-outs bound each wait; this bounds an answer that trickles.
                async with asyncio.timeout(2 * self._settings.timeout_s):
                    return await self._exchange(message)
            except TimeoutError:
                return TryAgain(None, "timeout")

    async def _exchange(self, message: messaging.Message) -> Outcome:
        try:
            bearer = await self._tokens.bearer()
        except NoAccessToken:
            return TryAgain(None, "no_access_token")
        exchange = Exchange(bearer, self._tokens.age_s)
        try:
            sent = await self._app.send(message, exchange)
        except exceptions.FirebaseError as raised:
            return self._weigh(raised, exchange)
        return Delivered(sent.message_id) if sent.success else self._weigh(sent.exception, exchange)

    def _weigh(self, error: exceptions.FirebaseError | None, exchange: Exchange) -> Outcome:
        answer = exchange.answer
        outcome = fcm_answers.outcome_of(error, answer, self._now_s(), self._settings.longest_retry_after_s)
        if answer is None:
            _log.warning("fcm_no_answer", account=self.account, reason=_root(error))
        elif answer.status_code == 401 and not isinstance(error, messaging.ThirdPartyAuthError):
            self._tokens.reject(exchange.bearer)
            if exchange.bearer_age_s > _YOUNG_TOKEN_S:
                # It may have been revoked meanwhile: another is worth one more try. A fresh one would not be.
                return TryAgain(0.0, "token_rejected")
        return outcome

    async def aclose(self) -> None:
        """Close connections and forget the account."""
        await self._http.aclose()
        await asyncio.get_running_loop().run_in_executor(self._executor, self._app.delete)
        self._token_http.close()
        self._executor.shutdown(wait=False)


def faults(settings: FcmSettings) -> Iterator[tuple[str, ChannelFault]]:
    """Try everything that an account needs, without connecting: the names of the fields that will not do, and why."""
    trials: dict[str, Callable[[], object]] = {
        "service_account": lambda: certificate_of(service_account(settings)),
        "proxy": lambda: proxy_of(settings.proxy),
        "ca_file": lambda: trust(settings),
    }
    for name, attempt in trials.items():
        try:
            attempt()
        except ChannelFault as fault:
            yield name, fault


def trust(settings: FcmSettings) -> ssl.SSLContext:
    """Trust the usual authorities, and those of `ca_file` besides."""
    return trusting(settings.ca_file)


def _root(error: exceptions.FirebaseError | None) -> str:
    cause: BaseException | None = error.cause if error is not None else None
    return type(cause or error).__name__
