"""`python -m tests.sabotage`: switch off one guarantee at a time and see that the tests which claim it fail by name.

Ends with one JSON line; exit code 1 where a row is missed, rotten, or its tests do not even pass on the whole tree.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from tests.sabotage.row import Rotten, Row
from tests.sabotage.rows import ROWS
from tests.sabotage.workshop import Benches

BEGIN, END = "<!-- sabotage: begin -->", "<!-- sabotage: end -->"
"""What a page of the docs has around the table."""

_voice = threading.Lock()


class Result(NamedTuple):
    """What became of one row; `caught_by` is empty where nobody noticed, and `why` then says what happened."""

    row: Row
    caught_by: str
    seconds: float
    why: str = ""


def main(arguments: Sequence[str]) -> int:
    """Run the rows asked for, or all."""
    wanted = _arguments(arguments)
    rows = [row for row in ROWS if not wanted.rows or any(part in row.name for part in wanted.rows)]
    if not rows:
        say(f"no row's name holds {' or '.join(wanted.rows)}; --list shows them")
        return 2
    if wanted.list:
        for row in rows:
            print(f"{row.name}: {row.guarantee} | off: {row.off}")
        return 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="sabotage-") as folder:
        benches = Benches(Path(folder), wanted.jobs)
        pool = ThreadPoolExecutor(wanted.jobs)
        try:
            ill = frozenset[str]().union(*pool.map(lambda tests: unwell(benches, tests), by_file(rows)))
            results = list(pool.map(lambda row: attacked(benches, row, ill), rows))
        finally:  # also when interrupted: nothing goes on in the background
            pool.shutdown(wait=False, cancel_futures=True)
            benches.end()
    if wanted.table:
        put(wanted.table, table(results))
    missed = [result.row.name for result in results if not result.caught_by]
    took = {"rows": len(rows), "caught": len(results) - len(missed), "missed": missed}
    print(json.dumps(took | {"seconds": round(time.monotonic() - began)}), flush=True)
    return 1 if missed else 0


def by_file(rows: Sequence[Row]) -> list[list[str]]:
    """Gather all named tests, those of one file together."""
    tests = sorted({test for row in rows for test in row.tests})
    return [list(some) for _, some in groupby(tests, key=lambda test: test.partition("::")[0])]


def unwell(benches: Benches, tests: Sequence[str]) -> frozenset[str]:
    """Name those of some tests that do not pass while nothing is broken, not even at a second try on a busy machine."""
    doubtful = frozenset(tests)
    for _ in range(2):
        with benches.one() as bench:
            verdict = bench.test(sorted(doubtful))
        well = {test for test in doubtful if any(_is(passed, test) for passed in verdict.passed)}
        ill = {test for test in doubtful if any(_is(failed, test) for failed in (*verdict.failed, *verdict.broken))}
        doubtful = frozenset(ill | doubtful - well)
        if not doubtful:
            break
    say(f"whole tree: {tests[0].partition('::')[0]}: {len(tests) - len(doubtful)} pass ({verdict.seconds:.1f} s)")
    if doubtful:
        say(f"whole tree: NOT WELL: {', '.join(sorted(doubtful))}\n{'; '.join(verdict.broken) or verdict.said[-800:]}")
    return doubtful


def _is(node: str, test: str) -> bool:
    """Tell whether a node that pytest names is a test of the table, or one of its cases."""
    return node == test or node.startswith((test + "[", test + ":"))


def attacked(benches: Benches, row: Row, ill: frozenset[str]) -> Result:
    """Break what a row says, and see who notices."""
    if not ill.isdisjoint(row.tests):
        return _told(Result(row, "", 0.0, "its tests do not pass on the whole tree"))
    try:
        with benches.one() as bench:
            verdict = bench.test(row.tests, row.cuts, stop_early=True)
    except (Rotten, SyntaxError) as error:
        return _told(Result(row, "", 0.0, f"rotten: {error}"))
    if verdict.failed:
        return _told(Result(row, verdict.failed[0], verdict.seconds))
    why = "; ".join(verdict.broken) or f"{len(verdict.passed)} tests passed all the same"
    return _told(Result(row, "", verdict.seconds, why))


def _told(result: Result) -> Result:
    verdict = f"caught by {result.caught_by}" if result.caught_by else f"MISSED: {result.why}"
    say(f"{result.row.name}: {verdict} ({result.seconds:.1f} s)")
    return result


def put(file: Path, text: str) -> None:
    """Put the table between the marks of a page that has them; else it is the whole file."""
    page = file.read_text(encoding="utf-8") if file.exists() else ""
    if BEGIN in page and END in page:
        text = page.partition(BEGIN)[0] + BEGIN + "\n" + text + END + page.partition(END)[2]
    file.write_text(text, encoding="utf-8")


def table(results: Sequence[Result]) -> str:
    """Write the results as a table."""
    lines = ["| guarantee | switched off | caught by | s |", "| --- | --- | --- | --- |"]
    for row, caught_by, seconds, why in results:
        file, _, name = caught_by.partition("::")
        who = f"{Path(file).stem}::{name}" if caught_by else f"**nobody**: {why}"
        lines.append(f"| {row.guarantee} | {row.off} | `{_cell(who)}` | {seconds:.0f} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 dev.py sabotage", description=__doc__)
    parser.add_argument("rows", nargs="*", help="parts of row names; all rows where none is given")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="copies that are tested at once")
    parser.add_argument("--list", action="store_true", help="list the rows and end")
    parser.add_argument("--table", type=Path, help="write the table into this Markdown file")
    return parser.parse_args(arguments)


def say(line: str) -> None:
    """Print a line at once; the last line, the JSON, goes by itself."""
    with _voice:
        print(line, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        say("interrupted")
        sys.exit(130)
