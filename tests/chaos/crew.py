"""The victims of a run, one for each stage and now and then a thawed one beside it: who lives, who is due to be struck.

Counts every kill and stop by its point. A victim that ends without having been told to is an offence.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import os
import signal
import time
from collections import Counter, deque
from collections.abc import Callable

from tests.chaos.plan import STAGES, Strike
from tests.chaos.points import Order
from tests.chaos.site import Site
from tests.chaos.victim import Job
from tests.chaos.zygote import Zygote

_LIVES_ON_S = 1.0
_PATIENCE = 2
"""How many orders may wait for one whose point is not passed, until its victim is killed at any moment instead."""


class Crew:
    """All that dies and comes back. `tick` it often."""

    def __init__(self, zygote: Zygote, site: Site) -> None:
        self._zygote, self._site = zygote, site
        self._settings = site.settings()
        self._living: dict[str, int | None] = dict.fromkeys(STAGES)
        self._known: set[int] = set()
        self._expected: dict[int, str] = {}
        self._frozen: set[int] = set()
        self._dead: set[int] = set()
        self._fresh: dict[str, deque[Strike]] = {stage: deque() for stage in STAGES}
        self._waiting: dict[str, deque[Strike]] = {stage: deque() for stage in STAGES}
        self._armed: dict[str, tuple[int, Strike]] = {}
        self._hold_s: dict[int, float] = {}
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._server_down: set[str] = set()
        self.struck: Counter[str] = Counter()
        self.offences: list[str] = []

    def start(self) -> None:
        """Bring every stage to life; what is still to be heard of the run before is not for this one."""
        for _ in self._zygote.news():
            pass
        for stage in STAGES:
            self._bear(stage)

    def tick(self) -> None:
        """Hear what happened, and do what is due."""
        for news in self._zygote.news():
            if news.what == "born":
                self._born(news.pid, news.stage)
            elif news.what == "hit" and news.order is not None:
                self._hit(news.pid, news.stage, news.order)
            elif news.what == "died":
                self._died(news.pid, news.status)
        while self._due and self._due[0][0] <= time.monotonic():
            heapq.heappop(self._due)[2]()

    @property
    def calm(self) -> bool:
        """Whether everybody lives, nothing is due, and nobody is frozen."""
        return not self._due and not self._frozen and not self._server_down and None not in self._living.values()

    def strike(self, strike: Strike) -> None:
        """Let something happen, now or when a point is passed."""
        if strike.order is None:
            self._later(strike.delay_s, lambda: self._from_outside(strike))
        elif strike.fresh:
            self._fresh[strike.at].append(strike)
        else:
            waiting = self._waiting[strike.at]
            waiting.append(strike)
            if strike.at not in self._armed or len(waiting) > _PATIENCE:
                self._flush(strike.at)
                self._arm(waiting.popleft())

    def state(self) -> str:
        """Tell how all stand."""
        return f"living {self._living}, frozen {self._frozen}, down {self._server_down}, {len(self._due)} things due"

    def end(self) -> None:
        """Kill all, as the end of a run."""
        for pid in (*self._living.values(), *self._frozen):
            if pid is not None:
                self._signal(pid, signal.SIGKILL)

    @property
    def kills(self) -> int:
        """How often something was struck so far."""
        return sum(self.struck.values())

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._due, (time.monotonic() + seconds, next(self._numbers), act))

    def _arm(self, strike: Strike) -> None:
        pid = self._living[strike.at]
        if pid is None:
            self._later(0.05, lambda: self._arm(strike))
            return
        self._armed[strike.at] = (pid, strike)
        self._hold_s[pid] = strike.hold_s
        self._zygote.ask(Job("order", pid=pid, order=strike.order))

    def _flush(self, stage: str) -> None:
        """Kill from outside who waits in vain for the point of an earlier order."""
        if self._armed.pop(stage, None) is not None:
            self._kill_now(stage)

    def _kill_now(self, stage: str) -> None:
        pid = self._living[stage]
        if pid is None:
            self._later(0.05, lambda: self._kill_now(stage))
            return
        self._expect(pid, f"{stage}.any_moment")
        self._signal(pid, signal.SIGKILL)

    def _from_outside(self, strike: Strike) -> None:
        if strike.at not in STAGES:
            self._strike_server(strike)
            return
        pid = self._living[strike.at]
        if pid is None:
            self._later(0.05, lambda: self._from_outside(strike))
        elif strike.how == "kill":
            self._kill_now(strike.at)
        else:
            self.struck[f"{strike.at}.any_moment.stop"] += 1
            self._signal(pid, signal.SIGSTOP)
            self._froze(pid, strike.at, strike.hold_s)

    def _strike_server(self, strike: Strike) -> None:
        which = strike.at
        if which in self._server_down:
            self._later(0.2, lambda: self._strike_server(strike))
            return
        self._server_down.add(which)
        server = type(self._site.store if which == "store" else self._site.broker).__name__.lower()
        if strike.how == "kill":
            self.struck[f"{server}.{'sigterm' if server == 'mosquitto' else 'kill'}"] += 1
            self._site.down(which)
            self._later(strike.hold_s / 4, lambda: self._revive(which, self._site.up))
        else:
            self.struck[f"{server}.stop"] += 1
            self._site.freeze(which)
            self._later(strike.hold_s, lambda: self._revive(which, self._site.thaw))

    def _revive(self, which: str, how: Callable[[str], None]) -> None:
        how(which)
        self._server_down.discard(which)

    def _bear(self, stage: str) -> None:
        fresh = self._fresh[stage].popleft() if self._fresh[stage] else None
        self._living[stage] = None
        self._zygote.ask(Job("be", stage, self._settings, str(self._site.folder), fresh.order if fresh else None))

    def _born(self, pid: int, stage: str) -> None:
        self._living[stage] = pid
        self._known.add(pid)

    def _hit(self, pid: int, stage: str, order: Order) -> None:
        stopped = order.how == "stop"
        point = f"{stage}.{order.point}"
        if self._armed.get(stage, (0,))[0] == pid:
            del self._armed[stage]
        if self._waiting[stage] and stage not in self._armed:
            following = self._waiting[stage].popleft()
            self._later(0.1, lambda: self._arm(following))
        if stopped:
            self.struck[f"{point}.stop"] += 1
            self._froze(pid, stage, self._hold_s.pop(pid, 1.5))
        else:
            self._expect(pid, point)

    def _froze(self, pid: int, stage: str, hold_s: float) -> None:
        """Put another in the place of a frozen victim; thaw that one later, and let both live for a while.

        A victim's word may come after that of its death: then its place has been filled already.
        """
        if pid in self._dead:
            return
        self._frozen.add(pid)
        if self._armed.get(stage, (0,))[0] == pid:
            _, strike = self._armed.pop(stage)
            self._later(0.1, lambda: self._arm(strike))
        if self._living[stage] == pid:
            self._bear(stage)
        self._later(hold_s, lambda: self._signal(pid, signal.SIGCONT))
        self._later(hold_s + _LIVES_ON_S, lambda: self._retire(pid))

    def _retire(self, pid: int) -> None:
        if pid in self._frozen:
            self._expect(pid, "")
            self._signal(pid, signal.SIGTERM)
            self._later(4.0, lambda: self._signal(pid, signal.SIGKILL) if pid in self._frozen else None)

    def _expect(self, pid: int, point: str) -> None:
        self._expected.setdefault(pid, point)

    def _died(self, pid: int, status: int) -> None:
        if pid not in self._known:
            return  # of the run before
        self._frozen.discard(pid)
        self._dead.add(pid)
        stage = next((stage for stage, living in self._living.items() if living == pid), None)
        if pid not in self._expected:
            self.offences.append(f"a victim ({stage or 'thawed'}) ended on its own, status {status}")
        elif self._expected[pid]:
            self.struck[self._expected[pid]] += 1
        if stage is not None:
            armed = self._armed.get(stage)
            if armed is not None and armed[0] == pid:
                del self._armed[stage]
                self._later(0.05, lambda: self._arm(armed[1]))
            self._bear(stage)

    @staticmethod
    def _signal(pid: int, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
