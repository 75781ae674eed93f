"""Japanese place names folded so that spellings which mean the same place become the same text. Pure.

For comparing only: what is folded is never shown. Covers width, kana, old and new forms of characters, the small ke of
place names, numerals before 丁目 and the like, and the dashes that people write between numbers.
"""

from __future__ import annotations

import re
import unicodedata

_OLD = (
    "稻稲 圍囲 會会 縣県 廳庁 臺台 螢蛍 鄕郷 樂楽 澁渋 峽峡 狹狭 莊荘 當当 藝芸 應応 氣気 發発 麥麦 來来 "
    "澤沢 﨑崎 髙高 邊辺 邉辺 齋斎 齊斎 斉斎 濱浜 濵浜 廣広 國国 櫻桜 嶋島 嶌島 龍竜 瀧滝 圓円 惠恵 眞真 "
    "條条 檜桧 冨富 峯峰 曾曽 萬万 壽寿 學学 實実 寶宝 鐵鉄 關関 驛駅 區区 舊旧 德徳 藏蔵 榮栄 櫟檪 鹽塩 "
    "鹼鹸 礒磯 籠篭 竈竃 葦芦 蘆芦 淺浅 黑黒 靑青 淸清 增増 與与 豐豊 彌弥 鷄鶏 團団 繩縄 邨村 燒焼 爲為 "
    "戶戸 步歩 靜静 槇槙 薗園 驒騨 祇祗 渕淵 渊淵 "
)
_NEW = str.maketrans({pair[0]: pair[1] for pair in _OLD.split()})
_DASHES = re.compile(r"[‐‑‒–—―−﹣-]")
_BETWEEN = re.compile(r"(?<=\d)[ーのノ之](?=\d)")
_KANJI = r"[\u3005\u3400-\u9fff\uf900-\ufaff]"
_KE = re.compile(f"(?<={_KANJI})[ゖゕけが箇ヶ](?={_KANJI})")
_NO = re.compile(f"(?<={_KANJI})[の之乃](?={_KANJI})")
_NUMERAL = re.compile(r"([〇一二三四五六七八九十]+)(?=丁目|番|号|条|区|組|班|丁|線|町内|$|-)")
_COUNTED = re.compile(r"(?<=\d)(丁目|番地の?|番|号|丁)")
_ORDINAL = re.compile(r"第(?=\d)")
_DIGITS = {digit: value for value, digit in enumerate("〇一二三四五六七八九")}
_KATAKANA = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}


def folded(text: str) -> str:
    """Fold a name, or what somebody typed for one."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = "".join(each for each in plain if not each.isspace() and unicodedata.category(each) not in ("Mn", "Cf"))
    plain = plain.translate(_NEW).translate(_KATAKANA)
    plain = _DASHES.sub("-", plain)
    plain = _NUMERAL.sub(lambda found: _number(found[1]), plain)
    plain = _ORDINAL.sub("", plain)
    plain = _BETWEEN.sub("-", plain)
    plain = re.sub("-+", "-", _COUNTED.sub("-", plain))
    plain = _NO.sub("の", _KE.sub("が", plain))
    return re.sub(r"[・.,、。'’()\[\]「」]", "", plain).strip("-")


def _number(numeral: str) -> str:
    """Write a numeral in kanji, up to 99 with 十 or digit by digit, in digits."""
    tens, ten, ones = numeral.partition("十")
    if "十" in ones or (ten and (len(tens) > 1 or len(ones) > 1)):
        return numeral
    if not ten:
        return "".join(str(_DIGITS[digit]) for digit in numeral)
    return str((_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0))
