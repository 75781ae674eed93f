"""`gomikuru evaluate`: every rule of docs/evaluation.md on a timeline made by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from gomikuru.cli import program
from gomikuru.evaluation.alert_scores import AlertFigures, Alerts, AlertScore, judge, score_alerts
from gomikuru.evaluation.curves import curves_of
from gomikuru.evaluation.eta_scores import BUCKETS, EtaScore, EtaTally, Predictions
from gomikuru.evaluation.instants import BadInstant, instants_ms
from gomikuru.evaluation.tables import Sheet, plain
from gomikuru.evaluation.timeline import NONE_MS, Arrivals, Timeline
from model.times import format_rfc3339, parse_rfc3339

START_MS = parse_rfc3339("2026-11-24T08:00:00Z")
MINUTE = 60.0
HOUR = 3600.0


def timeline(*rows: tuple[int, float]) -> Timeline:
    """Arrivals as (resident, seconds since the start)."""
    return Timeline(Arrivals(_ints([who for who, _ in rows]), _at([when for _, when in rows])))


def predictions(*rows: tuple[float, float] | tuple[float, float, float, float], who: int = 0) -> Predictions:
    """Predictions of one resident as (made, eta) or (made, eta, low, high), in seconds since the start."""
    edges = [_at([row[k] for row in rows]) if len(rows[0]) > 2 else np.full(len(rows), NONE_MS) for k in (2, 3)]
    return Predictions(_ints([who] * len(rows)), _at([r[0] for r in rows]), _at([r[1] for r in rows]), *edges)


def eta_score(truth: Timeline, *some: Predictions) -> EtaScore:
    tally = EtaTally(truth)
    for each in some:
        tally.add(each)
    return tally.score()


def alert_score(
    arrivals: Sequence[tuple[int, float]],
    alerts: Sequence[tuple[int, float, float]],
    corrected: Sequence[tuple[int, float]] = (),
    leads: Sequence[float] = (10.0, 10.0, 10.0),
) -> AlertScore:
    """Score alerts (resident, seconds, lead in minutes); every resident wants minutes."""
    truth = timeline(*arrivals)
    told = Alerts(
        *(_ints([row[0] for row in alerts]), _at([row[1] for row in alerts])),
        np.array([row[2] for row in alerts], dtype=np.float64),
        *(_ints([row[0] for row in corrected]), _at([row[1] for row in corrected])),
    )
    return score_alerts(judge(truth, np.ones(len(truth), dtype=np.bool_), told, np.array(leads)), len(corrected))


def outcome(before_s: float, lead_min: float = 10.0) -> str:
    """Name what an arrival is whose alert came so many seconds before it."""
    total = alert_score([(0, 90_000)], [(0, 90_000 - before_s, lead_min)]).total
    names = ("hit", "close", "late", "missed", "early")
    (found,) = [name for name in names if getattr(total, name) == 1.0]
    assert sum(getattr(total, name) for name in names) == 1.0
    return found


def _ints(values: Sequence[int]) -> Any:
    return np.array(values, dtype=np.int64)


def _at(seconds: Sequence[float]) -> Any:
    return np.array([START_MS + round(1000 * each) for each in seconds], dtype=np.int64)


# Predictions


@pytest.mark.parametrize(
    ("horizon_s", "bucket"), [(0, 0), (179.999, 0), (180, 1), (359.999, 1), (360, 2), (600, 3), (899.999, 3)]
)
def test_a_prediction_belongs_to_the_bucket_of_its_time_to_the_actual_arrival(horizon_s: float, bucket: int) -> None:
    """The lower limit is inside, the upper one outside; a wild guess does not move it."""
    score = eta_score(timeline((0, 5000)), predictions((5000 - horizon_s, 9000)))
    assert [each.predictions for each in score.buckets] == [int(k == bucket) for k in range(4)]


def test_beyond_a_quarter_of_an_hour_nothing_is_in_the_table() -> None:
    """At 15 minutes the table ends; what was told too early by more than its limits there is named apart."""
    score = eta_score(timeline((0, 5000)), predictions((4100, 5000), (3000, 3600), (3000, 4900)))
    assert [each.predictions for each in score.buckets] == [0, 0, 0, 0]
    assert (score.predictions, score.escaped, score.headline) == (3, 1, None)


@pytest.mark.parametrize("number", range(4))
def test_the_limits_of_a_bucket_are_inside_it(number: int) -> None:
    """Actual minus predicted at either limit is right, a millisecond beyond is wrong."""
    bucket = BUCKETS[number]
    at = 5000.0
    made = at - (bucket.from_s + bucket.until_s) / 2
    for error_s, right in [
        (bucket.earliest_s, 1.0),
        (bucket.latest_s, 1.0),
        (bucket.earliest_s - 0.001, 0.0),
        (bucket.latest_s + 0.001, 0.0),
    ]:
        score = eta_score(timeline((0, at)), predictions((made, at - error_s)))
        assert score.buckets[number].accuracy == right
        assert score.buckets[number].bias_s == pytest.approx(error_s, abs=1e-3)


def test_the_headline_is_the_unweighted_mean_of_the_four() -> None:
    """A bucket with many predictions weighs no more than one with few."""
    rows = [(4990.0, 5000.0)] * 9 + [(4800.0, 6000.0)] + [(4500.0, 5000.0)] + [(4200.0, 5000.0)]
    score = eta_score(timeline((0, 5000)), predictions(*rows))
    assert [each.accuracy for each in score.buckets] == [1.0, 0.0, 1.0, 1.0]
    assert score.headline == 0.75


def test_errors_are_actual_minus_predicted() -> None:
    """Bias keeps the sign, median and P90 do not."""
    score = eta_score(timeline((0, 5000)), predictions(*[(4900.0, 5000.0 - error) for error in (10, -30, 50)]))
    first = score.buckets[0]
    assert (first.bias_s, first.median_error_s, first.p90_error_s) == (10.0, 30.0, pytest.approx(46.0))


def test_a_prediction_that_no_arrival_follows_within_45_minutes_is_wrong_where_it_said_to_be() -> None:
    """It counts in the bucket of its predicted time to arrival, also when that is already past."""
    truth = timeline((0, 5000), (1, 2000))
    score = eta_score(
        truth,
        predictions((5000 - 2700.001, 2400), (5100, 5500)),
        predictions((2001, 1990), who=1),
        predictions((100, 300), who=7),
    )
    assert [each.never_fulfilled for each in score.buckets] == [2, 1, 1, 0]
    assert [each.accuracy for each in score.buckets] == [0.0, 0.0, 0.0, None]
    assert score.buckets[0].bias_s is None
    assert score.never_fulfilled == 4


def test_exactly_45_minutes_later_is_still_an_arrival() -> None:
    """The limit is inside."""
    score = eta_score(timeline((0, 5000)), predictions((2300, 2400)))
    assert (score.never_fulfilled, score.escaped) == (0, 1)


def test_a_prediction_is_of_the_residents_next_arrival_of_any_vehicle() -> None:
    """Then or later, never an earlier one, never another resident's."""
    truth = timeline((0, 1000), (0, 1600), (1, 1100))
    tally = EtaTally(truth)
    tally.add(predictions((1000, 1000), (1000.001, 1600), (900, 1000)))
    assert tally.fulfilled().horizon_s.tolist() == pytest.approx([0, 599.999, 100])


