"""100,000 evening reminders of one city, spread over ten minutes of service time, the leader killed in the middle.

`python -m benchmarks.reminders [--homes N] [--factor F]`: a real Valkey, two leaders in processes of their own, the
notifier with on-screen phones in this one; a call to the truck every half second. Prints figures, asserts nothing.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
from pathlib import Path

import structlog

from tests.support.evening import evening
from tests.support.stores import ValkeyServer


def main() -> None:
    """Run it and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--homes", type=int, default=100_000)
    parser.add_argument("--factor", type=float, default=6.0, help="How much faster than life the service clock runs.")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory() as name:
        server = ValkeyServer(Path(name, "valkey"))
        server.start()
        try:
            found = evening(server.url, Path(name), options.homes, options.factor)
        finally:
            server.stop()
    delays = found.approaching_s
    print(
        f"{found.homes:,} reminders in {found.took_s:.0f} s ({found.homes / found.took_s:,.0f}/s; the spread is "
        f"{600 / options.factor:.0f} s of machine time): {found.missing} missing, {found.repeats} repeats, "
        f"{found.other_ids} homes with another id, {found.early} early, the last {found.last_after_window_s:+.1f} s "
        f"from the end of the spread. {len(delays)} calls to the truck meanwhile: median "
        f"{delays[len(delays) // 2] * 1000:.0f} ms, slowest {delays[-1] * 1000:.0f} ms."
    )


if __name__ == "__main__":
    main()
