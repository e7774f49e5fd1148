"""The reader's language: catalogues, figures and dates, and which language is being spoken now.

A language is a folder of `translations/`: `locale.toml` says how it names itself and writes figures, the `.po` files
hold its texts. Adding a folder adds a language; the list is our own because Babel has no Ê Đê (docs/decisions/0006).
"""

from __future__ import annotations

import io
import tomllib
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from gettext import GNUTranslations, NullTranslations
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from survey import resources

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# The province's language: what a reader sees who has asked for nothing.
DEFAULT = "vi"
UNDEFINED = "–"


@runtime_checkable
class Translatable(Protocol):
    """An error of a pure package: an English template and the values that belong in it."""

    @property
    def template(self) -> str: ...

    @property
    def values(self) -> Mapping[str, object]: ...


@dataclass(frozen=True, slots=True)
class Locale:
    """One language: its texts and its notation."""

    code: str
    name: str
    decimal_mark: str
    group_mark: str
    date_pattern: str
    months: tuple[str, ...]
    translations: NullTranslations = field(repr=False, compare=False)

    def gettext(self, message: str, /, **values: object) -> str:
        """The text of `message` in this language, filled in with `values`; a per cent sign is written `%%`."""
        return self.translations.gettext(message) % values

    def ngettext(self, singular: str, plural: str, n: int, /, **values: object) -> str:
        """As `gettext`, in the form that goes with the number `n`, which the text may show as `%(num)s`."""
        return self.translations.ngettext(singular, plural, n) % {"num": self.number(n), **values}

    def number(self, value: float | Decimal | None, decimals: int = 0) -> str:
        """A figure rounded half up, in this language's marks; `–` where it is undefined, never 0."""
        if value is None:
            return UNDEFINED
        rounded = _exact(value).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
        marks = {ord(","): self.group_mark, ord("."): self.decimal_mark, ord("-"): "−"}
        return f"{rounded:,.{decimals}f}".translate(marks)

    def percent(self, points: float | Decimal | None, decimals: int = 2) -> str:
        """An index of 0 to 100 points with its sign attached, as the province prints it: `83,87%`."""
        return UNDEFINED if points is None else self.number(points, decimals) + "%"

    def date(self, day: dt.date | None) -> str:
        """A day as this language writes it: `07/03/2026`."""
        if day is None:
            return UNDEFINED
        month_name = self.months[day.month - 1] if self.months else ""
        return self.date_pattern.format(day=day.day, month=day.month, year=day.year, month_name=month_name)


def load(folder: Path) -> Mapping[str, Locale]:
    """Every language of `folder`, the default one first."""
    codes = sorted(
        (path.parent.name for path in folder.glob("*/locale.toml")), key=lambda code: (code != DEFAULT, code)
    )
    loaded = {code: _load_one(folder / code) for code in codes}
    # What a catalogue has no words for yet is said in the default language. The code's own needs no catalogue.
    for code, locale in loaded.items():
        if code != DEFAULT and DEFAULT in loaded and isinstance(locale.translations, GNUTranslations):
            locale.translations.add_fallback(loaded[DEFAULT].translations)
    return loaded


@cache
def shipped() -> Mapping[str, Locale]:
    """The languages that come with the toolkit."""
    return load(resources.TRANSLATIONS)


def find(code: str) -> Locale:
    """The shipped language called `code`, or the default one: a reader is never refused for a language."""
    return shipped().get(code) or shipped()[DEFAULT]


_spoken: ContextVar[Locale | None] = ContextVar("spoken", default=None)


def current() -> Locale:
    """The language being spoken: the request's, or the default one."""
    return _spoken.get() or shipped()[DEFAULT]


def speak(locale: Locale) -> None:
    """Speak `locale` from here on in this thread or request."""
    _spoken.set(locale)


def fall_silent() -> None:
    """Speak the default language again."""
    _spoken.set(None)


@contextmanager
def speaking(locale: Locale) -> Iterator[Locale]:
    """Speak `locale` within the block only."""
    token = _spoken.set(locale)
    try:
        yield locale
    finally:
        _spoken.reset(token)


def gettext(message: str, /, **values: object) -> str:
    """`message` in the language being spoken."""
    return current().gettext(message, **values)


def ngettext(singular: str, plural: str, n: int, /, **values: object) -> str:
    """The form of a message that goes with `n`, in the language being spoken."""
    return current().ngettext(singular, plural, n, **values)


def mark(message: str) -> str:
    """Name a message for the catalogues where it is written down; it is translated where it is shown."""
    return message


def explain(error: Translatable) -> str:
    """What an error of a pure package says, in the language being spoken."""
    return current().translations.gettext(error.template).format(**error.values)


_ = gettext
N_ = mark


def _load_one(folder: Path) -> Locale:
    notation = tomllib.loads((folder / "locale.toml").read_text(encoding="utf-8"))
    return Locale(
        code=folder.name,
        name=notation["name"],
        decimal_mark=notation["decimal_mark"],
        group_mark=notation["group_mark"],
        date_pattern=notation["date"],
        months=tuple(notation.get("months", ())),
        translations=_translations(folder),
    )


def _translations(folder: Path) -> NullTranslations:
    """The areas of one language merged into one catalogue; without a .po file the messages speak for themselves."""
    merged = Catalog()
    for path in sorted(folder.glob("*.po")):
        area = read_po(io.BytesIO(path.read_bytes()), abort_invalid=True)
        merged.mime_headers = area.mime_headers
        for message in area:
            if message.id:
                merged[message.id] = message
    if not len(merged):
        return NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, merged)
    compiled.seek(0)
    return GNUTranslations(compiled)


def _exact(value: float | Decimal) -> Decimal:
    # Twelve digits undo what binary fractions did to 100 × 0.28545, so that a half is rounded as a reader would.
    return Decimal(format(value, ".12g")) if isinstance(value, float) else Decimal(value)
