"""The part of the wiring that makes channels, for the notifier, and what the API hands to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from gomikuru.settings import Settings
from model.city import City
from model.ports import Meter
from model.subscription import TargetKind
from residents.ports import Registry
from streams.ports import Store

if TYPE_CHECKING:
    from notifier.adapters.line_bot import LineBot
    from notifier.adapters.reports import Reports
    from notifier.ports import Channel, Links, TodayOf


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


def reports(settings: Settings, cities: Iterable[str], store: Store, registry: Registry) -> Reports:
    """Make what takes receipts, and letters' links to unsubscribe. Raise OSError where the key cannot be made."""
    from gomikuru.receipt_keys import receipts_of
    from notifier.adapters.reports import Reports
    from notifier.adapters.residents import RegistryResidents
    from notifier.adapters.showings import StoreShowings

    receipts = receipts_of(settings.webpush.key_file, cities)
    return Reports(receipts, StoreShowings(store), RegistryResidents(registry))


def line_bots(
    settings: Settings, cities: Iterable[City], store: Store, registry: Registry, links: Links, today_of: TodayOf
) -> Mapping[str, LineBot]:
    """Make the far end of LINE's webhook for every city whose account has a secret. Raise ChannelFault, OSError."""
    from gomikuru.channel_accounts import line_account_of
    from gomikuru.receipt_keys import receipts_of
    from notifier.adapters.channel_catalogues import load_channel_words
    from notifier.adapters.line_bot import LineBot
    from notifier.adapters.line_users import LineUsers
    from notifier.adapters.residents import RegistryResidents

    every = list(cities)
    receipts = receipts_of(settings.webpush.key_file, [city.id for city in every])
    homes, words = RegistryResidents(registry), load_channel_words()
    bots: dict[str, LineBot] = {}
    for city in every:
        account = line_account_of(settings, city.id)
        if account is not None and account.secret is not None:
            users = LineUsers(store, receipts, city.id)
            bots[city.id] = LineBot(city, account.settings, account.secret, users, homes, links, today_of, words)
    return bots
