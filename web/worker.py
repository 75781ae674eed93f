"""The loop of the page: asks the feed for news, folds them, and holds the newest picture for whoever looks."""

from __future__ import annotations

import threading
import time

import msgspec
import structlog

from web.live import FeedState, Picture, fold
from web.ports import Feed, FeedLost

RETRY_S = 1.0

log = structlog.get_logger()


class Health(msgspec.Struct, frozen=True):
    """How the following of one city is: `failing`, by a fault of ours and not by a feed that is away."""

    feed_ok: bool
    failing: bool = False
    idle_s: float = 0.0


class LiveView:
    """The newest picture of one city. `closed` tells streaming browsers that the service ends."""

    def __init__(self, feed: Feed, retry_s: float = RETRY_S) -> None:
        self._feed = feed
        self._retry_s = retry_s
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._turned_s: float | None = None
        self._failing = False
        self.picture = Picture()

    @property
    def closed(self) -> bool:
        """Whether no more news will come."""
        return self._stopping.is_set()

    def health(self) -> Health:
        """Tell how it is; may be asked from any thread."""
        idle_s = 0.0 if self._turned_s is None else time.monotonic() - self._turned_s
        return Health(self.picture.feed_ok, self._failing, idle_s)

    def start(self) -> None:
        """Begin to follow the feed, in a thread."""
        self._thread = threading.Thread(target=self.run, name="web-live", daemon=True)
        self._thread.start()

    def stop(self, wait_s: float = 5.0) -> None:
        """Stop following, and let the browsers' streams end."""
        self._stopping.set()
        if self._thread:
            self._thread.join(wait_s)

    def run(self) -> None:
        """Follow the feed until stopped."""
        while not self._stopping.is_set():
            self.step()

    def step(self) -> None:
        """Take one batch of news; where that fails, say so in the picture and wait a little."""
        self._turned_s = time.monotonic()
        try:
            self.picture = fold(self.picture, [FeedState(ok=True), *self._feed.poll()])
        except FeedLost as error:
            if self.picture.feed_ok or self._failing:
                log.warning("web.feed_lost", error=str(error))
            self._wait(failing=False)
        except Exception:  # a page that stands still must say so, and try again
            if not self._failing:
                log.exception("web.feed_failed")
            self._wait(failing=True)
        else:
            self._failing = False

    def _wait(self, failing: bool) -> None:
        self._failing = failing
        self.picture = fold(self.picture, [FeedState(ok=False)])
        self._stopping.wait(self._retry_s)
