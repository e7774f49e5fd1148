"""Numbers that tell who somebody is, taken out of what people write before it is stored.

A comment is anonymous until its writer signs it. Telephone numbers, identity card numbers, e-mail addresses and licence
plates become words in brackets; dates, amounts of money, house numbers and the numbers of documents stay. Names and
addresses have no shape to be known by: the form asks not to write them.

The words are Vietnamese whatever language the form was in, so that one text is stored in one way, and each is at most
as long as the shortest thing it stands for, so that a text within its limit stays within it.
"""

from __future__ import annotations

import re

PHONE = "[số ĐT]"
IDENTITY_CARD = "[số CCCD]"
MAIL = "[mail]"
PLATE = "[số xe]"

_BLANK = r"[ \t\u00a0\u202f]"
# Between two groups of one number: blanks, or a dot or a dash with a blank on either side.
_GAP = rf"(?:{_BLANK}?[.\-\u2010-\u2015]{_BLANK}?|{_BLANK}{{1,2}})"
_DIGIT = rf"(?:\)?{_GAP}?\(?[0-9])"  # One more digit of a number, wherever its writer put gaps.
_FIRST, _LAST = r"(?<![0-9])", r"(?![0-9])"

_DAY, _MONTH, _YEAR = r"(?:0?[1-9]|[12][0-9]|3[01])", r"(?:0?[1-9]|1[0-2])", r"(?:19|20)[0-9]{2}"
_DATE = rf"{_FIRST}(?:{_DAY}([./-]){_MONTH}\1{_YEAR}|{_YEAR}-{_MONTH}-{_DAY})(?!\1?[0-9])"
_CURRENCY = r"(?:đồng|đ|vnđ|vnd)\b"
_AMOUNT = (
    rf"{_FIRST}[1-9][0-9]{{0,2}}(?:(?:\.[0-9]{{3}}){{1,5}}|(?:,[0-9]{{3}}){{1,5}}){_LAST}"
    rf"|{_FIRST}[1-9][0-9]{{0,17}}(?:{_BLANK}[0-9]{{3}}){{0,5}}{_BLANK}?{_CURRENCY}"
)

_MAIL = (
    rf"(?<![\w.%+\-])[\w.%+\-]++(?:{_BLANK}?@{_BLANK}?)"
    r"[\w\-]{1,63}(?:\.[\w\-]{1,63}){0,6}\.[^\W\d_]{2,24}(?![\w@])"
)

_SERIES = r"[a-zđ]{1,2}"
_PLATE = (
    # 47A-123.45, 47A1-123.45, 47-B1 12345, 29LD-123.45, 47AA-123.45, 80-NG-011-05; four digits on older plates.
    rf"(?<!\w)[1-9][0-9]{_GAP}?(?:"
    rf"(?-i:[A-ZĐ]{{1,2}})[0-9]?{_GAP}?[0-9]{{3}}{_GAP}?[0-9]{{2}}"
    rf"|(?-i:[A-ZĐ]{{1,2}})[0-9]?[.\-]?[0-9]{{4}}"
    # In small letters only where it cannot be “50k-30000” or “lúc 10h 1530”.
    rf"|{_SERIES}[0-9]{_GAP}?[0-9]{{3}}{_GAP}?[0-9]{{2}}|{_SERIES}{_GAP}?[0-9]{{3}}\.[0-9]{{2}}"
    # 80-011-NG-01, 29-123-NN-45.
    rf"|[0-9]{{3}}{_GAP}?(?:ng|nn|qt|cv){_GAP}?[0-9]{{2,3}}"
    r")(?!\w)"
)

