"""How templates are read: escaped, translated, and strict about names that do not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import StrictUndefined

from survey import i18n
from survey.web.displays import FIELD, chosen_displays, display_choices
from survey.web.languages import home_url, language_links
from survey.web.static_files import static_url

if TYPE_CHECKING:
    import datetime as dt
    from decimal import Decimal

    from flask import Flask


def register_pages(app: Flask) -> None:
    environment = app.jinja_env
    environment.undefined = StrictUndefined
    environment.autoescape = True
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.add_extension("jinja2.ext.i18n")
    environment.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update(number=_number, percent=_percent, date=_date, explain=i18n.explain)
    environment.globals.update(
        static_url=static_url,
        home_url=home_url,
        language_links=language_links,
        display_field=FIELD,
        display_choices=display_choices,
        chosen_displays=chosen_displays,
        current_locale=i18n.current,
        is_default_locale=_is_default_locale,
    )


def _gettext(message: str) -> str:
    # Jinja fills in the values itself, escaped.
    return i18n.current().translations.gettext(message)


def _ngettext(singular: str, plural: str, n: int) -> str:
    return i18n.current().translations.ngettext(singular, plural, n)


def _number(value: float | Decimal | None, decimals: int = 0) -> str:
    return i18n.current().number(value, decimals)


def _percent(points: float | Decimal | None, decimals: int = 2) -> str:
    return i18n.current().percent(points, decimals)


def _date(day: dt.date | None) -> str:
    return i18n.current().date(day)


def _is_default_locale() -> bool:
    return i18n.current().code == i18n.DEFAULT
