"""How the collecting goes: how many responses each wave has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from survey.models import Response, Wave

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def responses_by_wave(session: Session) -> dict[str, int]:
    """The number of responses by the wave's code; a wave without any has 0."""
    counted = select(Response.wave_id, func.count().label("responses")).group_by(Response.wave_id).subquery()
    query = select(Wave.code, func.coalesce(counted.c.responses, 0)).outerjoin(counted, counted.c.wave_id == Wave.id)
    return {code: responses for code, responses in session.execute(query)}  # noqa: C416 - dict() of rows does not type.
