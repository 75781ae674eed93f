"""The notifier's room as the public listener asks it: which channels there are, receipts, LINE's conversation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from gomikuru.channel_accounts import email_account, line_account_of, vapid_public_key
from gomikuru.receipt_keys import receipts_of
from model.subscription import Subscription, Target, TargetKind
from notifier.adapters.catalogues import load_channel_words
from notifier.adapters.line_bot import LineBot
from notifier.adapters.line_users import LineUsers
from notifier.adapters.reports import Reports
from notifier.adapters.residents import RegistryResidents
from notifier.adapters.showings import StoreShowings
from notifier.receipts import Receipts
from notifier.webpush_target import problem_of
from residents.adapters.access_store import AccessStore
from residents.adapters.key_files import Keys
from residents.ports import Registry
from residents.today import Today
from residents.wish import WishRefused
from streams.redis_streams import RedisStore
from web.api.outside import Hook
from web.ports import ChannelsOffered, TodaySource

if TYPE_CHECKING:
    from gomikuru.wiring import Parts


class PublicChannels:
    """All of it, over one store."""

    def __init__(self, parts: Parts, store: RedisStore, keys: Keys, registry: Registry) -> None:
        self._parts, self._store, self._keys, self._registry = parts, store, keys, registry
        self._cities = [folder.city.id for folder in parts.cities]
        self._residents = RegistryResidents(registry)
        self._bots: list[LineBot] = []
        self._vapid = vapid_public_key(parts.settings)

    def offered(self, city: str) -> ChannelsOffered:
        """Tell which channels a city's residents may choose."""
        settings = self._parts.settings
        line = line_account_of(settings, city)
        fcm = next((each.city.firebase for each in self._parts.cities if each.city.id == city), None)
        return ChannelsOffered(
            webpush_key=self._vapid,
            fcm=fcm if settings.fcm.configured else None,
            line_add_url=line.add_url if line else None,
            email=email_account(settings) is not None,
        )

    def problem(self, target: Target) -> str | None:
        """Tell what is wrong with a device's address."""
        if target.kind is not TargetKind.WEBPUSH:
            return None
        return problem_of(target.value, self._parts.settings.webpush.services)

    def receive_receipt(self, text: str) -> bool:
        """Take the receipt of a push that was shown."""
        return self._reports().receive_receipt(text)

    def unsubscribe(self, text: str) -> bool:
        """Drop the target that a letter's link names."""
        return self._reports().unsubscribe(text)

    def hooks(self, access: AccessStore, today: TodaySource) -> Mapping[str, Hook]:
        """Make LINE's conversations, of the cities that have an account with a secret."""
        return {city: hook for city in self._cities if (hook := self._hook(city, access, today)) is not None}

    def close(self) -> None:
        """Close connections."""
        for bot in self._bots:
            bot.close()

    def _hook(self, city: str, access: AccessStore, today: TodaySource) -> Hook | None:
        account = line_account_of(self._parts.settings, city)
        if account is None or account.secret is None:
            return None
        folder = next(each for each in self._parts.cities if each.city.id == city)
        links = LinkCodes(access, self._registry, self._parts.clock.now_ms)

        def today_of(home_city: str, home: Subscription) -> Today:
            return today.today(home_city, home, self._parts.clock.now_ms())

        bot = LineBot(
            *(folder.city, account.settings, account.secret, LineUsers(self._store, self._receipts(), city)),
            *(self._residents, links, today_of, load_channel_words()),
        )
        self._bots.append(bot)
        return bot.answer_webhook

    def _reports(self) -> Reports:
        return Reports(self._receipts(), StoreShowings(self._store), self._residents)

    @lru_cache(maxsize=1)  # noqa: B019  # one object, as long as the process
    def _receipts(self) -> Receipts:
        return receipts_of(self._keys, self._cities)


class LinkCodes:
    """Link codes as LINE's conversation uses them up. See notifier.ports.Links."""

    def __init__(self, access: AccessStore, registry: Registry, now_ms: Callable[[], int]) -> None:
        self._access = access
        self._registry = registry
        self._now_ms = now_ms

    def redeem(self, city: str, code: str, target: Target) -> str | None:
        """Use up a code: add the target to its home, and give that home's id; None: no such code."""
        home = self._access.take_link(city, code, self._now_ms())
        try:
            return home if home and self._registry.add_target(city, home, target) else None
        except WishRefused:
            return None
