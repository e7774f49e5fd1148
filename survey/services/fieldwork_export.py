"""The fieldwork's result as one table: each answer with its weight, a row without answers for everybody else.

Who was drawn alike (agency, stratum, primary unit, weight) and answered is interchangeable, so that nothing needs to
lead from a row to a person; the rows stand in the order of what they say.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from forms.definition import NOT_APPLICABLE
from survey.models import Agency, Response, Stream
from survey.services import dispositions, fieldworks, questionnaires
from survey.services.frame_writing import frame_writer, whole_files
from survey.services.spreadsheets import harmless

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy.orm import Session

    from survey.services.fieldworks import FieldworkRef, OutcomeGroup

    Place = tuple[int, str, str | None, float]

OWN_COLUMNS = ("agency", "stratum", "psu", "weight", "disposition", "substitute")
YES, NO = "yes", "no"
# As `sipas estimate` reads a missing value, and other than a blank: a question that does not apply was answered.
DOES_NOT_APPLY = "NA"


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Places drawn alike of which not as many answered as there are answers."""

    agency: str
    stratum: str
    psu: str | None
    weight: float
    answered: int
    responses: int


@dataclass(frozen=True, slots=True)
class Exported:
    """The table, its columns as texts, and where answers and those who answered differ in number."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    responses: int
    others: int
    mismatches: tuple[Mismatch, ...]


def table(session: Session, fieldwork: FieldworkRef) -> Exported:
    """Everybody who holds a place at last, with the answers where there are any."""
    codes = dict(session.execute(select(Agency.id, Agency.code)).all())
    groups = [one for one in fieldworks.groups(session, fieldwork) if not one.is_replaced]
    given = _responses(session, fieldwork)
    answer_ids = questionnaires.get(session, fieldwork.wave.questionnaire_hash).answer_ids
    names = tuple(name for name in OWN_COLUMNS if name != "psu" or any(one.psu is not None for one in groups))
    substitutes = _substitutes(groups)
    answered = [
        (*_own(names, codes, place, dispositions.ANSWERED, substitutes.get(place, "")), *_texts(answers, answer_ids))
        for place, answers in given
    ]
    nothing = ("",) * len(answer_ids)
    others = [
        (*_own(names, codes, one.place, one.final, YES if one.is_substitute else NO), *nothing)
        for one in groups
        if not one.answered
        for _ in range(one.n)
    ]
    return Exported(
        names=(*names, *answer_ids),
        rows=tuple(sorted([*answered, *others])),
        responses=len(answered),
        others=len(others),
        mismatches=tuple(_mismatches(groups, Counter(place for place, _ in given), codes)),
    )


def write(exported: Exported, out: Path) -> None:
    """Write the table as CSV, or as Parquet where the name says so; the file appears when it is whole."""
    with whole_files([out]) as (stream,), frame_writer(out, stream, exported.names) as writer:
        writer.write([[row[at] for row in exported.rows] for at in range(len(exported.names))])


def mismatches(session: Session, fieldwork: FieldworkRef) -> tuple[Mismatch, ...]:
    """Where answers and those who answered differ in number."""
    codes = dict(session.execute(select(Agency.id, Agency.code)).all())
    groups = [one for one in fieldworks.groups(session, fieldwork) if not one.is_replaced]
    return tuple(_mismatches(groups, Counter(session.execute(_places(fieldwork)).all()), codes))


def _places(fieldwork: FieldworkRef) -> Any:
    return select(Response.agency_id, Response.stratum, Response.psu, Response.weight).where(
        Response.wave_id == fieldwork.wave.id, Response.stream == Stream.SAMPLE
    )


def _responses(session: Session, fieldwork: FieldworkRef) -> list[tuple[Place, Mapping[str, Any]]]:
    rows = session.execute(_places(fieldwork).add_columns(Response.answers))
    return [
        ((agency, stratum or "", psu, weight), json.loads(answers)) for agency, stratum, psu, weight, answers in rows
    ]


def _substitutes(groups: Sequence[OutcomeGroup]) -> dict[Place, str]:
    """Whether those who answered were substitutes, by place; where both kinds are alike it cannot be told."""
    kinds: dict[Place, set[str]] = {}
    for one in groups:
        if one.answered:
            kinds.setdefault(one.place, set()).add(YES if one.is_substitute else NO)
    return {place: found.pop() for place, found in kinds.items() if len(found) == 1}


def _own(
    names: Sequence[str], codes: Mapping[int, str], place: Place, disposition: str, substitute: str
) -> Iterator[str]:
    agency, stratum, psu, weight = place
    values = {
        "agency": codes[agency],
        "stratum": harmless(stratum),
        "psu": harmless(psu or ""),
        "weight": repr(weight),
        "disposition": disposition,
        "substitute": substitute,
    }
    return (values[name] for name in names)


def _texts(answers: Mapping[str, Any], answer_ids: Sequence[str]) -> Iterator[str]:
    for name in answer_ids:
        value = answers.get(name)
        if value is None or value == NOT_APPLICABLE:
            yield "" if value is None else DOES_NOT_APPLY
        elif isinstance(value, list):
            yield "|".join(map(str, value))
        else:
            yield harmless(str(value))


def _mismatches(
    groups: Sequence[OutcomeGroup], given: Mapping[Any, int], codes: Mapping[int, str]
) -> Iterator[Mismatch]:
    responses = {(place[0], place[1] or "", *place[2:]): n for place, n in given.items()}
    answered: Counter[Place] = Counter()
    for one in groups:
        if one.answered:
            answered[one.place] += one.n
    for place in sorted({*answered, *responses}, key=str):
        if answered[place] != responses.get(place, 0):
            agency, stratum, psu, weight = place
            yield Mismatch(codes[agency], stratum, psu, weight, answered[place], responses.get(place, 0))
