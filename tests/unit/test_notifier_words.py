"""What residents read, and what a catalogue must hold."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.alert import Kind
from model.city import Category, City
from model.subscription import Lead, MetresLead, MinutesLead, ZoneLead
from model.times import parse_rfc3339
from notifier.adapters.catalogues import LOCALES, CatalogueFault, load_words, read_catalogue
from notifier.words import ENTRIES, Words, problems, tag_of
from tests.support.notifying import WORDS, alert, city

ETA = parse_rfc3339("2026-11-23T08:40:00+09:00")
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
    assert "8:40ごろに来る見込み" in WORDS.compose(alert(lead=lead, eta_ms=ETA), "ja", city()).body
    ranged = alert(lead=lead, eta_ms=ETA, eta_low_ms=ETA - 120_000, eta_high_ms=ETA + 300_000)
    assert "8:38〜8:45ごろに来る見込み" in WORDS.compose(ranged, "ja", city()).body
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
    assert ja.body == "8:31から燃えるごみの収集車の信号がありません。最後の見込みは8:40〜9:10ごろでした。"
    assert en.title == "No signal from the truck"
    assert "since 8:31" in en.body
    assert "8:40" in en.body.partition("last expected")[2]
    assert WORDS.compose(alert(kind=Kind.DISRUPTED), "en", city()).title == "Collection has changed"


@pytest.mark.parametrize(
    ("wanted", "of_city", "spoken"),
    [("ja-JP", "en", "ja"), ("en", "ja", "en"), ("ko", "ja", "ja"), ("ko", "pt-BR", "en"), ("", "", "en")],
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
            words.compose(one, language, city(), zone)
    assert watched.used == set(ENTRIES) == set(watched)


@pytest.mark.parametrize("language", WORDS.languages)
def test_the_shipped_catalogues_have_no_problems_and_say_whether_they_were_reviewed(language: str) -> None:
    """Nobody has claimed a native speaker's review that did not happen."""
    catalogue = read_catalogue(language)
    assert problems(catalogue.texts) == []
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