def test_the_interval_holds_its_edges() -> None:
    """An arrival at the low or the high edge is inside; predictions without an interval do not count."""
    rows = [(4900.0, 5000.0, low, high) for low, high in ((5000, 5100), (4900, 5000), (5000.5, 5100), (4900, 4999.5))]
    score = eta_score(timeline((0, 5000)), predictions(*rows), predictions((4900, 5000)))
    assert score.buckets[0].interval_coverage == 0.5
    assert score.interval_coverage == score.interval_coverage_all == 0.5


def test_coverage_is_the_share_of_arrivals_that_were_predicted_in_the_quarter_of_an_hour_before() -> None:
    """One prediction is enough; one made earlier, or before the arrival before, is none."""
    truth = timeline((0, 2000), (0, 9000), (1, 2000), (2, 2000))
    score = eta_score(truth, predictions((1900, 2000)), predictions((1099, 2000), who=1))
    assert score.coverage == 0.25
    assert [each.coverage for each in score.buckets] == [0.25, 0.0, 0.0, 0.0]


def test_the_same_arrival_twice_counts_once() -> None:
    """Two files that overlap change nothing."""
    assert len(timeline((0, 5), (0, 5), (0, 6), (1, 5))) == 3


def test_without_predictions_or_arrivals_nothing_is_divided() -> None:
    """Empty inputs give no figures, and no error."""
    score = eta_score(timeline(), predictions((10, 20)))
    assert (score.headline, score.coverage, score.buckets[0].accuracy) == (None, None, 0.0)
    assert eta_score(timeline((0, 10))).coverage == 0.0
    assert alert_score([], []).total == AlertFigures(None, 0, 0, *[None] * 7, 0, None, None, None)
    assert curves_of(EtaTally(timeline()).fulfilled()).minutes == ()


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20_000)), max_size=12),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20_000), st.integers(0, 20_000)), max_size=40),
    st.integers(1, 7),
)
def test_portions_change_nothing_and_every_figure_is_the_plain_one(
    arrivals: list[tuple[int, int]], said: list[tuple[int, int, int]], size: int
) -> None:
    """The fast score is that of a loop over every prediction, whatever the portions."""
    truth = timeline(*arrivals)
    portions = [said[k : k + size] for k in range(0, len(said), size)]
    tally = EtaTally(truth)
    for some in portions:
        none = np.full(len(some), NONE_MS)
        made, eta = _at([row[1] for row in some]), _at([row[2] for row in some])
        tally.add(Predictions(_ints([row[0] for row in some]), made, eta, none, none))
    score = tally.score()
    for number, bucket in enumerate(BUCKETS):
        right, count = 0, 0
        for who, made_s, eta_s in said:
            later = [at for resident, at in arrivals if resident == who and made_s <= at <= made_s + 2700]
            horizon = min(later) - made_s if later else max(eta_s - made_s, 0)
            if bucket.from_s <= horizon < bucket.until_s:
                count += 1
                right += bool(later) and bucket.earliest_s <= min(later) - eta_s <= bucket.latest_s
        assert score.buckets[number].predictions == count
        assert score.buckets[number].accuracy == (right / count if count else None)


