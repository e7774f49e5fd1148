"""The tablets of one counter: opened, listed with their addresses, closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import abort, redirect, render_template, request, url_for

from survey import i18n
from survey.services import counters, kiosks
from survey.services.errors import ServiceError
from survey.web.console.access import blueprint, signed_in
from survey.web.site import site

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from sqlalchemy.orm import Session

    from survey.services.kiosks import KioskRef
    from survey.services.references import CounterRef


@blueprint.get("/counters/<counter>/kiosks")
def counter_kiosks(counter: str) -> ResponseReturnValue:
    return _page(counter)


@blueprint.post("/counters/<counter>/kiosks")
def open_kiosk(counter: str) -> ResponseReturnValue:
    """A new kiosk whose PIN is chosen here, so that no page ever has to show it."""
    try:
        with site().database.writing() as session:
            found = _counter(session, counter)
            kiosks.make(session, found, pin=request.form.get("pin", ""), now=site().clock())
    except ServiceError as error:
        return _page(counter, error=i18n.explain(error)), 422
    return redirect(url_for("console.counter_kiosks", counter=counter), 303)


@blueprint.post("/counters/<counter>/kiosks/<int:number>/close")
def close_kiosk(counter: str, number: int) -> ResponseReturnValue:
    with site().database.writing() as session:
        kiosks.close(session, number, now=site().clock(), counter=_counter(session, counter))
    return redirect(url_for("console.counter_kiosks", counter=counter), 303)


def _page(code: str, *, error: str | None = None) -> str:
    with site().database.reading() as session:
        counter = _counter(session, code)
        listed = kiosks.listing(session, counter=counter)
    return render_template(
        "console/kiosks.html",
        user=signed_in(),
        counter=counter,
        kiosks=[(one, _url(one)) for one in listed],
        digits=kiosks.PIN_DIGITS,
        error=error,
    )


def _counter(session: Session, code: str) -> CounterRef:
    return counters.find(session, code) or abort(404)


def _url(kiosk: KioskRef) -> str:
    settings = site().settings
    return kiosks.url_of(kiosk, base_url=settings.public_base_url, key=settings.key(kiosks.KEY_PURPOSE))
