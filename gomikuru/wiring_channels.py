"""The part of the wiring that makes the notifier's channels. What the API hands to them: public_channels.py."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gomikuru.settings import Settings
from model.ports import Meter
from model.subscription import TargetKind
from streams.ports import Store

if TYPE_CHECKING:
    from notifier.ports import Channel


def configured_channels(settings: Settings, meter: Meter) -> dict[TargetKind, Channel]:
    """Make the channels that all cities share. Raise ChannelFault."""
    from gomikuru.channel_accounts import email_account, line_account, webpush_account
    from gomikuru.fcm_account import fcm_account
    from notifier.adapters.email import EmailChannel
    from notifier.adapters.fcm import FcmChannel
    from notifier.adapters.line import LineChannel
    from notifier.adapters.webpush import WebPushChannel

    channels: dict[TargetKind, Channel] = {}
    if fcm := fcm_account(settings):
        channels[TargetKind.FCM_TOKEN] = channels[TargetKind.FCM_FID] = FcmChannel(fcm)
    if browsers := webpush_account(settings):
        channels[TargetKind.WEBPUSH] = WebPushChannel(browsers)
    if line := line_account(settings):
        channels[TargetKind.LINE] = LineChannel(line.settings, meter)
    if relay := email_account(settings):
        channels[TargetKind.EMAIL] = EmailChannel(relay)
    return channels


def page_channel(settings: Settings, store: Store) -> dict[TargetKind, Channel]:
    """Make what open pages are told through; it is no way to reach anybody by itself."""
    from notifier.adapters.page import PageChannel

    kept = settings.notifier.pages_max
    return {TargetKind.PAGE: PageChannel(store, kept)} if kept else {}


def city_channels(settings: Settings, cities: Iterable[str], meter: Meter) -> dict[str, dict[TargetKind, Channel]]:
    """Make the channels of cities that have accounts of their own. Raise ChannelFault."""
    from gomikuru.channel_accounts import line_account
    from notifier.adapters.line import LineChannel

    own = {city: line_account(settings, city) for city in cities}
    return {city: {TargetKind.LINE: LineChannel(account.settings, meter)} for city, account in own.items() if account}
