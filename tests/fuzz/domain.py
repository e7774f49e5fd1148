"""What a kept row may hold, read from the questionnaire's own file and from nothing that reads it for the site."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FILE = Path(__file__).resolve().parents[2] / "forms" / "questionnaires" / "sipas-counter.toml"
# By which way in a form is trusted how far, and who may have filled it in: a kiosk's token is one of its counter's, so
# that a form which the tablet could not send may be posted by hand.
WAYS = {
    "R": ("signed", {"phone", "assisted", "kiosk"}),
    "R whole": ("signed", {"phone", "assisted", "kiosk"}),
    "N": ("open", {"phone", "assisted", "kiosk"}),
    "S": ("verified", {"phone", "assisted", "kiosk"}),
    "K": ("signed", {"kiosk"}),
}
# Shapes of what tells who somebody is, narrower and plainer than those of the site.
PERSONAL = re.compile(
    r"(?<!\d)0[35789]\d{8}(?!\d)|(?<!\d)0[35789]\d{2} \d{3} \d{3}(?!\d)|(?<!\d)0\d{11}(?!\d)"
    r"|(?<!\S)[a-z.]+@[a-z]+\.[a-z]{2,}(?!\S)|(?<!\S)\d{2}[A-Z]\d-\d{3}\.\d{2}(?!\S)",
    re.ASCII,
)
TURNS_AROUND = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Domain:
    """The values that the questionnaire's file allows."""

    def __init__(self, file: Path = FILE) -> None:
        told = tomllib.loads(file.read_text(encoding="utf-8"))
        self.items: dict[str, dict[str, Any]] = {item["id"]: item for item in told["items"]}
        self.levels = {scale["id"]: {level["value"] for level in scale["levels"]} for scale in told["scales"]}
        self.required = {name for part in told["sections"] if part["required"] for name in part["items"]}
        self.languages = set(told["languages"])
        self.ratings = [item["id"] for item in told["items"] if item["kind"] == "rating"]

    def faults(self, row: Mapping[str, Any]) -> Iterator[str]:
        """What is wrong with a row of `responses`, each in a few words."""
        answers = json.loads(row["answers"])
        if json.dumps(answers, ensure_ascii=False, sort_keys=True, separators=(",", ":")) != row["answers"]:
            yield "answers are not in their one form"
        if hashlib.sha256(row["answers"].encode()).digest() != bytes(row["answers_digest"]):
            yield "the digest is not that of the answers"
        if missing := self.required - answers.keys():
            yield f"missing: {sorted(missing)}"
        for name, answer in answers.items():
            if name not in self.items:
                yield f"unknown item {name}"
            elif not self._allows(self.items[name], answer):
                yield f"{name} = {answer!r}"
        signs = {"na": "x", None: "."}
        expected = "".join(signs.get(answers.get(name)) or str(answers[name]) for name in self.ratings)
        if row["ratings"] != expected:
            yield f"ratings {row['ratings']} for {expected}"
        yield from self._faults_beside(row)

    def _faults_beside(self, row: Mapping[str, Any]) -> Iterator[str]:
        checks = {
            "stream": row["stream"] == "counter",
            "weight": row["weight"] == 1 and row["stratum"] is None and row["psu"] is None,
            "language": row["language"] in self.languages,
            "minute": bool(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:00(\.0+)?", str(row["received_at"]))),
            "receipt": bool(re.fullmatch(r"[2-9A-HJKMNP-TV-Z]{8}", row["receipt"])),
            "key": bool(re.fullmatch(r"[0-9a-f]{32}", row["submission_key"])),
            "facts": row["from_office"] in {0, 1, None} and row["quick"] in {0, 1, None},
        }
        yield from (f"{name} of {dict(row)}" for name, fine in checks.items() if not fine)

    def _allows(self, item: Mapping[str, Any], answer: object) -> bool:
        if item["kind"] == "rating":
            level = type(answer) is int and answer in self.levels[item["scale"]]
            return level or (answer == "na" and item.get("not_applicable", False))
        if item["kind"] == "choice":
            return answer in {option["value"] for option in item["options"]}
        return isinstance(answer, str) and _is_comment(answer, item["max_length"])


def _is_comment(words: str, max_length: int) -> bool:
    controls = {sign for sign in words if unicodedata.category(sign) in {"Cc", "Cs"}} - {"\n", "\t"}
    return (
        0 < len(words) <= max_length
        and not controls
        and not TURNS_AROUND & set(words)
        and words == words.strip() == unicodedata.normalize("NFC", words)
        and not PERSONAL.search(words)
    )
