"""Sends a second through the shipped FCM adapter, on one core, to a stand-in for FCM in a process of its own.

`python -m benchmarks.notifier_sends [--count N] [--round-trip-s S] [--concurrency C] [--profile]`
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import cProfile
import os
import pstats
import tempfile
import time
from pathlib import Path

from benchmarks import fcm_stand_in
from model.alert import Kind
from model.subscription import Target, TargetKind
from notifier.adapters.fcm import FcmChannel
from notifier.adapters.fcm_settings import FcmSettings
from notifier.outcome import Delivered
from notifier.policy import Urgency
from notifier.ports import Message, Push


def push(number: int) -> Push:
    """Make one push as the notifier would."""
    tag = f"{number:024x}"
    message = Message(
        "まもなく収集車が来ます", "燃えるごみの収集車が約500m以内に来ました。袋を出してください。", tag, "ja"
    )
    target = Target(TargetKind.FCM_TOKEN, f"{number:0160x}")
    return Push(
        city="sample",
        alert_id=tag,
        kind=Kind.APPROACHING,
        target=target,
        message=message,
        ttl_s=300,
        urgency=Urgency.HIGH,
        fired_ms=0,
    )


async def send_all(settings: FcmSettings, count: int) -> tuple[float, float]:
    """Send, as many at once as the channel allows, over connections that are open; tell seconds, and those of CPU."""
    channel = FcmChannel(settings)
    await asyncio.gather(*(channel.send(push(number)) for number in range(channel.slots)))
    numbers = iter(range(channel.slots, channel.slots + count))

    async def sender() -> None:
        for number in numbers:
            outcome = await channel.send(push(number))
            assert isinstance(outcome, Delivered), outcome

    begun, begun_cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(sender() for _ in range(channel.slots)))
    took_s, cpu_s = time.perf_counter() - begun, time.process_time() - begun_cpu
    await channel.aclose()
    return took_s, cpu_s


def measured(count: int, round_trip_s: float, concurrency: int, profile: bool = False) -> dict[str, float]:
    """Send through the shipped channel; tell sends a second, and sends a second of this process's CPU time."""
    with tempfile.TemporaryDirectory() as name, fcm_stand_in.running(Path(name), round_trip_s) as url:
        settings = FcmSettings(
            service_account_file=Path(name, "service-account.json"),
            ca_file=Path(name, "fcm-ca.pem"),
            endpoint=url,
            concurrency=concurrency,
        )
        profiler = cProfile.Profile() if profile else contextlib.nullcontext()
        with profiler:
            took_s, cpu_s = asyncio.run(send_all(settings, count))
    if isinstance(profiler, cProfile.Profile):
        pstats.Stats(profiler).sort_stats("tottime").print_stats(30)
    return {"sends_a_s": count / took_s, "sends_a_cpu_s": count / cpu_s, "cpu_ms_a_send": 1000 * cpu_s / count}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--round-trip-s", type=float, default=0.05)
    parser.add_argument("--concurrency", type=int, default=250)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    figures = measured(options.count, options.round_trip_s, options.concurrency, options.profile)
    print(
        f"{options.count} sends: {figures['sends_a_s']:.0f}/s, {figures['sends_a_cpu_s']:.0f} a second of CPU, "
        f"{figures['cpu_ms_a_send']:.3f} ms of CPU each (round trip {1000 * options.round_trip_s:.0f} ms, "
        f"{options.concurrency} at once)"
    )


if __name__ == "__main__":
    main()
