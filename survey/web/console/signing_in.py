"""Signing in and out."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, cast

from flask import current_app, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.exceptions import TooManyRequests
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired

from survey import i18n
from survey.services import users
from survey.web.console.access import blueprint, forget, remember
from survey.web.console.throttle import Throttle
from survey.web.site import site

if TYPE_CHECKING:
    from flask.blueprints import BlueprintSetupState
    from flask.typing import ResponseReturnValue

    from survey.services.users import UserRef

_ATTEMPTS, _PAUSE = 5, dt.timedelta(minutes=15)


class SignInForm(FlaskForm):  # type: ignore[misc] # Flask-WTF has no types.
    """Validation only; the page draws its own fields."""

    name = StringField(validators=[DataRequired()])
    password = PasswordField(validators=[DataRequired()])


@blueprint.record_once
def make_throttle(state: BlueprintSetupState) -> None:
    state.app.extensions["sipas_sign_in_throttle"] = Throttle(limit=_ATTEMPTS, window=_PAUSE)


@blueprint.get("/login")
def sign_in_form() -> ResponseReturnValue:
    return render_template("console/login.html", name=None, error=None)


@blueprint.post("/login")
def sign_in() -> ResponseReturnValue:
    form = SignInForm()
    user = _verified(form.name.data, form.password.data) if form.validate() else None
    if user is None:
        error = i18n.gettext("The name or the password is wrong.")
        return render_template("console/login.html", name=form.name.data, error=error), 422
    remember(user)
    return redirect(_destination(user), 303)


@blueprint.post("/logout")
def sign_out() -> ResponseReturnValue:
    forget()
    return redirect(url_for("console.sign_in_form"), 303)


def _verified(name: str, password: str) -> UserRef | None:
    throttle = cast("Throttle", current_app.extensions["sipas_sign_in_throttle"])
    # By name and place: a stranger's guesses do not lock the owner of the name out.
    key, now = (name.strip().lower(), request.remote_addr), site().clock()
    if seconds := throttle.seconds_to_wait(key, now=now):
        raise TooManyRequests(retry_after=seconds)
    with site().database.reading() as session:
        user = users.check_password(session, name, password)
    if user is None:
        throttle.fail(key, now=now)
    else:
        throttle.succeed(key)
    return user


def _destination(user: UserRef) -> str:
    home = url_for("console.home", lang=None if user.locale == i18n.DEFAULT else user.locale)
    asked = request.args.get("next", "")
    # Only ever back into the console: an address from a link may lead anywhere, and a line feed is no address.
    return asked if asked.startswith(url_for("console.home", lang=None)) and asked.isprintable() else home
