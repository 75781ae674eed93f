"""What the adapter touches in firebase-admin that the SDK does not promise: these fail when an upgrade changes it."""

from __future__ import annotations

import asyncio
import inspect
import json
from pathlib import Path

import firebase_admin
import httpx
from firebase_admin import _http_client, messaging

from notifier.adapters.fcm import FcmChannel
from notifier.adapters.fcm_sdk import OneTryClient
from notifier.adapters.fcm_settings import FcmSettings
from tests.support import fcm_answers as google
from tests.support.fcm_server import FcmServer
from tests.support.notifying import push, token


def test_the_sdk_still_keeps_its_client_and_address_where_we_replace_them() -> None:
    """A service has `_fcm_url` and an `_async_client` of the class that we stand in for."""
    app = firebase_admin.initialize_app(messaging_credential(), {"projectId": "p"}, "test-where-we-replace")
    try:
        service = messaging._get_messaging_service(app)
        assert service._fcm_url == "https://fcm.googleapis.com/v1/projects/p/messages:send"
        assert type(service._async_client) is _http_client.HttpxAsyncClient
    finally:
        firebase_admin.delete_app(app)


def messaging_credential() -> firebase_admin.credentials.Base:
    class Nobody(firebase_admin.credentials.Base):
        def get_credential(self) -> None:
            return None

    return Nobody()


def test_our_client_takes_what_the_sdks_takes() -> None:
    """The same methods with the same parameters, of those that sending uses."""
    for name in ("request", "aclose"):
        ours = inspect.signature(getattr(OneTryClient, name))
        theirs = inspect.signature(getattr(_http_client.HttpxAsyncClient, name))
        assert list(ours.parameters) == list(theirs.parameters)
    used = inspect.getsource(messaging._MessagingService.send_each_async)
    assert used.count("self._async_client.") == used.count("self._async_client.request(") == 1


def test_the_public_send_reaches_our_client_and_makes_one_request_for_a_503(
    fcm_server: FcmServer, tmp_path: Path
) -> None:
    """With the SDK's own client the same answer is asked for five times."""
    fcm_server.script("t", google.busy("1"))
    settings = FcmSettings(
        service_account_json=json.dumps(fcm_server.account()),
        endpoint=fcm_server.url,
        ca_file=fcm_server.ca(tmp_path / "ca.pem"),
    )

    async def main() -> None:
        channel = FcmChannel(settings)
        service = messaging._get_messaging_service(channel._app._app)
        assert isinstance(service._async_client, OneTryClient)
        await channel.send(push(token("t")))
        await channel.aclose()

    asyncio.run(main())
    assert len(fcm_server.sent) == 1


def test_the_sdk_still_reads_errors_as_we_translate_them() -> None:
    """The four FCM codes have their exceptions, and a 400 has its own."""
    kinds = messaging._MessagingService.FCM_ERROR_TYPES
    assert kinds["UNREGISTERED"] is messaging.UnregisteredError
    assert kinds["SENDER_ID_MISMATCH"] is messaging.SenderIdMismatchError
    assert kinds["THIRD_PARTY_AUTH_ERROR"] is messaging.ThirdPartyAuthError
    assert kinds["QUOTA_EXCEEDED"] is messaging.QuotaExceededError


def test_every_http_error_of_httpx_is_one_that_the_sdk_catches() -> None:
    """What our client lets through, the SDK turns into its own."""
    assert issubclass(httpx.HTTPStatusError, httpx.HTTPError)
    assert issubclass(httpx.TransportError, httpx.HTTPError)


def test_a_channel_that_is_closed_leaves_no_app_behind(fcm_server: FcmServer) -> None:
    """Apps are global to the process; ours are made and deleted with the channel."""
    before = set(firebase_admin._apps)
    settings = FcmSettings(service_account_json=json.dumps(fcm_server.account()), endpoint=fcm_server.url)

    async def main() -> None:
        channels = [FcmChannel(settings), FcmChannel(settings)]
        assert len(set(firebase_admin._apps) - before) == 2
        for channel in channels:
            await channel.aclose()

    asyncio.run(main())
    assert set(firebase_admin._apps) == before
