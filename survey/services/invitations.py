"""Invitations: the code in a letter to somebody who was drawn, good for one response and erased with the fieldwork.

A code has the form of a slip's (`slip_codes`) and is kept as a keyed hash too. Unlike a slip it is somebody's: the unit
learns that an answer came, and nothing more (docs/decisions/0023).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, exists, or_, select, update
from sqlalchemy.orm import aliased, joinedload

from survey.models import Fieldwork, SampledUnit
from survey.services import slip_codes
from survey.services.dispositions import ANSWERED
from survey.services.errors import (
    EarlyInvitation,
    OverInvitation,
    ReplacedInvitation,
    UnknownInvitation,
    UsedInvitation,
)

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from survey.services.references import WaveRef

    _Alike = Row[int, bytes | None, str | None]

KEY_PURPOSE = "invitation codes"


_SUBSTITUTE = aliased(SampledUnit)
# Statements are built once: building them takes longer than running them.
_BY_HASH = (
    select(SampledUnit)
    .where(SampledUnit.code_hash == bindparam("code_hash"))
    .options(joinedload(SampledUnit.agency), joinedload(SampledUnit.fieldwork).joinedload(Fieldwork.wave))
)
_IS_REPLACED = select(exists().where(_SUBSTITUTE.replaces_id == bindparam("unit_id")))
_PLACE = (SampledUnit.fieldwork_id, SampledUnit.agency_id, SampledUnit.stratum, SampledUnit.psu, SampledUnit.weight)
# Whoever closes a fieldwork or activates a substitute locks the fieldwork's row FOR UPDATE: no answer comes in between.
_OPEN_PLACE = (
    select(*_PLACE)
    .join(SampledUnit.fieldwork)
    .where(SampledUnit.code_hash == bindparam("code_hash"), Fieldwork.closed_at.is_(None))
    .with_for_update(read=True, of=Fieldwork)
)
_ALIKE = (
    select(SampledUnit.id, SampledUnit.code_hash, SampledUnit.disposition)
    .where(*(column.is_not_distinct_from(bindparam(f"its_{column.key}")) for column in _PLACE))
    .where(or_(SampledUnit.disposition == ANSWERED, SampledUnit.code_hash == bindparam("code_hash")))
    .order_by(SampledUnit.number)
    .with_for_update()
)
_SETTLE = (
    update(SampledUnit).where(SampledUnit.id == bindparam("unit_id")).values(disposition=ANSWERED, settled_on=None)
)


def url_of(code: str, *, base_url: str) -> str:
    """The address in the letter's QR, in capitals (see `codes.answer_url`)."""
    return f"{base_url.rstrip('/')}/I/{code}".upper()


def find(session: Session, code: str, *, key: bytes) -> SampledUnit:
    """The unit whose letter has `code`, with its agency and its wave; raises UnknownInvitation.

    `key` is the installation's for KEY_PURPOSE.
    """
    if not slip_codes.is_code(code):
        raise UnknownInvitation
    unit = session.scalar(_BY_HASH, {"code_hash": slip_codes.hash_of(code, key=key)})
    if unit is None:
        raise UnknownInvitation
    return unit


def check_open(session: Session, unit: SampledUnit, wave: WaveRef, *, day: dt.date) -> None:
    """Raise why nobody may answer for `unit`, for a form that was shown on `day`.

    Who was recorded as refusing or not met may still answer, until somebody of the reserve has the place.
    """
    if unit.fieldwork.closed_at is not None or day > wave.closes_on:
        raise OverInvitation
    if day < wave.opens_on:
        raise EarlyInvitation
    if _is_replaced(session, unit.id):
        raise ReplacedInvitation


def use_up(session: Session, code_hash: bytes) -> None:
    """Note that the unit with this code has answered, once: of any number at the same moment one succeeds.

    All units of the place that have answered are written again, in the order of their numbers, which chance gave: in
    PostgreSQL a row shows which transaction wrote it last, and the response shows the same. Now it is one for all.
    """
    place = session.execute(_OPEN_PLACE, {"code_hash": code_hash}).one_or_none()
    if place is None:
        # Closed meanwhile, or a reminder with another code was printed.
        raise UnknownInvitation
    alike = session.execute(_ALIKE, _values(place) | {"code_hash": code_hash}).all()
    _check_unused(session, alike, code_hash)
    session.connection().execute(_SETTLE, [{"unit_id": one.id} for one in alike])


def _check_unused(session: Session, alike: Sequence[_Alike], code_hash: bytes) -> None:
    """Nobody else can change these rows until this transaction ends."""
    own = next((one for one in alike if one.code_hash == code_hash), None)
    if own is None:
        raise UnknownInvitation
    if own.disposition == ANSWERED:
        raise UsedInvitation
    if _is_replaced(session, own.id):
        raise ReplacedInvitation


def _is_replaced(session: Session, unit_id: int) -> bool:
    return bool(session.scalar(_IS_REPLACED, {"unit_id": unit_id}))


def _values(place: Row[int, int, str, str | None, float]) -> dict[str, object]:
    return {f"its_{column.key}": value for column, value in zip(_PLACE, place, strict=True)}
