"""What residents read, and what a catalogue must hold."""

from __future__ import annotations

from datetime import date
from itertools import product
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.alert import Collected, Kind
from model.city import Category, City, Policy
from model.subscription import Lead, MetresLead, MinutesLead, ZoneLead
from model.times import parse_rfc3339
from notifier.adapters.catalogues import LOCALES, CatalogueFault, load_words, read_catalogue
from notifier.catalogue import problems
from notifier.in_calendar import InCalendar
from notifier.words import ENTRIES, Words, tag_of
from residents.calendar.plan import Change, Collection, Plan
from residents.calendar.rules import Rule
from tests.support.notifying import WORDS, alert, city
from web.feeds import calendar_of

ETA = parse_rfc3339("2026-11-23T08:40:00+09:00")
DAY = date(2026, 11, 27)
WHY = {"ja": "台風のため", "en": "typhoon"}
LEADS: tuple[Lead, ...] = (ZoneLead(), MetresLead(500.0), MinutesLead(10.0))


class _Watched(dict[str, str]):
    """A catalogue that remembers what was asked of it."""

    def __init__(self, texts: dict[str, str]) -> None:
        super().__init__(texts)
        self.used: set[str] = set()

    def __getitem__(self, key: str) -> str:
        self.used.add(key)
        return super().__getitem__(key)


def test_the_truck_is_within_reach_in_plain_japanese() -> None:
    """The metres-alert says what, how near, and what to do."""
    message = WORDS.compose(alert(), "ja", city())
    assert message.title == "まもなく収集車が来ます"
    assert message.body == "燃えるごみの収集車が約500m以内に来ました。袋を出してください。"
    assert (message.tag, message.lang) == (alert().id, "ja")


def test_a_zone_is_called_by_its_name_and_not_its_id() -> None:
    """Without a name the alert speaks of the resident's own area."""
    one = alert(lead=ZoneLead(), zone="sakura-3")
    assert "さくら台三丁目に入りました" in WORDS.compose(one, "ja", city(), "さくら台三丁目").body
    assert "お住まいの地区に入りました" in WORDS.compose(one, "ja", city()).body
    assert "sakura-3" not in WORDS.compose(one, "en", city()).body


def test_an_expected_time_is_local_and_a_range_where_there_is_one() -> None:
    """08:40 in Tokyo is said as such, between low and high where both are known."""
    lead = MinutesLead(10.0)
    assert "約9分で来ます（8:40ごろ）" in WORDS.compose(alert(lead=lead, eta_ms=ETA), "ja", city()).body
    ranged = alert(lead=lead, eta_ms=ETA, eta_low_ms=ETA - 120_000, eta_high_ms=ETA + 300_000)
    said = WORDS.compose(ranged, "ja", city()).body
    assert said == "燃えるごみの収集車が約9分で来ます（8:38〜8:45ごろ）。袋を出してください。"
    assert "in about 9 minutes (between 8:38" in WORDS.compose(ranged, "en", city()).body
    assert "まもなく来ます" in WORDS.compose(alert(lead=lead), "ja", city()).body


def test_a_reminder_says_today_tomorrow_or_the_day() -> None:
    """The service day is told as seen from the moment of telling, in the city's time zone."""
    at = parse_rfc3339("2026-11-22T19:00:00+09:00")
    said = {
        day: WORDS.compose(alert(kind=Kind.REMINDER, fired_ms=at, service_day=day), "ja", city()).body
        for day in ("2026-11-22", "2026-11-23", "2026-11-25")
    }
    assert said["2026-11-22"].startswith("今日は燃えるごみ")
    assert said["2026-11-23"].startswith("明日は燃えるごみ")
    assert said["2026-11-25"].startswith("11月25日(水)は")


def test_a_correction_carries_the_tag_of_what_it_corrects() -> None:
    """The phone replaces the first push, also when the truck is called once more; every other kind has its own tag."""
    assert tag_of(alert(kind=Kind.CORRECTED)) == alert(kind=Kind.APPROACHING).id
    again = alert(kind=Kind.APPROACHING, ordinal=2)
    assert tag_of(again) == alert(kind=Kind.APPROACHING).id != again.id
    assert len({tag_of(alert(kind=kind)) for kind in Kind}) == len(Kind) - 1


def test_a_silent_truck_is_told_with_when_it_was_heard_and_last_expected() -> None:
    """No signal since 08:31, last expected 08:40 to 09:10: in both languages, in local time."""
    times = {"eta_ms": ETA + 600_000, "eta_low_ms": ETA, "eta_high_ms": ETA + 1_800_000}
    silent = alert(kind=Kind.DISRUPTED, lead=MinutesLead(10.0), heard_ms=ETA - 540_000, **times)
    ja, en = (WORDS.compose(silent, language, city()) for language in ("ja", "en"))
    assert ja.title == "収集車の位置がわかりません"
    assert ja.body == "8:31から燃えるごみの収集車の信号がありません。見込みは8:40〜9:10ごろでした。"
    assert en.title == "No signal from the truck"
    assert "since 8:31" in en.body
    assert "8:40" in en.body.partition("last expected")[2]
    assert WORDS.compose(alert(kind=Kind.DISRUPTED), "en", city()).title == "Collection has changed"


