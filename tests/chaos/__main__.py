"""`python -m tests.chaos --seed N --kills K`: runs of at most 40 kills each, in turn on every workload and broker.

Ends with a JSON line. A run that does not balance is kept, and printed with the command that repeats it.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

from tests.chaos.conductor import Outcome, run
from tests.chaos.zygote import Zygote
from tests.support.needs import SHARED_DATA

KILLS_A_RUN = 40
MATRIX = (("sample", "mosquitto"), ("jersey", "nats"), ("sample", "nats"), ("jersey", "mosquitto"))


def matrix(number: int) -> tuple[str, str]:
    """Tell the workload and the broker of a run; without the recording, every day is simulated."""
    workload, broker = MATRIX[number % len(MATRIX)]
    return (workload if (SHARED_DATA / "jersey_city").exists() else "sample"), broker


def main() -> int:
    """Play until all kills are made; tell 1 where books do not balance."""
    options = _options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = time.monotonic()
    home = Path(tempfile.mkdtemp(prefix="gomikuru-chaos-"))
    zygote = Zygote(home / "victims.log")
    outcomes: list[Outcome] = []
    failed = False
    try:
        left = options.kills
        numbers = itertools.count() if options.run is None else iter([options.run])
        for number in numbers:
            if left <= 0:
                break
            kills = min(KILLS_A_RUN, left)
            chance = Random(f"{options.seed}/{number}")
            outcome = run(home / f"run-{number}", zygote, *matrix(number), chance, kills, options.at)
            left -= kills
            outcomes.append(outcome)
            again = f"--seed {options.seed} --kills {kills} --run {number}"
            failed |= _report(number, outcome, home, f"{again} --at {options.at}" if options.at else again)
    except KeyboardInterrupt:
        print("interrupted: the sum is that of the runs that ended", file=sys.stderr)
    finally:
        zygote.close()
    if not failed:
        shutil.rmtree(home, ignore_errors=True)
    print(json.dumps(_sum(options.seed, outcomes, time.monotonic() - began)), flush=True)
    return int(failed)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dev.py chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="what is struck, when and how follows from it")
    parser.add_argument("--kills", type=int, default=40, help="how often something is killed or stopped")
    parser.add_argument("--run", type=int, help="play only this run of the seed, with at most 40 kills")
    parser.add_argument("--at", default="", help="strike only here, such as geofence.commit.before or ....stop")
    return parser.parse_args()


def _report(number: int, outcome: Outcome, home: Path, again: str) -> bool:
    books, (workload, broker) = outcome.books, matrix(number)
    print(
        f"run {number} ({workload}, {broker}): {outcome.kills} kills, {books.pings} pings, {books.alerts} alerts, "
        f"{books.pushes} pushes ({books.repeats} repeats), lost {books.lost}, added {books.added}, "
        f"untagged {books.untagged}, {outcome.seconds:.0f} s",
        file=sys.stderr,
        flush=True,
    )
    if books.even:
        shutil.rmtree(home / f"run-{number}", ignore_errors=True)
        return False
    for why in books.why[:20]:
        print(f"  {why}", file=sys.stderr)
    print(f"  logs in {home / f'run-{number}'}; again: python3 dev.py chaos {again}", file=sys.stderr, flush=True)
    return True


def _sum(seed: int, outcomes: list[Outcome], seconds: float) -> dict[str, object]:
    by_point: Counter[str] = Counter()
    for outcome in outcomes:
        by_point.update(outcome.struck)
    names = ("pings", "alerts", "pushes", "repeats", "lost", "added", "untagged")
    figures = {name: sum(getattr(outcome.books, name) for outcome in outcomes) for name in names}
    return {
        "seed": seed,
        "kills": by_point.total(),
        **figures,
        "seconds": round(seconds),
        "by_point": dict(sorted(by_point.items())),
    }


if __name__ == "__main__":
    sys.exit(main())
