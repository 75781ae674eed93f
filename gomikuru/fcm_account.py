"""From the settings of the service to those of the channel to FCM: for the wiring, and for who looks at them before."""

from __future__ import annotations

from gomikuru.channel_accounts import page_of
from gomikuru.settings import Settings, plain
from notifier.adapters.fcm_settings import FcmSettings


def fcm_account(settings: Settings) -> FcmSettings | None:
    """Tell what the channel is made from; None where no account is set."""
    fcm = settings.fcm
    if fcm.service_account_json is None:
        return None
    return FcmSettings(
        service_account_json=fcm.service_account_json.get_secret_value(),
        endpoint=fcm.url,
        proxy=plain(fcm.proxy),
        ca_file=fcm.ca_file,
        concurrency=settings.notifier.concurrency,
        timeout_s=fcm.http_timeout_s,
        link=_https(page_of(settings)),
    )


def _https(page: str | None) -> str | None:
    """FCM refuses any other link."""
    return page if page and page.startswith("https://") else None
