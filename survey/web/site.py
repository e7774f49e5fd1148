"""What every view may ask for: the settings, the database, the time and the languages of this app."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from flask import current_app

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

    from flask import Flask

    from survey.config import Settings
    from survey.db import Database
    from survey.i18n import Locale


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One running site. Time and chance are its own, so that a test can hold them still."""

    settings: Settings
    database: Database
    clock: Callable[[], dt.datetime]
    random_bytes: Callable[[int], bytes]
    locales: Mapping[str, Locale]


def register_site(app: Flask, site: Site) -> None:
    app.extensions["sipas"] = site


def site() -> Site:
    """The site that serves the current request."""
    return cast("Site", current_app.extensions["sipas"])