# Alerts


@pytest.mark.parametrize(
    ("before_s", "name"),
    [
        (0, "late"),
        (179.999, "late"),
        (180, "close"),
        (299.999, "close"),
        (300, "hit"),
        (1200, "hit"),
        (1200.001, "early"),
        (2700, "early"),
        (2700.001, "early"),
        (12 * HOUR, "early"),
        (12 * HOUR + 1, "missed"),
        (-1, "missed"),
    ],
)
def test_an_arrival_is_named_by_how_long_before_it_the_alert_came(before_s: float, name: str) -> None:
    """Late under 0.3 L, close to 0.5 L, hit to 2 L, early beyond, on that day; missed where none came before it."""
    assert outcome(before_s) == name


@pytest.mark.parametrize(("before_min", "name"), [(60, "hit"), (61, "early"), (90, "early"), (91, "early")])
def test_with_long_leads_too_early_begins_at_twice_the_lead(before_min: float, name: str) -> None:
    """An hour with a lead of 30 minutes."""
    assert outcome(before_min * MINUTE, 30.0) == name


@pytest.mark.parametrize(("before_min", "false"), [(90, 0.0), (91, 1.0)])
def test_long_leads_have_a_longer_window(before_min: float, false: float) -> None:
    """With a lead of 30 minutes an arrival is sought for 90, so that early can be told from false."""
    score = alert_score([(0, 50_000)], [(0, 50_000 - before_min * MINUTE, 30.0)], leads=(30,)).total
    assert score.false == false


