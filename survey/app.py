"""The web application, put together."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import TYPE_CHECKING

from flask import Flask

from survey import i18n, resources
from survey.db import Database
from survey.web import api, console, health, public, respond
from survey.web.addresses import register_addresses
from survey.web.compression import register_compression
from survey.web.configuration import register_configuration, register_proxies
from survey.web.displays import register_displays
from survey.web.errors import register_errors
from survey.web.languages import register_languages
from survey.web.pages import register_pages
from survey.web.post_limit import register_post_limit
from survey.web.respond import kiosk
from survey.web.security import register_security
from survey.web.site import Site, register_site
from survey.web.static_files import register_static_files

if TYPE_CHECKING:
    from collections.abc import Callable

    from survey.config import Settings


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def create_app(
    settings: Settings,
    *,
    database: Database | None = None,
    clock: Callable[[], dt.datetime] = utc_now,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> Flask:
    """A site on `settings`; time and chance are arguments."""
    app = Flask("survey", static_folder=None, template_folder=str(resources.templates()))
    site = Site(
        settings=settings,
        database=database or Database(settings.database_url),
        clock=clock,
        random_bytes=random_bytes,
        locales=i18n.shipped(),
    )
    register_site(app, site)
    register_configuration(app, settings)
    register_proxies(app, settings)
    register_post_limit(app)
    register_pages(app)
    register_languages(app)
    register_addresses(app)
    register_displays(app)
    register_security(app)
    register_compression(app)
    register_static_files(app)
    register_errors(app)
    register_blueprints(app)
    return app


def register_blueprints(app: Flask) -> None:
    for part in (health, respond, kiosk, public, console, api):
        app.register_blueprint(part.blueprint)
