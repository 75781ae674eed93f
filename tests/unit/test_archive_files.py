"""The archive's files: whole after a crash, each line once, compressed, bounded, and readable by their owner only."""

from __future__ import annotations

import gzip
import multiprocessing
import stat
from datetime import date, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from gomikuru.archive.folder import Folder
from gomikuru.archive.reading import Archive
from gomikuru.archive.rows import ALERTS, HOMES, PINGS, alert_lines, home_lines, ping_lines
from gomikuru.pings_csv import read_pings
from model.alert import Alert, Kind
from model.event import HomesChanged
from model.ping import Ping
from model.subscription import Home, MinutesLead, Pin
from tests.support.rounds import Drive

DAY = date(2026, 11, 2)
NEXT = DAY + timedelta(days=1)


def rows(count: int, day: date = DAY, truck: str = "17") -> list[str]:
    """Write the first pings of a drive."""
    return [line for ping in drive(count, day, truck) for line in ping_lines(ping)]


def drive(count: int, day: date = DAY, truck: str = "17") -> list[Ping]:
    pings = Drive(day, truck=truck).to(5000.0, 0.0).to(0.0, 0.0).to(5000.0, 0.0).pings
    return [replace(ping, lat=round(ping.lat, 7), lon=round(ping.lon, 7)) for ping in pings[:count]]


def plain(folder: Folder, day: date = DAY) -> Path:
    return folder.path / "pings" / f"{day}.csv"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "archive", "minami")


def kept(folder: Folder, first: date = date.min, last: date = date.max) -> list[Ping]:
    return list(Archive(folder.path.parent, "minami").pings(first, last))


def test_what_was_appended_is_read_back_as_pings(folder: Folder) -> None:
    """Truck, instants and place, to a centimetre; what a tracker did not say stays unsaid."""
    said = Ping("minami", 'a "b", c', 1_795_417_691_262, 1_795_417_692_000, 34.8312345, 135.4712345, 5.25, 90.0, None)
    folder.append(PINGS, DAY, ping_lines(said))
    assert kept(folder) == [said]


def test_a_days_file_is_a_pings_csv(folder: Folder) -> None:
    """`gomikuru replay` and `learn` read it as it is, open or compressed."""
    folder.append(PINGS, DAY, rows(9))
    with plain(folder).open(newline="") as lines:
        assert list(read_pings("x", lines, "minami")) == kept(folder)
    folder.pack(NEXT)
    with gzip.open(f"{plain(folder)}.gz", "rt", newline="") as lines:
        assert list(read_pings("x", lines, "minami")) == kept(folder)


@pytest.mark.parametrize("cut", range(1, 60, 3))
def test_a_line_that_a_crash_tore_off_is_not_read_and_not_grown_together_with_the_next(
    folder: Folder, cut: int
) -> None:
    """Wherever the last line ends, the lines before it and those after stand whole."""
    folder.append(PINGS, DAY, rows(5))
    path = plain(folder)
    path.write_bytes(path.read_bytes()[:-cut])
    assert kept(folder) == drive(4)
    folder.append(PINGS, DAY, rows(8)[4:])
    assert kept(folder) == drive(8)
    with path.open(newline="") as lines:
        assert len(list(read_pings("x", lines, "minami"))) == 8


def test_a_file_torn_within_its_first_line_begins_anew(folder: Folder) -> None:
    """Half a header is no header."""
    folder.append(PINGS, DAY, [])
    plain(folder).write_bytes(b"vehicle_id,time")
    folder.append(PINGS, DAY, rows(3))
    assert kept(folder) == drive(3)


def test_what_was_written_twice_is_read_once(folder: Folder) -> None:
    """A batch that a crash repeated, on the same day or the next, and in a compressed file."""
    folder.append(PINGS, DAY, [*rows(5), *rows(5)])
    folder.pack(NEXT)
    folder.append(PINGS, DAY, rows(6))
    folder.append(PINGS, NEXT, rows(7))
    assert kept(folder) == drive(7)


def test_packing_keeps_everything_once_and_twice_does_no_harm(folder: Folder) -> None:
    """Days that are over are compressed, stragglers are taken in, and today stays as it is."""
    folder.append(PINGS, DAY, rows(500))
    folder.append(PINGS, NEXT, rows(3, NEXT))
    size = folder.size()
    folder.pack(NEXT)
    folder.append(PINGS, DAY, rows(505)[498:])
    folder.pack(NEXT)
    folder.pack(NEXT)
    assert sorted(path.name for path in plain(folder).parent.iterdir()) == [f"{DAY}.csv.gz", f"{NEXT}.csv"]
    assert folder.size() < size / 3
    assert kept(folder) == [*drive(505), *drive(3, NEXT)]


def test_a_crash_between_compressing_and_deleting_loses_and_doubles_nothing(folder: Folder) -> None:
    """Both files stand there: the day is read once, and packed again."""
    folder.append(PINGS, DAY, rows(20))
    whole = plain(folder).read_bytes()
    folder.pack(NEXT)
    plain(folder).write_bytes(whole)
    (plain(folder).parent / f".{DAY}.csv.half").write_bytes(b"half a file")
    assert kept(folder) == drive(20)
    folder.pack(NEXT)
    assert kept(folder) == drive(20)
    assert [path.name for path in plain(folder).parent.iterdir()] == [f"{DAY}.csv.gz"]