def test_an_alert_that_no_arrival_follows_is_false() -> None:
    """One alert after the truck, one of a resident where none came, one an hour before it, which makes it early."""
    score = alert_score([(0, 5000)], [(0, 5001, 10), (1, 4500, 10)]).total
    assert (score.alerts, score.false, score.missed) == (2, 1.0, 1.0)
    score = alert_score([(0, 5000)], [(0, 5001, 10), (0, 1400, 10), (1, 4500, 10)]).total
    assert (score.alerts, score.false, score.missed, score.early, score.hit) == (3, 1.0, 0.0, 1.0, 0.0)


def test_a_call_in_time_after_one_far_too_early_is_what_counts() -> None:
    """The resident was called an hour before, for nothing, and again ten minutes before."""
    score = alert_score([(0, 5000)], [(0, 1400, 10), (0, 4400, 10)]).total
    assert (score.alerts, score.false, score.hit, score.early) == (2, 0.5, 1.0, 0.0)


def test_the_first_alert_before_an_arrival_counts_and_the_others_are_repeated() -> None:
    """A second alert neither mends nor spoils the first; with a correction between it is renewed."""
    score = alert_score([(0, 5000)], [(0, 4900, 10), (0, 4400, 10)], [(0, 4500)]).total
    assert (score.hit, score.repeated, score.false, score.renewed) == (1.0, 0.5, 0.0, 1)
    score = alert_score([(0, 5000)], [(0, 4900, 10), (0, 4400, 10)], [(0, 4300), (1, 4500)])
    assert (score.total.repeated, score.total.renewed, score.corrected) == (0.5, 0, 2)


def test_an_alert_belongs_to_the_first_arrival_after_it() -> None:
    """A second arrival soon after the first is missed unless it has its own alert."""
    score = alert_score([(0, 5000), (0, 5600)], [(0, 4400, 10)]).total
    assert (score.hit, score.missed) == (0.5, 0.5)
    score = alert_score([(0, 5000), (0, 5600)], [(0, 4400, 10), (0, 5100, 10)]).total
    assert (score.hit, score.missed, score.repeated) == (1.0, 0.0, 0.0)


def test_leads_are_told_from_each_other() -> None:
    """Each lead has its line; a missed arrival stands in the line of its resident's lead."""
    score = alert_score([(0, 5000), (1, 5000), (2, 5000)], [(0, 4400, 10), (1, 4700, 5)], leads=(10, 5, 30))
    assert [(each.lead_min, each.arrivals, each.hit, each.missed) for each in score.by_lead] == [
        (5.0, 1, 1.0, 0.0),
        (10.0, 1, 1.0, 0.0),
        (30.0, 1, 0.0, 1.0),
    ]


def test_too_short_is_less_than_was_asked_for() -> None:
    """Exactly the lead is enough; the median is of those who were told."""
    score = alert_score([(0, 5000), (1, 5000), (2, 5000)], [(0, 4400, 10), (1, 4401, 10)]).total
    assert (score.short, score.median_given_leads) == (0.5, pytest.approx(599.5 / 600))
    assert score.median_given_min == pytest.approx(599.5 / 60)


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 20_000)), max_size=10),
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 20_000), st.sampled_from([3.0, 10.0, 30.0])), max_size=20),
)
def test_every_arrival_has_one_outcome_and_every_alert_one_place(
    arrivals: list[tuple[int, int]], alerts: list[tuple[int, int, float]]
) -> None:
    """The five shares of arrivals add up to one; alerts that are not false or repeated are of as many told arrivals."""
    score = alert_score(arrivals, alerts).total
    if score.arrivals:
        parts = (score.hit, score.close, score.late, score.missed, score.early)
        assert sum(part or 0.0 for part in parts) == pytest.approx(1.0)
    if score.alerts:
        told = score.arrivals * (1 - (score.missed or 0.0)) if score.arrivals else 0
        in_time = score.arrivals * sum(part or 0.0 for part in (score.hit, score.close, score.late))
        heeded = score.alerts * (1 - (score.repeated or 0) - (score.false or 0))
        assert round(in_time) <= round(heeded) <= round(told)


