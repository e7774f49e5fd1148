"""Agencies, and which of them took over from which, from CSV files: the list of units has a past."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from survey.i18n import mark
from survey.models import Agency, AgencyLevel, AgencySuccession
from survey.services import import_columns
from survey.services.agencies import listing, successions
from survey.services.import_columns import Unreadable
from survey.services.import_lines import once, read_lines
from survey.services.vietnamese import tidy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy.orm import Session

    from survey.services.import_columns import Parse
    from survey.services.import_lines import Check

REQUIRED_OF_AGENCY = ("code", "name", "kind", "level", "valid_from")
REQUIRED_OF_SUCCESSION = ("predecessor", "successor", "effective_on")
LONGEST_CODE, LONGEST_NAME, LONGEST_KIND = 80, 200, 40
_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)


def save_agencies(session: Session, data: bytes) -> int:
    """Keep every agency of a CSV file and return how many; or ImportRejected with everything that is wrong with it.

    Columns: `code`, `name`, `kind`, `level`, `valid_from`; if wanted `parent` (a code above in the file, or known) and
    `valid_to`. An agency whose code is known becomes what the file says of it; the others stay as they are.
    """
    known = {agency.code: agency for agency in session.scalars(select(Agency))}
    lines = read_lines(data, _agency_columns(), required=REQUIRED_OF_AGENCY, checks=_agency_checks(known))
    for line in lines:
        agency = known.setdefault(line["code"], Agency(code=line["code"]))
        agency.name, agency.kind, agency.level = line["name"], line["kind"], line["level"]
        agency.valid_from, agency.valid_to = line["valid_from"], line.get("valid_to")
        agency.parent = known[line["parent"]] if "parent" in line else None
        agency.to_be_confirmed = False
        session.add(agency)
    session.flush()
    return len(lines)


def save_successions(session: Session, data: bytes) -> int:
    """Keep every succession of a CSV file and return how many; or ImportRejected with everything that is wrong with it.

    Columns: `predecessor`, `successor` (codes or full names) and `effective_on`. A pair that is known gets the file's
    day.
    """
    named = import_columns.agency(listing(session))
    columns = {"predecessor": named, "successor": named, "effective_on": import_columns.any_day}
    lines = read_lines(data, columns, required=REQUIRED_OF_SUCCESSION, checks=_succession_checks(session))
    for line in lines:
        pair = {"predecessor_id": line["predecessor"].id, "successor_id": line["successor"].id}
        session.merge(AgencySuccession(**pair, on=line["effective_on"]))
    session.flush()
    return len(lines)


def _agency_columns() -> dict[str, Parse]:
    return {
        "code": _code,
        "name": _text(LONGEST_NAME),
        "kind": _text(LONGEST_KIND),
        "level": _level,
        "parent": _code,
        "valid_from": import_columns.any_day,
        "valid_to": import_columns.any_day,
    }


def _code(text: str) -> str:
    if not _CODE.fullmatch(text) or len(text) > LONGEST_CODE:
        raise Unreadable(
            mark("“{value}” is not an agency's code."),
            mark("Write small letters, figures and hyphens, as xa-ea-o; {longest} characters at most."),
            longest=LONGEST_CODE,
        )
    return text


def _text(longest: int) -> Parse:
    short_enough = import_columns.text_of(longest)

    def parse(text: str) -> str:
        return tidy(short_enough(text))

    return parse


def _level(text: str) -> AgencyLevel:
    if text not in set(AgencyLevel):
        raise Unreadable(
            mark("“{value}” is not a level."), mark("Write one of {choices}."), choices=", ".join(AgencyLevel)
        )
    return AgencyLevel(text)


def _agency_checks(known: Mapping[str, Agency]) -> list[Check]:
    return [once("code"), _dates_in_order, _parent_above(known)]


def _dates_in_order(given: Mapping[str, Any]) -> None:
    begins, ends = given.get("valid_from"), given.get("valid_to")
    if begins is not None and ends is not None and ends <= begins:
        raise Unreadable(
            mark("The agency ends on {ends}, and begins on {begins}."),
            mark("Correct one of the two days."),
            column="valid_to",
            begins=begins,
            ends=ends,
        )


def _parent_above(known: Mapping[str, Agency]) -> Check:
    parents = {code: agency.parent.code if agency.parent else None for code, agency in known.items()}

    def check(given: Mapping[str, Any]) -> None:
        code, parent = given.get("code"), given.get("parent")
        if code is None:
            return
        if parent is not None and parent not in parents:
            raise Unreadable(
                mark("There is no agency “{value}” here yet."),
                mark("Write the line of a parent above those of its agencies."),
                column="parent",
            )
        if code in _upwards(parent, parents):
            raise Unreadable(
                mark("The agency {agency} would be a part of itself."),
                mark("Correct the parent."),
                column="parent",
                agency=code,
            )
        parents[code] = parent

    return check


def _upwards(code: str | None, parents: Mapping[str, str | None]) -> Iterator[str]:
    while code is not None:
        yield code
        code = parents.get(code)


def _succession_checks(session: Session) -> list[Check]:
    rows = {agency.id: agency for agency in session.scalars(select(Agency))}
    takes_over: dict[int, set[int]] = {}
    for predecessor, successor, _ in successions(session):
        takes_over.setdefault(predecessor, set()).add(successor)
    return [once("predecessor", "successor"), _both_existed(rows), _no_circle(takes_over)]


def _both_existed(rows: Mapping[int, Agency]) -> Check:
    """Whoever hands over was there before that day, and whoever takes over is there on it."""

    def check(given: Mapping[str, Any]) -> None:
        if not all(name in given for name in REQUIRED_OF_SUCCESSION):
            return
        on = given["effective_on"]
        before, after = rows[given["predecessor"].id], rows[given["successor"].id]
        if not before.valid_from < on <= (before.valid_to or on):
            raise _was_not_there(before, column="predecessor")
        if not after.valid_from <= on < (after.valid_to or dt.date.max):
            raise _was_not_there(after, column="successor")

    return check


def _was_not_there(agency: Agency, *, column: str) -> Unreadable:
    return Unreadable(
        mark("The agency {agency} was not there on that day: it is valid from {begins} to {ends}."),
        mark("Correct the day, or the agency's days by `agencies import`."),
        column=column,
        agency=agency.code,
        begins=agency.valid_from,
        ends=agency.valid_to or "–",
    )


def _no_circle(takes_over: dict[int, set[int]]) -> Check:
    def check(given: Mapping[str, Any]) -> None:
        before, after = given.get("predecessor"), given.get("successor")
        if before is None or after is None:
            return
        if before.id in _onwards(after.id, takes_over):
            raise Unreadable(
                mark("The agency {agency} would take over from itself."),
                mark("Correct one of the two agencies."),
                column="successor",
                agency=before.code,
            )
        takes_over.setdefault(before.id, set()).add(after.id)

    return check


def _onwards(agency: int, takes_over: Mapping[int, set[int]]) -> set[int]:
    """The agency and all that its work went to in the end."""
    found, ahead = set(), [agency]
    while ahead:
        one = ahead.pop()
        if one not in found:
            found.add(one)
            ahead.extend(takes_over.get(one, ()))
    return found
