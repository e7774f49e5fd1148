"""Posts that no page of ours sends, and some that one does: strategies over everything that a form is made of."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator

RATINGS = ("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu")
CHOICES = {"gioi_tinh": ("nam", "nu"), "do_tuoi": ("duoi-35", "35-60", "tren-60")}
COMMENT = "y_kien"
NAMES = (*RATINGS, *CHOICES, COMMENT, "form_token", "switch_language")
BOUNDARY = "---ranh-gioi"
OWN = {"Sec-Fetch-Site": "same-origin", "Origin": "https://hailong.example.vn"}

# Where answers are sent to, most often where they should be; and the other posts of the public side.
ANSWERS_TO = ("R", "N", "S", "K", "R whole", "r", "R closed", "forged")
PLACES = (
    *("R",) * 12,
    *("N",) * 4,
    *("K",) * 4,
    *("S",) * 4,
    "R whole",
    "r",
    "R closed",
    "forged",
    "receipts",
    "typed",
    "leave",
    "login",
)
TOKENS = (
    *("fresh",) * 14,
    *("replayed",) * 3,
    *(
        "assisted",
        "kiosk",
        "altered",
        "cut",
        "another counter's",
        "old",
        "of tomorrow",
        "none",
        "empty",
        "two",
        "words",
    ),
)


@dataclass(frozen=True)
class Post:
    """One post, but for the token, which the site of the moment gives."""

    place: str
    token: str
    fields: tuple[tuple[str, str], ...]
    encoding: str
    headers: dict[str, str] = field(default_factory=dict)
    number: int = 0
    body: bytes = b""

    @property
    def is_whole(self) -> bool:
        """Whether the fields arrive as they are."""
        return self.encoding in {"urlencoded", "multipart"}

    def sent(self, token: list[str]) -> tuple[bytes, str]:
        """The body and its content type."""
        fields = [*self.fields, *(("form_token", one) for one in token)]
        return ENCODINGS[self.encoding](fields, self.body)


def _bytes(words: str) -> bytes:
    return words.encode("utf-8", "surrogatepass")


def _urlencoded(fields: list[tuple[str, str]], encode=_bytes) -> bytes:
    return "&".join("=".join(quote_from_bytes(encode(part)) for part in pair) for pair in fields).encode()


def _multipart(fields: list[tuple[str, str]], extra: str = "") -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="'.encode()
        + _bytes(name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A"))
        + f'"{extra}\r\n\r\n'.encode()
        + _bytes(value)
        for name, value in fields
    ]
    return b"\r\n".join([*parts, f"--{BOUNDARY}--\r\n".encode()])


FORM, PARTS = "application/x-www-form-urlencoded", "multipart/form-data"
ENCODINGS = {
    "urlencoded": lambda fields, _: (_urlencoded(fields), FORM),
    "multipart": lambda fields, _: (_multipart(fields), f"{PARTS}; boundary={BOUNDARY}"),
    "utf-16": lambda fields, _: (_urlencoded(fields, lambda words: words.encode("utf-16", "surrogatepass")), FORM),
    "latin-1": lambda fields, _: (_urlencoded(fields, lambda words: words.encode("latin-1", "replace")), FORM),
    "bare bytes": lambda fields, body: (_urlencoded(fields) + b"&y_kien=" + body, FORM),
    "bare bytes in parts": lambda fields, body: (
        _multipart([*fields, ("y_kien", "")])[:-20] + body,
        f"{PARTS}; boundary={BOUNDARY}",
    ),
    "files": lambda fields, _: (_multipart(fields, '; filename="a"'), f"{PARTS}; boundary={BOUNDARY}"),
    "no boundary": lambda fields, _: (_multipart(fields), PARTS),
    "another boundary": lambda fields, _: (_multipart(fields), f"{PARTS}; boundary=x\u00e9"),
    "charset": lambda fields, _: (_urlencoded(fields), f"{FORM}; charset=utf-7"),
    "cut": lambda fields, _: (_multipart(fields)[:-60], f"{PARTS}; boundary={BOUNDARY}"),
    "JSON": lambda fields, _: (_urlencoded(fields), "application/json"),
    "no type": lambda fields, _: (_urlencoded(fields), ""),
    "bytes": lambda _, body: (body, FORM),
    "bytes in parts": lambda _, body: (body, f"{PARTS}; boundary={BOUNDARY}"),
}

# Whatever may be written, halves of surrogate pairs too.
any_text = st.text(st.characters(), max_size=40)
odd_values = st.one_of(
    st.sampled_from(
        [
            "0",
            "6",
            "-1",
            "4.0",
            "na",
            "NA",
            "",
            " ",
            " 4 ",
            "4\0",
            "\u0664",
            "\uff14",
            "4\u200b",
            "nam\n",
            "null",
            "9" * 400,
        ]
    ),
    any_text,
)
identifiers = st.sampled_from(
    [
        "0912345678",
        "0912 345 678",
        "066090001234",
        "an.nguyen@example.vn",
        "47A1-123.45",
        "+84 912 345 678",
        "240123456",
    ]
)
words = st.sampled_from(["Cảm ơn", "gọi", "ghế cũ & thiếu", "<b>", "' OR 1=1 --", "ngày 12/03/2026", "1.500.000 đồng"])
comments = st.one_of(
    st.just(""),
    words,
    st.lists(st.one_of(words, identifiers), max_size=6).map(" ".join),
    st.text(st.characters(), max_size=120),
    st.tuples(st.sampled_from("xÁ\u0301\n\U0001f600"), st.sampled_from([1199, 1200, 1201, 1300])).map(
        lambda pair: pair[0] * pair[1]
    ),
)
valid_fields = st.fixed_dictionaries(
    {
        **{name: st.sampled_from(["1", "2", "3", "4", "5"]) for name in RATINGS},
        **{name: st.sampled_from(["1", "5", "na"]) for name in ("ket_qua", "gop_y")},
    },
    optional={COMMENT: comments, **{name: st.sampled_from(options) for name, options in CHOICES.items()}},
)
mutations = st.one_of(
    st.tuples(st.just("drop"), st.sampled_from(NAMES), st.just("")),
    st.tuples(st.just("set"), st.sampled_from(NAMES[:-2]), odd_values),
    st.tuples(st.just("add"), st.sampled_from(NAMES), odd_values),
    st.tuples(st.just("add"), any_text, any_text),
    st.tuples(st.just("set"), st.just(COMMENT), st.sampled_from([5_000, 100_000, 300_000]).map("x".__mul__)),
    st.tuples(st.just("many"), st.sampled_from(NAMES), st.sampled_from(["1", "", "\0"])),
)
headers = st.one_of(
    *(st.just(OWN),) * 8,
    st.just({}),
    st.sampled_from([{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}]),
    st.fixed_dictionaries(
        {},
        optional={
            name: st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=30)
            for name in ("Origin", "Sec-Fetch-Site", "Referer", "Host", "Cookie", "Accept-Encoding", "X-Forwarded-For")
        },
    ),
)


def _changed(fields: dict[str, str], changes: list[tuple[str, str, str]]) -> tuple[tuple[str, str], ...]:
    pairs = list(fields.items())
    for kind, name, value in changes:
        if kind in {"drop", "set"}:
            pairs = [pair for pair in pairs if pair[0] != name]
        if kind in {"set", "add"}:
            pairs.append((name, value))
        if kind == "many":
            pairs += [(name, value)] * 600
    return tuple(pairs)


ENCODED = (*("urlencoded",) * 12, *("multipart",) * 6, *ENCODINGS)
# Making one up takes as long as answering it, so that each goes out in so many more ways.
MORE_WAYS = 4


def varied(post: Post) -> Iterator[Post]:
    """The same fields once more to other places, with other tokens and in other encodings."""
    yield post
    chance = random.Random(repr(post))
    for _ in range(MORE_WAYS):
        yield replace(
            post,
            place=chance.choice(PLACES),
            token=chance.choice(TOKENS),
            encoding=chance.choice(ENCODED),
            number=chance.randrange(2**16),
        )


posts = st.builds(
    Post,
    place=st.sampled_from(PLACES),
    token=st.sampled_from(TOKENS),
    fields=st.builds(
        _changed, valid_fields, st.one_of(*(st.just([]),) * 3, st.lists(mutations, min_size=1, max_size=3))
    ),
    encoding=st.sampled_from(ENCODED),
    headers=headers,
    number=st.integers(0, 2**16),
    body=st.binary(max_size=60),
)