_TWELVE = (
    r"[0-9]{12}"
    rf"|0[0-9]{{2}}(?:{_GAP}[0-9]{{3}}){{3}}|0[0-9]{{3}}(?:{_GAP}[0-9]{{4}}){{2}}"
    rf"|0[0-9]{{2}}{_GAP}[0-9]{{3}}{_GAP}[0-9]{{6}}|0[0-9]{{2}}{_GAP}[0-9]{{9}}|0[0-9]{{5}}{_GAP}[0-9]{{6}}"
    # Province, century and sex, year of birth, number: 066 1 90 001234.
    rf"|0[0-9]{{2}}{_GAP}[0-9]{_GAP}[0-9]{{2}}{_GAP}[0-9]{{6}}"
)
_NINE = rf"[0-9]{{9}}|[0-9]{{3}}(?:{_BLANK}|-)[0-9]{{3}}(?:{_BLANK}|-)[0-9]{{3}}"
_CARD = rf"{_FIRST}(?:{_TWELVE}|{_NINE}){_LAST}"
# Told by the words before it, however it is grouped: “CMND 240.123.456” looks like an amount.
_NAMED_CARD = (
    rf"\b(?P<words>(?:cmnd|cmt|cccd|căn cước|chứng minh)[^0-9\n]{{0,30}})"
    rf"(?:[0-9]{_DIGIT}{{11}}|[0-9]{_DIGIT}{{8}}){_LAST}"
)

_ABROAD = rf"\(?(?:\+|00)?84\)?{_GAP}?(?:\(0\){_GAP}?|0)?"
_PHONE = (
    # Mobile numbers have nine digits after the 0; those in an area, and mobile ones until 2018, have ten.
    rf"{_FIRST}(?:{_ABROAD}|\(?0{_GAP}?)(?:\(?[35789]{_DIGIT}{{8}}|\(?[12468]{_DIGIT}{{9}}){_LAST}"
    # Đắk Lắk's area was 0500 until 2017, and others had eleven digits too.
    rf"|{_FIRST}\(?0500{_DIGIT}{{7}}{_LAST}|{_FIRST}0[1-9][0-9]{{8,9}}{_LAST}"
)

# What stands first is looked for first. None stays as it is, so that no part of it is taken for something else.
_KINDS: dict[str, tuple[str, str | None]] = {
    "mail": (_MAIL, MAIL),
    "named_card": (_NAMED_CARD, IDENTITY_CARD),
    "date": (_DATE.replace(r"\1", "(?P=between)").replace("([./-])", "(?P<between>[./-])"), None),
    "amount": (_AMOUNT, None),
    "plate": (_PLATE, PLATE),
    "card": (_CARD, IDENTITY_CARD),
    "phone": (_PHONE, PHONE),
}
_ANY = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, (pattern, _) in _KINDS.items()), re.IGNORECASE)


# Digits in full width, as a phone set to Chinese or Japanese writes them, are digits to whoever reads them.
_PLAIN = str.maketrans("０１２３４５６７８９＠", "0123456789@")


def redacted(words: str) -> str:
    """`words` without the numbers and addresses that tell who somebody is.

    Parameters
    ----------
    words : str
        What a respondent wrote, in NFC.

    Returns
    -------
    str
        At most as long as `words`. Redacting it again changes nothing.

    Examples
    --------
    >>> redacted("Gọi tôi số 0912 345 678 hoặc an.nguyen@example.vn")
    'Gọi tôi số [số ĐT] hoặc [mail]'
    >>> redacted("Xe 47A1-123.45, CCCD 066090001234")
    'Xe [số xe], CCCD [số CCCD]'
    >>> redacted("Ngày 12/03/2026 tôi nộp 1.500.000 đồng theo số 123/QĐ-UBND.")
    'Ngày 12/03/2026 tôi nộp 1.500.000 đồng theo số 123/QĐ-UBND.'
    """
    # What stood beside a number may be seen for what it is only when the number has gone. Each round takes away
    # digits or an @, so there is a last one.
    words = words.translate(_PLAIN)
    while (shorter := _ANY.sub(_replacement, words)) != words:
        words = shorter
    return words


def _replacement(found: re.Match[str]) -> str:
    kind = found.lastgroup or ""
    _, label = _KINDS[kind]
    if label is None:
        return found[0]
    return (found["words"] or "") + label
