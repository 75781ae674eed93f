"""LINE's webhook: greets, links a user to a home by code, answers when the truck comes, forgets who leaves.

Blocks; the API calls it in a thread. Replies cost nothing, unlike pushes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import httpx
import msgspec
import structlog

from model.city import City
from model.subscription import Subscription, Target, TargetKind
from notifier import line
from notifier.adapters.line import LineSettings
from notifier.adapters.line_users import LineUsers
from notifier.adapters.outgoing import trusting
from notifier.channel_words import ChannelWords
from notifier.ports import Links, TodayOf

_log = structlog.get_logger()
MOST_ANSWERS = 3


class Homes(Protocol):
    """What is asked of the registry. Raises StoreUnavailable, StoreFault."""

    def get_many(self, city: str, ids: Sequence[str]) -> Mapping[str, Subscription]:
        """Read the subscriptions that exist."""
        ...

    def drop_target(self, city: str, subscription: str, target: Target) -> object:
        """Forget a target."""
        ...


class LineBot:
    """One city's account."""

    def __init__(
        self,
        city: City,
        settings: LineSettings,
        secret: str,
        users: LineUsers,
        homes: Homes,
        links: Links,
        today_of: TodayOf,
        words: ChannelWords,
    ) -> None:
        self._city = city
        self._secret = secret
        self._users = users
        self._homes = homes
        self._links = links
        self._today_of = today_of
        self._words = words
        self._url = settings.url.rstrip("/")
        way = settings.way
        self._http = httpx.Client(
            headers={"Authorization": f"Bearer {settings.token}"},
            verify=trusting(way.ca_file),
            proxy=way.proxy,
            timeout=way.timeout_s,
            trust_env=False,
        )

    def answer_webhook(self, body: bytes, signature: str) -> bool:
        """Take what LINE tells; False where it was not LINE. Raises StoreUnavailable, StoreFault: LINE asks again."""
        if not line.is_signed(self._secret, body, signature):
            return False
        for event in line.happened(body):
            self._take(event)
        return True

    def close(self) -> None:
        """Close connections."""
        self._http.close()

    def _take(self, event: line.Happened) -> None:
        user = Target(TargetKind.LINE, event.user)
        if event.what == "unfollow":
            for home in self._users.homes(user):
                self._homes.drop_target(self._city.id, home, user)
            self._users.unlink(user)
        elif event.what == "follow":
            self._reply(event, [self._words.say("line.greeting", self._city.language)])
        else:
            self._reply(event, self._answers(user, event.text))

    def _answers(self, user: Target, text: str) -> list[str]:
        homes = self._linked(user)
        language = homes[0].language if homes else self._city.language
        if self._words.asks_when(text):
            if not homes:
                return [self._words.say("line.unlinked", language)]
            return [self._today(home) for home in homes[:MOST_ANSWERS]]
        if (code := line.code_in(text)) is not None:
            home = self._links.redeem(self._city.id, code, user)
            if home is None:
                return [self._words.say("line.bad_code", language)]
            self._users.link(user, home)
            linked = self._homes.get_many(self._city.id, [home]).get(home)
            return [self._words.say("line.linked", linked.language if linked else language)]
        return [self._words.say("line.help" if homes else "line.unlinked", language)]

    def _linked(self, user: Target) -> list[Subscription]:
        """Give the user's homes that still have the user among their targets."""
        named = self._users.homes(user)
        found = self._homes.get_many(self._city.id, named) if named else {}
        return [found[home] for home in named if home in found and user in found[home].targets]

    def _today(self, home: Subscription) -> str:
        return self._words.today(self._today_of(self._city.id, home), home.language, self._city.timezone)

    def _reply(self, event: line.Happened, texts: Sequence[str]) -> None:
        if not event.reply_token:
            return
        messages = [{"type": "text", "text": text} for text in texts]
        body = msgspec.json.encode({"replyToken": event.reply_token, "messages": messages})
        try:
            headers = {"Content-Type": "application/json"}
            answer = self._http.post(f"{self._url}/v2/bot/message/reply", content=body, headers=headers)
        except httpx.HTTPError as error:
            _log.warning("line_not_replied", city=self._city.id, reason=type(error).__name__)
            return
        if answer.status_code >= 300:  # a webhook told twice has a token used up: nothing to mend
            _log.warning("line_not_replied", city=self._city.id, reason=f"HTTP {answer.status_code}")
