"""Which language a page speaks: `?lang=` says so, and every link of the page carries it on. No cookie, no guessing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from flask import request, url_for

from survey import i18n
from survey.web.site import site

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from flask import Flask

_UNTOUCHED = ("static_files.", "health.")


@dataclass(frozen=True, slots=True)
class LanguageLink:
    """The same page in one of the languages."""

    code: str
    name: str
    url: str
    is_current: bool


def register_languages(app: Flask) -> None:
    app.before_request(_speak_as_asked)
    # The thread goes on to other work, which must not inherit this reader's language.
    app.teardown_request(lambda _: i18n.fall_silent())
    app.url_defaults(_carry_on)


def language_links() -> list[LanguageLink]:
    """The current page in each language of the site."""
    return list(_links())


def speak(code: str) -> None:
    """Speak the language called `code` for the rest of this request, or the default one where we have no such."""
    locales = site().locales
    i18n.speak(locales.get(code) or locales[i18n.DEFAULT])


def home_url() -> str:
    """The front page in the language being spoken."""
    return url_for("public.home")


def this_page(changes: Mapping[str, Sequence[str]]) -> str:
    """The current page with other values of these parameters."""
    # One slash: two would begin the name of another host.
    here = f"{request.script_root}/{quote(request.path.lstrip('/'))}"
    kept = [(name, value) for name, value in request.args.items(multi=True) if name not in changes]
    asked = [*kept, *((name, value) for name, values in changes.items() for value in values)]
    return here + ("?" + urlencode(asked) if asked else "")


def _speak_as_asked() -> None:
    speak(request.args.get("lang", i18n.DEFAULT))


def _carry_on(endpoint: str, values: dict[str, Any]) -> None:
    if i18n.current().code != i18n.DEFAULT and not endpoint.startswith(_UNTOUCHED):
        values.setdefault("lang", i18n.current().code)


def _links() -> Iterator[LanguageLink]:
    for locale in site().locales.values():
        url = this_page({"lang": [] if locale.code == i18n.DEFAULT else [locale.code]})
        yield LanguageLink(locale.code, locale.name, url, is_current=locale.code == i18n.current().code)
