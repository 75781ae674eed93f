"""Sabotage of the archive, of learning from it, and of zones on trial."""

from __future__ import annotations

from tests.sabotage.row import Cut, row

ARCHIVE = "tests/contract/test_archive.py::"
FILES = "tests/unit/test_archive_files.py::"
TRIAL = "tests/unit/test_trial_mode.py::"
NIGHT = "tests/flow/test_nightly_learning.py::"

ROWS = (
    row(
        "archive-before-cursor",
        "An archive that dies loses nothing",
        "the cursor moves before the lines are written",
        Cut(
            "gomikuru/archive/worker.py",
            "            take([item for item in (_decoded(entry, decode) for entry in entries) if item is not None])\n"
            "            if not followers.move(self._store, city.id, name, cursor, entries[-1].id):\n"
            "                return\n",
            "            if not followers.move(self._store, city.id, name, cursor, entries[-1].id):\n"
            "                return\n"
            "            take([item for item in (_decoded(entry, decode) for entry in entries) if item is not None])\n",
        ),
        ARCHIVE + "test_a_disk_that_refuses_moves_no_cursor",
    ),
    row(
        "archive-once",
        "What a crash wrote twice is read once",
        "a line that was seen is given again",
        Cut("gomikuru/archive/folder.py", "if key not in seen and key not in before:", "if key is not None:"),
        FILES + "test_what_was_written_twice_is_read_once",
    ),
    row(
        "archive-read-while-packed",
        "Who reads while a day is compressed reads all of it",
        "the compressed file is opened first",
        Cut(
            "gomikuru/archive/folder.py",
            "for path in (plain, plain.with_name(plain.name + PACKED)):",
            "for path in (plain.with_name(plain.name + PACKED), plain):",
        ),
        FILES + "test_whoever_reads_while_a_day_is_compressed_reads_all_of_it",
    ),
    row(
        "archive-torn-line",
        "A torn line does not grow together with the next",
        "what is torn is not cut away",
        Cut(
            "gomikuru/archive/folder.py",
            "            end = _whole(file)\n",
            "            end = file.seek(0, os.SEEK_END)\n",
        ),
        FILES + "test_a_line_that_a_crash_tore_off_is_not_read_and_not_grown_together_with_the_next[10]",
    ),
    row(
        "archive-private",
        "Where vehicles were is readable by the owner only",
        "files are readable by everybody",
        Cut("gomikuru/archive/folder.py", "os.O_RDWR | os.O_CREAT, 0o600)", "os.O_RDWR | os.O_CREAT, 0o644)"),
        FILES + "test_only_the_owner_may_look",
    ),
    row(
        "trim-waits-for-archive",
        "Trimming waits for the archive",
        "events go once they are decided",
        Cut("geofence/trimming.py", "self._drop(followed if behind else self._upto)", "self._drop(self._upto)"),
        ARCHIVE + "test_trimming_waits_for_the_archive[memory]",
    ),
    row(
        "alerts-wait-for-archive",
        "Alerts are not trimmed before they are archived",
        "what the notifier finished goes",
        Cut("notifier/house.py", "self._limits.group, followed)", "self._limits.group)"),
        ARCHIVE + "test_alerts_are_not_trimmed_before_they_are_archived[memory]",
    ),
    row(
        "archive-bound",
        "An archive that stands still does not fill the store",
        "it is waited for without a bound",
        Cut("geofence/trimming.py", "            self._give_up()\n", "            pass\n"),
        ARCHIVE + "test_an_archive_that_stands_still_for_too_long_loses_the_oldest_and_not_the_service[memory]",
    ),
    row(
        "trial-never-sent",
        "Nobody in a zone on trial is told",
        "policy does not look at the mark",
        Cut("notifier/policy.py", "    if alert.shadow:\n", "    if alert.shadow is None:\n"),
        TRIAL + "test_policy_drops_what_is_on_trial_before_anything_else",
        "tests/flow/test_trial.py::test_a_zone_on_trial_has_its_alerts_archived_and_nobody_told[memory-shadow]",
    ),
    row(
        "trial-by-position",
        "A home is on trial when its zone is",
        "only homes known by their zone are",
        Cut(
            "geofence/book.py",
            "        return self.zones.at(*spot) if spot is not None else None\n",
            "        return None\n",
        ),
        TRIAL + "test_a_home_is_on_trial_when_its_zone_is",
    ),
    row(
        "one-learns",
        "Of two processes one learns",
        "the lease is not asked for",
        Cut(
            "gomikuru/learning/worker.py",
            'name = keys.key("learner", city.id)',
            "name = keys.key(self._owner, city.id)",
        ),
        NIGHT + "test_of_two_processes_one_learns[memory]",
    ),
)
