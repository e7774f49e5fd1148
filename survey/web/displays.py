"""How a reader wants pages to look: `?display=large` says so, and every link of the page carries it on.

On the form it is a box to tick, which works at once and loses no answer; it comes along when the form is sent, so that
the page after it looks the same. Nothing is kept: no cookie, no guessing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from flask import g, request

from survey.i18n import gettext, mark
from survey.web.languages import this_page

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flask import Flask

FIELD = "display"
# Each is a class of the whole page in sipas.css.
DISPLAYS = {"large": mark("Large letters"), "contrast": mark("High contrast")}
_UNTOUCHED = ("static_files.", "health.", "api.")


@dataclass(frozen=True, slots=True)
class DisplayChoice:
    """One way to show pages; `url` is this page with it switched on or, where it is on, off."""

    id: str
    name: str
    chosen: bool
    url: str


def register_displays(app: Flask) -> None:
    app.before_request(_choose_as_asked)
    app.url_defaults(_carry_on)


def choose(names: Iterable[str]) -> None:
    """Show the page in these ways; names that we do not know are passed over."""
    wanted = set(names)
    g.displays = [name for name in DISPLAYS if name in wanted]


def chosen_displays() -> list[str]:
    """The ways in which the current page is shown, in one order."""
    return cast("list[str]", g.get("displays", []))


def display_choices() -> list[DisplayChoice]:
    """All ways to show the current page."""
    return [
        DisplayChoice(id=name, name=gettext(words), chosen=name in chosen_displays(), url=_toggled(name))
        for name, words in DISPLAYS.items()
    ]


def _choose_as_asked() -> None:
    choose(request.args.getlist(FIELD))


def _toggled(name: str) -> str:
    wanted = [other for other in DISPLAYS if (other in chosen_displays()) != (other == name)]
    return this_page({FIELD: wanted})


def _carry_on(endpoint: str, values: dict[str, Any]) -> None:
    if not endpoint.startswith(_UNTOUCHED) and (chosen := chosen_displays()):
        values.setdefault(FIELD, chosen)