@pytest.mark.parametrize(
    ("wanted", "of_city", "spoken"),
    [
        ("ja-JP", "en", "ja"),
        ("en", "ja", "en"),
        ("eo", "ja", "ja"),
        ("eo", "fr", "en"),
        ("eo", "pt-BR", "pt"),
        ("zh-TW", "ja", "zh-Hant"),
        ("ja-easy", "en", "ja-easy"),
        ("", "", "en"),
    ],
)
def test_an_unknown_language_falls_back_to_the_citys_and_then_to_english(
    wanted: str, of_city: str, spoken: str
) -> None:
    """Nobody gets an empty push because of a language tag."""
    assert WORDS.compose(alert(), wanted, city(language=of_city)).lang == spoken


def test_an_unknown_category_is_called_rubbish() -> None:
    """So is one that the city has not named in this language."""
    named = City("minami", "南市", "Asia/Tokyo", categories=(Category("burnable", {"ja": "燃えるごみ"}),))
    assert WORDS.compose(alert(category=None), "ja", city()).body.startswith("ごみの収集車")
    assert "truck for rubbish" in WORDS.compose(alert(), "en", named).body


@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(list(Kind)), st.sampled_from(LEADS), st.booleans())
def test_title_and_body_fit_a_lock_screen_in_japanese_whatever_the_names(
    category: str, zone: str, kind: Kind, lead: Lead, timed: bool
) -> None:
    """Under 80 characters, also with braces and long names."""
    places = City("minami", "南市", "Asia/Tokyo", categories=(Category("burnable", {"ja": category}),))
    late = parse_rfc3339("2026-11-23T12:40:00+09:00")
    times = {"eta_ms": late, "eta_low_ms": late - 60_000, "eta_high_ms": late + 60_000} if timed else {}
    times |= {"heard_ms": late}
    message = WORDS.compose(alert(kind=kind, lead=lead, zone="z", **times), "ja", places, zone)
    assert len(message.title) + len(message.body) < 80
    assert message.title
    assert message.body.endswith("。")


def test_a_correction_says_from_when_to_when_and_that_the_truck_is_late() -> None:
    """What changed, and why; and the other way round."""
    times = {"eta_ms": ETA, "eta_low_ms": ETA - 60_000, "eta_high_ms": ETA + 240_000}
    late = alert(kind=Kind.CORRECTED, was_ms=ETA - 600_000, **times)
    assert WORDS.compose(late, "ja", city()).body == (
        "燃えるごみの収集車が遅れ、8:30から8:39〜8:44ごろに変わりました。それまでに袋を出してください。"
    )
    assert "is early" in WORDS.compose(alert(kind=Kind.CORRECTED, was_ms=ETA + 600_000, **times), "en", city()).body


def test_passed_says_the_next_day_and_disrupted_the_reason() -> None:
    """The plan's next day where there is one; dispatch's reason in the resident's language, else the city's."""
    said = WORDS.compose(alert(kind=Kind.PASSED), "ja", city(), None, InCalendar(True, None, DAY)).body
    assert said == "燃えるごみの収集車が通りました。次の収集日は11月27日(金)です。"
    disrupted = alert(kind=Kind.DISRUPTED, reasons={"ja": "道路工事のため。", "en": "road works"})
    assert WORDS.compose(disrupted, "ja", city()).body.endswith("理由：道路工事のため。")
    assert WORDS.compose(disrupted, "en", city()).body.endswith("Reason: road works.")
    assert WORDS.compose(disrupted, "ko", city()).body.endswith("이유: 道路工事のため.")


def test_where_the_city_fixes_the_time_every_word_serves_it() -> None:
    """A call names the time instead of saying now; after it nobody is invited to bring a bag."""
    fixed = msgspec.structs.replace(city(), policy=Policy.BY_DEADLINE)
    soon, past = InCalendar(True, ETA), InCalendar(True, ETA - 3_600_000)
    assert WORDS.compose(alert(), "ja", fixed, None, soon).body.endswith("袋は8:40までに出してください。")
    for kind in (Kind.CORRECTED, Kind.HERE):
        said = WORDS.compose(alert(kind=kind, eta_ms=ETA), "en", fixed, None, past).body
        assert "Please" not in said
        assert "bring" not in said