# Instants


@given(st.lists(st.integers(0, 4_102_444_800_000), max_size=20))
def test_instants_are_read_as_the_house_reads_them(instants: list[int]) -> None:
    """With milliseconds, without, with another offset."""
    column = [format_rfc3339(each) for each in instants]
    assert instants_ms(column).tolist() == instants
    offset = [text.replace("Z", "+00:00") for text in column]
    assert instants_ms([*column, *offset]).tolist() == instants * 2


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-11-24T08:00:00", "2026-13-24T08:00:00Z", "1969-12-31T23:59:59Z", "2026-11-24T08:00:00é"]
)
def test_what_is_no_instant_is_named_with_its_row(text: str) -> None:
    """Empty, no time zone, no such month, out of range."""
    with pytest.raises(BadInstant) as caught:
        instants_ms(["2026-11-24T08:00:00Z", text])
    assert caught.value.row == 1


# Tables


def test_a_table_that_is_wider_than_the_screen_is_parted_by_its_figures() -> None:
    """Each part repeats the names and no figure is lost; a column wider than the screen stands alone."""
    sheet = Sheet("t", 1, ("method", "a", "b", "c"), [("ours", "1.000", "2.000", "3")])
    assert sheet.fitted(80) == [sheet]
    assert [part.head for part in sheet.fitted(27)] == [("method", "a", "b"), ("method", "c")]
    assert [part.head[1:] for part in sheet.fitted(5)] == [("a",), ("b",), ("c",)]
    assert plain(sheet) == "t\nmethod      a      b  c\nours    1.000  2.000  3"


# The command

ARRIVALS = "resident_id,vehicle_id,arrived_at\n"
PREDICTIONS = "made_at,resident_id,vehicle_id,eta,eta_low,eta_high\n"
RESIDENTS = "resident_id,lat,lon,category,lead_minutes,lead_metres\n"


def at(seconds: float) -> str:
    return format_rfc3339(START_MS + round(seconds * 1000))


def alert(who: str, seconds: float, lead: object = "10 min", kind: str = "approaching") -> str:
    fields = {"alert_id": "a", "resident_id": who, "kind": kind, "fired_at": at(seconds), "lead": lead}
    return json.dumps({name: value for name, value in fields.items() if value != ""}) + "\n"


def files_in(folder: Path) -> list[str]:
    """Write a small evaluation; give the command's arguments."""
    (folder / "arrivals.csv").write_text(ARRIVALS + f"sato,17,{at(5000)}\nito,17,{at(5000)}\nmori,17,{at(5000)}\n")
    (folder / "predictions.csv").write_text(PREDICTIONS + f"{at(4900)},sato,17,{at(5000)},{at(4950)},{at(5100)}\n")
    (folder / "alerts.jsonl").write_text(alert("sato", 4400) + "\n" + alert("ito", 4990) + alert("mori", 9, "200 m"))
    names = {"--arrivals": "arrivals.csv", "--predictions": "predictions.csv", "--alerts": "alerts.jsonl"}
    return ["evaluate", *(word for option, name in names.items() for word in (option, str(folder / name)))]


def scored(folder: Path, arguments: list[str]) -> dict[str, Any]:
    """Run the command; give its JSON."""
    result = CliRunner().invoke(program(), [*arguments, "--json", str(folder / "scores.json")])
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads((folder / "scores.json").read_bytes())
    return found


