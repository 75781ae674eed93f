"""An alert in one worker's hands, its legs (one a target), and the record of what became of each. No I/O.

A record holds neither target nor home: who may read the outcomes need not know where anybody lives.
"""

from __future__ import annotations

import msgspec

from model.alert import Alert
from model.subscription import Subscription, Target, TargetKind
from notifier.policy import rank
from notifier.ports import Channel, Message, Notice
from notifier.reach import UNKNOWN, Standing
from streams.ports import Delivery


class Record(msgspec.Struct, frozen=True):
    """What became of one alert at one target, or (channel None) of the alert as a whole. Service time."""

    alert: str
    kind: str
    what: str
    at_ms: int
    channel: str | None = None
    code: str | None = None
    attempts: int = 0
    latency_ms: int | None = None


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Record)


def encode_record(record: Record) -> bytes:
    """Write a record as msgpack."""
    return _encoder.encode(record)


def decode_record(data: bytes) -> Record:
    """Read a record; raise msgspec.DecodeError if the bytes are none."""
    try:
        return _decoder.decode(data)
    except (UnicodeDecodeError, RecursionError) as error:  # msgspec lets these through as they are
        raise msgspec.DecodeError(str(error)) from error


def asked_notice(alert: Alert) -> Notice:
    """Tell what an entry that names one target is: a warning that the home will be erased, or a test."""
    return Notice.UNSEEN if alert.run == Notice.UNSEEN else Notice.TEST


class Errand:
    """One entry of the alert stream from the moment it is taken until it is finished or let go."""

    def __init__(self, city: str, delivery: Delivery, alert: Alert, taken_s: float) -> None:
        self.city = city
        self.delivery = delivery
        self.alert = alert
        self.taken_s = taken_s
        self.open_legs = 0
        self.records: list[Record] = []
        self.let_go = False
        self.home: Subscription | None = None
        self.standing: Standing = UNKNOWN
        self.lost: set[Target] = set()
        self.tried: set[Target] = set()

    @property
    def key(self) -> tuple[str, str]:
        """What names the entry among all cities."""
        return (self.city, self.delivery.id)

    @property
    def delivered(self) -> bool:
        """Whether a target has got it in this worker's hands."""
        return any(record.what == "delivered" for record in self.records)

    @property
    def refusal(self) -> str | None:
        """The code of a refusal, where no target has got it."""
        codes = [record.code for record in self.records if record.what == "refused"]
        return codes[0] if codes and not self.delivered else None

    def record(
        self, what: str, at_ms: int, channel: str | None = None, code: str | None = None, attempts: int = 0
    ) -> None:
        """Note what became of a leg, or of the whole."""
        latency_ms = at_ms - self.alert.fired_ms if what == "delivered" else None
        alert = self.alert
        self.records.append(Record(alert.id, alert.kind.value, what, at_ms, channel, code, attempts, latency_ms))


class Leg:
    """One push of an errand on its way to one target, through one channel.

    `notice`: no alert, but a word that goes along, `about` another of the household's targets; told once.
    """

    def __init__(
        self,
        errand: Errand,
        target: Target,
        message: Message,
        channel: Channel,
        notice: Notice | None = None,
        about: Target | None = None,
    ) -> None:
        self.errand = errand
        self.channel = channel
        self.target = target
        self.message = message
        self.attempts = 0
        self.rank = rank(errand.alert)
        self.notice = notice
        self.about = about
        self.name = f"{errand.alert.id}-{notice.value}" if notice else errand.alert.id

    @property
    def counts(self) -> bool:
        """Whether its end is the alert's: a notice, and the open page, come besides."""
        return self.notice is None and self.target.kind is not TargetKind.PAGE