def test_a_reminder_names_everything_and_its_time_and_a_withdrawn_one_says_so() -> None:
    """Two kinds of waste are one message; what is cancelled, to when it moved, why, and what remains."""
    at = parse_rfc3339("2026-11-22T19:00:00+09:00")
    names = {"burnable": {"ja": "燃えるごみ", "en": "burnable waste"}, "plastic": {"ja": "プラ", "en": "plastic"}}
    two = msgspec.structs.replace(city(), categories=tuple(Category(k, v) for k, v in names.items()))
    both = alert(kind=Kind.REMINDER, fired_ms=at, collected=Collected(("burnable", "plastic"), 480))
    assert WORDS.compose(both, "ja", two).body == "明日は燃えるごみ、プラの収集日です。袋は8:00までに出してください。"
    gone = Collected(("plastic",), 480, ("burnable",), "2026-11-27")
    changed = alert(kind=Kind.REMINDER, fired_ms=at, ordinal=10_001, collected=gone, reasons=WHY)
    said = WORDS.compose(changed, "ja", two)
    assert said.title == "収集日が変わりました"
    assert said.body == (
        "明日の燃えるごみの収集はありません。11月27日(金)に収集します。プラは予定どおりです。理由：台風のため。"
    )
    assert said.tag == WORDS.compose(alert(kind=Kind.REMINDER), "ja", two).tag != changed.id


@pytest.mark.parametrize("language", WORDS.languages)
def test_every_entry_of_a_catalogue_is_used_and_none_is_missing(language: str) -> None:
    """Composing everything that can be said uses exactly the entries that the catalogue must hold."""
    watched = _Watched(dict(read_catalogue(language).texts))
    words = Words({language: watched, "en": watched})
    days = ("2026-11-22", "2026-11-23", "2026-11-24", "2026-11-29")
    for kind, lead, day, eta, zone, category in product(
        Kind, LEADS, days, (None, ETA), (None, "z"), (None, "burnable")
    ):
        for low, heard in product((None, ETA - 60_000), (None, ETA)):
            one = alert(
                kind=kind, lead=lead, service_day=day, zone=zone, category=category, eta_ms=eta,
                eta_low_ms=eta and low, eta_high_ms=eta, heard_ms=heard,
            )  # fmt: skip
            for was in (None, ETA - 900_000, ETA + 900_000):
                told = msgspec.structs.replace(one, was_ms=was, reasons=WHY if was else {})
                calendar = InCalendar(True, was, DAY if was else None)
                words.compose(told, language, city(), zone, calendar)
    fixed = msgspec.structs.replace(city(), policy=Policy.BY_DEADLINE)
    words.compose(alert(), language, fixed, None, InCalendar(True, ETA))
    for day in days:
        about = Collected(("plastic",), 480, ("burnable",), "2026-11-27")
        at = parse_rfc3339("2026-11-22T19:00:00+09:00")
        words.compose(alert(kind=Kind.REMINDER, fired_ms=at, service_day=day, collected=about), language, city())
    plan = Plan([Collection("z", "burnable", Rule((0,)), 480)], [Change(date(2026, 11, 23), None, None, DAY, WHY)])
    calendar_of(plan, "z", city(), words.tongue(language, city()), DAY, DAY, "z")
    assert watched.used == set(ENTRIES) == set(watched)


@pytest.mark.parametrize("language", WORDS.languages)
def test_the_shipped_catalogues_have_no_problems_and_say_whether_they_were_reviewed(language: str) -> None:
    """Nobody has claimed a native speaker's review that did not happen."""
    catalogue = read_catalogue(language)
    assert problems(catalogue.texts, ENTRIES) == []
    assert catalogue.reviewed is False


def _broken(folder: Path, old: str, new: str) -> Path:
    for language in WORDS.languages:
        path = folder / language / "LC_MESSAGES" / "notifier.po"
        path.parent.mkdir(parents=True)
        text = (LOCALES / language / "LC_MESSAGES" / "notifier.po").read_text(encoding="utf-8")
        path.write_text(text.replace(old, new), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('msgid "here.body"', 'msgid "here.bodies"', "'here.body' is missing"),
        ('msgid "here.body"', 'msgid "here.bodies"', "'here.bodies' is used nowhere"),
        ("{metres}", "{meters}", "'approaching.metres.body' uses ['category', 'meters']"),
        ("{metres}", "{metres", "'approaching.metres.body' is no valid template"),
        ("約{metres}m", "", "'approaching.metres.body' uses ['category']"),
        ("X-Native-Speaker-Review", "X-Review", "the header lacks"),
        ('msgstr "まもなく収集車が来ます"', 'msgstr ""', "'approaching.title' is missing or empty"),
    ],
)
def test_a_catalogue_that_is_not_whole_is_refused_at_start_up(tmp_path: Path, old: str, new: str, said: str) -> None:
    """The error names the file and the entry."""
    with pytest.raises(CatalogueFault) as refused:
        load_words(_broken(tmp_path, old, new))
    assert said in str(refused.value)
    assert "notifier.po" in str(refused.value)
