"""The one place that touches what firebase-admin does not promise: its endpoint and its retrying async client.

Both belong to the messaging service of one app: `_fcm_url` and `_async_client`, of which the SDK calls `request` and
`aclose` only. tests/contract/test_fcm_sdk.py fails when an upgrade changes any of it.
"""

from __future__ import annotations

import itertools
from contextvars import ContextVar
from typing import Any

import firebase_admin
import msgspec
from firebase_admin import credentials, messaging

from notifier.adapters.fcm_http import Answer, Connections
from notifier.ports import ChannelFault

_app_numbers = itertools.count(1)


class Exchange:
    """One call as it went over the wire: the access token used, how old it was, and the answer if there was one."""

    def __init__(self, bearer: str, bearer_age_s: float) -> None:
        self.bearer = bearer
        self.bearer_age_s = bearer_age_s
        self.answer: Answer | None = None


_exchange: ContextVar[Exchange] = ContextVar("gomikuru_fcm_exchange")


class OneTryClient:
    """Stands where the SDK keeps its retrying client: one POST a call, and the answer is kept for the caller.

    It puts the access token on the request itself: the SDK's own flow fetches tokens in the event loop, blocking.
    """

    def __init__(self, http: Connections) -> None:
        self._http = http

    async def request(self, method: str, url: str, **kwargs: Any) -> Answer:
        """Send once; raise httpx.HTTPError as the SDK expects it."""
        if method != "post":
            raise ValueError(f"the SDK sends messages by post, not by {method}")
        exchange = _exchange.get()
        headers = {**kwargs["headers"], "Authorization": f"Bearer {exchange.bearer}"}
        answer = await self._http.post(url, headers, msgspec.json.encode(kwargs["json"]))
        exchange.answer = answer
        return answer.raise_for_status()

    async def aclose(self) -> None:
        """Do nothing: whoever made the connections closes them, in their own loop."""


def certificate_of(account: dict[str, Any]) -> credentials.Certificate:
    """Read the key of a service account; raise ChannelFault."""
    try:
        return credentials.Certificate(account)
    except ValueError as error:
        raise ChannelFault("FCM service account: the private key cannot be read; download it again") from error


class MessagingApp:
    """A firebase-admin app of our own whose messages go out through `http`, once, to `endpoint`."""

    def __init__(self, account: dict[str, Any], endpoint: str, http: Connections, timeout_s: float) -> None:
        certificate = certificate_of(account)
        name = f"gomikuru-fcm-{next(_app_numbers)}"
        self._app = firebase_admin.initialize_app(certificate, {"httpTimeout": timeout_s}, name)
        self.credential = certificate.get_credential()
        self.project: str = account["project_id"]
        service = messaging._get_messaging_service(self._app)
        service._fcm_url = f"{endpoint.rstrip('/')}/v1/projects/{self.project}/messages:send"
        service._async_client = OneTryClient(http)

    async def send(self, message: messaging.Message, exchange: Exchange) -> messaging.SendResponse:
        """Send one message; raise firebase_admin.exceptions.FirebaseError where the SDK does."""
        token = _exchange.set(exchange)
        try:
            batch = await messaging.send_each_async([message], dry_run=False, app=self._app)
        finally:
            _exchange.reset(token)
        return batch.responses[0]

    def delete(self) -> None:
        """Forget the app; blocks, and must not be called in a running event loop."""
        firebase_admin.delete_app(self._app)