def test_the_command_prints_the_tables_and_writes_the_json(tmp_path: Path) -> None:
    """Plain tables in a pipe; residents with a lead in metres are left out of the alerts."""
    arguments = files_in(tmp_path)
    result = CliRunner().invoke(program(), arguments)
    assert result.exit_code == 0, result.output
    assert "0-3 min" in result.output
    assert "note: no headline" in result.output
    (ours,) = scored(tmp_path, arguments)["methods"]
    assert (ours["method"], ours["eta"]["buckets"][0]["accuracy"]) == ("gomikuru", 1.0)
    assert ours["eta"]["coverage"] == pytest.approx(1 / 3)
    total = ours["alerts"]["total"]
    assert (total["arrivals"], total["hit"], total["late"], total["missed"]) == (2, 0.5, 0.5, 0.0)


def test_json_to_the_terminal_stands_alone(tmp_path: Path) -> None:
    """With --json - nothing else is printed."""
    result = CliRunner().invoke(program(), [*files_in(tmp_path), "--json", "-"])
    assert json.loads(result.stdout)["methods"][0]["method"] == "gomikuru"


def test_residents_say_who_counts_and_with_which_lead(tmp_path: Path) -> None:
    """Only residents of the file are scored; an alert without a lead has its resident's."""
    arguments = [*files_in(tmp_path), "--residents", str(tmp_path / "residents.csv")]
    (tmp_path / "residents.csv").write_text(RESIDENTS + "sato,34.8,135.4,,20,\nmori,34.8,135.4,,,200\n")
    (tmp_path / "alerts.jsonl").write_text(alert("sato", 4900, "") + alert("ito", 4400) + alert("mori", 4400, ""))
    found = scored(tmp_path, arguments)
    (ours,) = found["methods"]
    assert ours["eta"]["arrivals"] == 2
    total = ours["alerts"]["total"]
    assert (total["arrivals"], total["alerts"], total["late"]) == (1, 1, 1.0)
    assert [each["lead_min"] for each in ours["alerts"]["by_lead"]] == [20.0]
    assert any("1 arrival of residents that are not in the file" in note for note in found["notes"])


def test_alerts_or_predictions_alone_are_scored(tmp_path: Path) -> None:
    """What is not given is not there."""
    words = files_in(tmp_path)
    (ours,) = scored(tmp_path, words[:5])["methods"]
    assert (ours["alerts"], ours["eta"]["predictions"]) == (None, 1)
    (ours,) = scored(tmp_path, [*words[:3], *words[5:]])["methods"]
    assert (ours["eta"], ours["alerts"]["total"]["alerts"]) == (None, 2)


def test_patterns_and_repetition_are_allowed(tmp_path: Path) -> None:
    """Two days by a pattern, and the same file again: each arrival counts once."""
    words = files_in(tmp_path)
    (tmp_path / "arrivals-2.csv").write_text(ARRIVALS + f"sato,17,{at(90_000)}\n")
    words[2] = str(tmp_path / "arrivals*.csv")
    found = scored(tmp_path, [*words, "--arrivals", str(tmp_path / "arrivals.csv")])
    assert found["methods"][0]["eta"]["arrivals"] == 4
    assert any("more than 12 hours after any alert" in note for note in found["notes"])