def test_a_compressed_file_that_is_damaged_gives_what_can_be_read(folder: Folder) -> None:
    """The other days are not hurt."""
    folder.append(PINGS, DAY, rows(400))
    folder.append(PINGS, NEXT, rows(3, NEXT))
    folder.pack(NEXT)
    packed = Path(f"{plain(folder)}.gz")
    packed.write_bytes(packed.read_bytes()[:-40])
    assert kept(folder)[-3:] == drive(3, NEXT)
    assert kept(folder)[:100] == drive(100)


def test_old_days_are_deleted_and_a_bound_on_size_takes_the_oldest(folder: Folder) -> None:
    """Retention by days first, then by bytes; the newest day stays."""
    days = [DAY + timedelta(days=k) for k in range(6)]
    for day in days:
        folder.append(PINGS, day, rows(100, day))
        folder.append(ALERTS, day, [])
        folder.append(HOMES, day, home_lines(HomesChanged(0, (), (3,))))
    assert folder.forget(days[2], 10**9) == days[:2]
    assert folder.days(PINGS) == folder.days(ALERTS) == folder.days(HOMES) == days[2:]
    one = folder.size() // 4
    assert folder.forget(days[2], 2 * one + one // 2) == days[2:4]
    assert folder.forget(days[2], 0) == [days[4]]
    assert folder.days(PINGS) == [days[5]]
    assert folder.forget(days[5] + timedelta(days=1), 10**9) == [days[5]]


def test_only_the_owner_may_look(folder: Folder) -> None:
    """Where vehicles were is personal data: folders 0700, files 0600, also when the umask is generous."""
    folder.append(PINGS, DAY, rows(3))
    folder.append(PINGS, NEXT, rows(3, NEXT))
    folder.pack(NEXT)
    paths = [folder.path.parent, *folder.path.parent.rglob("*")]
    assert len(paths) == 6
    for path in paths:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_an_alert_is_kept_without_who_and_where() -> None:
    """Number, kind, zone, lead and times; neither the subscription's id nor a home nor a device."""
    fields = {"service_day": "2026-11-02", "run": "learned:17/1", "ordinal": 1, "vehicle": "17", "ping": "17@5"}
    alert = Alert(
        id="a1", city="minami", subscription="sato-secret", kind=Kind.APPROACHING, fired_ms=1_000,
        useful_until_ms=9_000, lead=MinutesLead(10.0), number=12, shadow=True, eta_low_ms=2_000, **fields,
    )  # fmt: skip
    (line,) = alert_lines(alert)
    assert "sato-secret" not in line
    assert '"number":12' in line
    home = Home(12, "sato-secret", Pin(34.8765, 135.4321), MinutesLead(10.0))
    assert home_lines(HomesChanged(1_000, (home,), (4,))) == [
        "12,1970-01-01T00:00:01Z,put",
        "4,1970-01-01T00:00:01Z,gone",
    ]


def test_garbage_among_the_lines_is_left_out(folder: Folder) -> None:
    """Whatever a disk or a person put there, the lines that can be read are read."""
    folder.append(ALERTS, DAY, ["{", "[]", '{"alert_id":"a"}', "\ufffd"])
    folder.append(PINGS, DAY, ["", "17,now,x,y,,,,", ",,,,,,,", '"', *rows(2), "17,2026-11-02T00:00:00Z,99,0,,,,"])
    folder.append(HOMES, DAY, ["x,y,z", "1", "3,2026-11-02T00:00:00Z,put"])
    archive = Archive(folder.path.parent, "minami")
    assert kept(folder) == drive(2)
    assert list(archive.alerts(date.min, date.max)) == []
    assert [change.number for change in archive.homes()] == [3]


def _append(root: Path, first: int) -> None:
    folder = Folder(root, "minami")
    lines = rows(400)
    for k in range(first, 400, 4):
        folder.append(PINGS, DAY, lines[k : k + 1])


def test_two_writers_at_once_tear_nothing_apart(folder: Folder) -> None:
    """One that was frozen goes on beside the one that took its place: every line is whole."""
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_append, args=(folder.path.parent, k)) for k in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert sorted(kept(folder), key=lambda ping: ping.fix_ms) == drive(400)


def _append_and_pack(root: Path, lines: list[str]) -> None:
    folder = Folder(root, "minami")
    for k in range(0, len(lines), 2):
        folder.append(PINGS, DAY, lines[k : k + 2])
        folder.pack(NEXT)


def test_whoever_reads_while_a_day_is_compressed_reads_all_of_it(folder: Folder) -> None:
    """`learn` reads in the night, in its own process, and that is when the archive compresses."""
    whole = drive(400)
    folder.append(PINGS, DAY, rows(2))
    writer = multiprocessing.get_context("spawn").Process(
        target=_append_and_pack, args=(folder.path.parent, rows(400)[2:])
    )
    writer.start()
    most = 2
    while writer.is_alive():
        read = kept(folder)
        assert read == whole[: len(read)]
        assert len(read) >= most
        most = len(read)
    assert kept(folder) == whole


def test_a_full_disk_is_an_error_and_no_loss(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The append says so; what stood there before stands there still."""
    folder.append(PINGS, DAY, rows(3))

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("gomikuru.archive.folder.os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            folder.append(PINGS, DAY, rows(6)[3:])
    folder.append(PINGS, DAY, rows(6)[3:])
    assert kept(folder) == drive(6)
