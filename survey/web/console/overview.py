"""What a user of the console comes in to: the waves, the agencies, and the counters of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import abort, render_template

from survey import i18n
from survey.models import Role
from survey.services import agencies, counters, fieldwork, waves
from survey.web.console.access import blueprint, signed_in
from survey.web.console.presenting import agency_groups, wave_entries
from survey.web.site import site

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue


@blueprint.get("/")
def home() -> ResponseReturnValue:
    user = signed_in()
    with site().database.reading() as session:
        entries = wave_entries(waves.listing(session), fieldwork.responses_by_wave(session), language=i18n.current())
        listed = [user.agency] if user.agency else agencies.listing(session)
        groups = agency_groups(listed, counters.listing(session), language=i18n.current())
    return render_template(
        "console/home.html", user=user, waves=entries, groups=groups, is_officer=user.role == Role.OFFICER
    )


@blueprint.get("/agencies/<agency>")
def agency(agency: str) -> ResponseReturnValue:
    with site().database.reading() as session:
        found = agencies.find(session, agency) or abort(404)
        listed = counters.listing(session, agency=found)
        with_poster = {counter.code for counter, _ in counters.current_posters(session, listed, now=site().clock())}
    return render_template(
        "console/agency.html", user=signed_in(), agency=found, counters=listed, with_poster=with_poster
    )
