"""The nights of a replay: what the service would learn from the days played, without an archive. Pure.

Each night the days that are over join the past; rehearsals, which take most of the time, are held again once the past
has grown by half.
"""

from __future__ import annotations

from geofence.forecast.learn import grown, seen_of
from geofence.forecast.library import Day
from geofence.forecast.profile import Profile
from geofence.forecast.recorded import Recording
from gomikuru.learning.drawn import Drawn
from gomikuru.learning.night import over, planned_ms
from gomikuru.plans import plans_of
from model.city import City
from model.ping import Ping

AT_MIN = 150
"""Half past two, as in the service where nothing else is set."""
TAUGHT_AGAIN = 0.5
BACK_MS = 6 * 3_600_000
"""A ping received so long before an earlier one begins another recording, and is no straggler."""


class Nights:
    """Gathers the pings of a replay, and says each night what was learned by then.

    A day is what was heard of it by the first night after it; a backlog that comes later takes nobody's place.
    Where time goes back, as in a recording of one truck after another, only days before that time are known again.
    """

    def __init__(self, city: City, profile: Profile, drawn: Drawn | None = None, at_min: int = AT_MIN) -> None:
        self._city = city
        self._first = self._profile = profile
        self._drawn = drawn or Drawn()
        self._plans = plans_of(self._drawn.routes, profile.stretch)
        self._at_min = at_min
        self._recording = Recording(city)
        self._played: dict[tuple[str, int], Day] = {}
        self._over = 0
        self._newest_ms = self._night_ms = 0
        self._taught, self._new = len(seen_of(profile)), 0

    def hear(self, ping: Ping) -> None:
        """Keep a ping for the night."""
        self._recording.add((ping,))

    def learned(self, now_ms: int) -> Profile | None:
        """Tell the profile that takes force now, if it is another one than at the last call."""
        night_ms, before = planned_ms(now_ms, self._city, self._at_min), self._profile
        if now_ms < self._newest_ms - BACK_MS:
            self._newest_ms = now_ms
            self._back(night_ms)
        elif night_ms > self._night_ms:
            self._night(night_ms)
        self._newest_ms = max(now_ms, self._newest_ms)
        return None if self._profile is before else self._profile

    def _back(self, night_ms: int) -> None:
        self._begin(night_ms)
        known = [day for day in self._played.values() if day.ordinal < self._over]
        self._profile = grown(self._first, known, self._plans) if known else self._first
        self._taught, self._new = len(seen_of(self._first)), len(known)

    def _night(self, night_ms: int) -> None:
        last_over = self._over
        self._begin(night_ms)
        ended = self._recording.days(self._first.stretch, self._over)
        self._recording.forget(self._over)
        for day in ended:
            self._played.setdefault((day.vehicle, day.ordinal), self._drawn.crewed(day, self._city))
        days = [day for day in self._played.values() if last_over <= day.ordinal < self._over]
        if not days:
            return
        self._new += len(days)
        anew = self._new >= TAUGHT_AGAIN * self._taught
        self._profile = grown(self._profile, days, self._plans, anew=anew)
        if anew:
            self._taught, self._new = len(seen_of(self._profile)), 0

    def _begin(self, night_ms: int) -> None:
        self._night_ms = night_ms
        self._over = over(night_ms, self._city).toordinal()