def test_nothing_to_score_is_wrong_usage(tmp_path: Path) -> None:
    """The truth alone scores nothing; a baseline needs pings, residents and a city."""
    words = files_in(tmp_path)
    for extra, why in [([], "nothing to score"), (["--baseline"], "--pings, --residents, --city")]:
        result = CliRunner().invoke(program(), [*words[:3], *extra])
        assert (result.exit_code, why in result.output) == (2, True), result.output


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("arrivals.csv", "resident_id,vehicle_id\n", "line 1: columns arrived_at are missing"),
        ("arrivals.csv", ARRIVALS + "sato,17,soon\n", "line 2: arrived_at Invalid isoformat"),
        ("arrivals.csv", ARRIVALS + f"\nsato,17,{at(1)}\n,17,{at(1)}\n", "line 4: resident_id is empty"),
        ("predictions.csv", PREDICTIONS + f"{at(1)},sato\n", "line 2: has 2 cells, the header has 6"),
        ("predictions.csv", PREDICTIONS + f"{at(1)},sato,17,,,\n", "line 2: eta is empty"),
        ("predictions.csv", PREDICTIONS + f"{at(1)},sato,17,{at(9)},{at(9)},{at(8)}\n", "line 2: eta_low lies after"),
        ("predictions.csv", PREDICTIONS + "9" * 140_000, "not readable as CSV: field larger"),
        ("alerts.jsonl", alert("sato", 1) + "{\n", "line 2: no JSON object"),
        ("alerts.jsonl", "[]\n", "line 1: no JSON object"),
        ("alerts.jsonl", "[" * 100_000, "line 1: no JSON object"),
        ("alerts.jsonl", '{"kind": "here"}\n', "line 1: resident_id is absent"),
        ("alerts.jsonl", alert("sato", 1, 10), "line 1: lead: 10 is not of the form"),
        ("alerts.jsonl", alert("sato", 1, "0 min"), "line 1: lead: '0 min' is no time"),
        ("alerts.jsonl", alert("sato", 1, ""), "line 1: no lead; give the residents' leads with --residents"),
    ],
)
def test_a_broken_file_is_named_with_its_line(tmp_path: Path, name: str, text: str, why: str) -> None:
    """The command ends with 1 and a sentence, without a traceback."""
    words = files_in(tmp_path)
    (tmp_path / name).write_text(text)
    result = CliRunner().invoke(program(), words)
    assert (result.exit_code, type(result.exception)) == (1, SystemExit), result.output
    assert f"{name}: " in result.output
    assert why in result.output


def test_files_that_cannot_be_read_or_written_are_named(tmp_path: Path) -> None:
    """Missing files, folders, bytes that are no text, residents with a fault, and a place where none can be written."""
    words = files_in(tmp_path)
    (tmp_path / "latin.csv").write_bytes(ARRIVALS.encode() + b"sato,\xff\xfe\n")
    for name, why in (("none*.csv", "no such file"), ("", "Is a directory"), ("latin.csv", "not UTF-8")):
        result = CliRunner().invoke(program(), [*words[:2], str(tmp_path / name), *words[3:]])
        assert (result.exit_code, why in result.output) == (1, True), result.output
    (tmp_path / "residents.csv").write_text(RESIDENTS + "sato,34.8,135.4,,,\n")
    for extra, why in [
        (["--residents", str(tmp_path / "residents.csv")], "residents.csv: line 2"),
        (["--residents", str(tmp_path / "none.csv")], "none.csv: No such file"),
        (["--json", str(tmp_path / "none" / "a.json")], "a.json: No such file"),
        (["--picture", str(tmp_path)], "Is a directory"),
    ]:
        result = CliRunner().invoke(program(), [*words, *extra])
        assert (result.exit_code, type(result.exception), why in result.output) == (1, SystemExit, True), result.output


@pytest.mark.parametrize("arguments", [7, 5])
def test_the_picture_is_one_file_that_any_browser_opens(tmp_path: Path, arguments: int) -> None:
    """It is XML, refers to nothing outside, and says where there is nothing to draw."""
    words = [*files_in(tmp_path)[:arguments], "--picture", str(tmp_path / "picture.svg")]
    assert CliRunner().invoke(program(), words).exit_code == 0
    text = (tmp_path / "picture.svg").read_text()
    root = ElementTree.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert text.count("http") == 1
    assert {"Calibration of the interval", "When the alert came", "Error by horizon"} <= {
        each.text for each in root.iter("{http://www.w3.org/2000/svg}text")
    }
    assert ("no alerts in minutes" in text) == (arguments == 5)
