"""Importing responses from a CSV file: every fault is reported with its line, or every line is kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from survey.i18n import DEFAULT, mark
from survey.models import Response, Stream
from survey.services import agencies, counters, csv_table, import_columns, receipt_days, waves
from survey.services.import_columns import Unreadable
from survey.services.import_lines import LineReader, heading_problems, refuse_faults
from survey.services.import_problems import ImportProblem, ImportRejected, rejected
from survey.services.response_rows import Reader, free_receipts, to_the_minute

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy.orm import Session

    from forms.definition import Questionnaire
    from survey.services.import_columns import Parse
    from survey.services.import_lines import Check
    from survey.services.references import AgencyRef, CounterRef, WaveRef
    from survey.services.response_rows import Given

# Saving them keeps other writers waiting for some seconds, no longer.
MOST_RESPONSES = 200_000
REQUIRED_COLUMNS = ("agency", "answered_on")


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a file goes: a wave, the stream its answers came by, and the agencies and counters it may name."""

    wave: WaveRef
    stream: Stream
    agencies: Sequence[AgencyRef]
    counters: Sequence[CounterRef]


@dataclass(frozen=True, slots=True)
class ImportedResponse:
    """One line of a file: what `copies` respondents answered."""

    agency: AgencyRef
    counter: CounterRef | None
    answered_on: dt.date
    weight: float
    stratum: str | None
    psu: str | None
    copies: int
    answers: Mapping[str, Any]
    given: Given


@dataclass(frozen=True, slots=True)
class ImportBatch:
    """A whole file without a fault."""

    destination: Destination
    responses: tuple[ImportedResponse, ...]
    fingerprint: str

    @property
    def respondents(self) -> int:
        """How many responses the file holds."""
        return sum(response.copies for response in self.responses)


def destination(session: Session, wave: WaveRef, *, stream: str | None = None) -> Destination:
    """The wave as a destination; the stream is the wave's own unless another is named."""
    return Destination(
        wave=wave,
        stream=waves.stream_named(stream or wave.stream),
        agencies=agencies.listing(session),
        counters=counters.listing(session),
    )


def read_responses(data: bytes, questionnaire: Questionnaire, *, into: Destination) -> ImportBatch:
    """The responses in a CSV file, or ImportRejected with everything that is wrong with it.

    Columns: `agency` (code or full name), `answered_on`; if wanted `counter`, `weight`, `stratum`, `psu` and `count`,
    the number of respondents a line stands for; then items by their id. A blank is a question not answered.
    """
    table = csv_table.read(data)
    columns = _columns(questionnaire, into)
    problems = [
        *heading_problems(table.heading, list(columns), required=REQUIRED_COLUMNS),
        *_no_answers(table.heading, questionnaire),
    ]
    if problems:
        raise ImportRejected(problems)
    answer_ids = [name for name in questionnaire.answer_ids if name in table.heading]
    checks = (_answered(answer_ids), _counter_is_of_agency)
    lines = LineReader(table.heading, columns, required=REQUIRED_COLUMNS, checks=checks)
    reader = Reader(questionnaire)
    responses = [
        _response(given, answer_ids, reader) for line in table.lines if (given := lines.read(line)) is not None
    ]
    refuse_faults([*table.problems, *lines.problems])
    batch = ImportBatch(into, tuple(responses), hashlib.sha256(data).hexdigest())
    _check_size(batch)
    return batch


def save(session: Session, batch: ImportBatch, *, received_at: dt.datetime, language: str = DEFAULT) -> int:
    """Keep every response of the file and return how many; the same file is not kept twice in a wave."""
    keys = list(_keys(batch))
    if session.scalar(select(Response.id).where(Response.submission_key == keys[0])) is not None:
        raise rejected(
            mark("This file was already imported into the wave {wave}; nothing was added."),
            mark("If other answers were meant, choose the other file."),
            wave=batch.destination.wave.code,
        )
    receipts = free_receipts(session, keys)
    received_at = receipt_days.in_an_open_day(session, received_at)
    common = _common(batch, received_at=received_at, language=language)
    rows = [
        common | row | {"submission_key": key, "receipt": receipt}
        for row, key, receipt in zip(_rows(batch), keys, receipts, strict=True)
    ]
    session.execute(insert(Response), rows)
    return len(rows)


def _columns(questionnaire: Questionnaire, into: Destination) -> dict[str, Parse]:
    weighted = into.stream is not Stream.COUNTER
    return {
        "agency": import_columns.agency(into.agencies),
        "counter": import_columns.counter(into.counters),
        "answered_on": import_columns.day(opens_on=into.wave.opens_on, closes_on=into.wave.closes_on),
        "weight": import_columns.weight if weighted else import_columns.unweighted,
        "stratum": import_columns.text_of(import_columns.LONGEST_LABEL),
        "psu": import_columns.text_of(import_columns.LONGEST_LABEL),
        "count": import_columns.copies,
        **import_columns.answers(questionnaire),
    }


def _no_answers(heading: Sequence[str], questionnaire: Questionnaire) -> Iterator[ImportProblem]:
    if not set(heading) & set(questionnaire.answer_ids):
        items = ", ".join(item.id for item in questionnaire.rating_items[:6])
        yield ImportProblem(
            mark("No column holds answers."),
            mark("Name the columns after the questions: {items}, …"),
            line=1,
            values={"items": items},
        )


def _answered(answer_ids: Sequence[str]) -> Check:
    def check(given: Mapping[str, Any]) -> None:
        if not any(name in given for name in answer_ids):
            raise Unreadable(mark("The line has no answers."), mark("Delete the line, or fill it in."))

    return check


def _counter_is_of_agency(given: Mapping[str, Any]) -> None:
    counter, agency = given.get("counter"), given.get("agency")
    if counter is not None and agency is not None and counter.agency != agency:
        raise Unreadable(
            mark("The counter {counter} is not of the agency {agency}."),
            mark("Correct one of the two."),
            column="counter",
            counter=counter.code,
            agency=agency.code,
        )


def _response(given: Mapping[str, Any], answer_ids: Sequence[str], reader: Reader) -> ImportedResponse:
    answers = {name: given[name] for name in answer_ids if name in given}
    return ImportedResponse(
        agency=given["agency"],
        counter=given.get("counter"),
        answered_on=given["answered_on"],
        weight=given.get("weight", 1.0),
        stratum=given.get("stratum"),
        psu=given.get("psu"),
        copies=given.get("count", 1),
        answers=answers,
        given=reader.given(answers),
    )


def _check_size(batch: ImportBatch) -> None:
    if not batch.responses:
        raise rejected(mark("The file has a heading and no lines."), mark("Add at least one line."))
    if batch.respondents > MOST_RESPONSES:
        raise rejected(
            mark("The file stands for {count} responses, more than {most}."),
            mark("Split it into several files."),
            count=batch.respondents,
            most=MOST_RESPONSES,
        )


def _keys(batch: ImportBatch) -> Iterator[str]:
    """A key for each response, the same whenever this file goes to this wave and stream."""
    where = f"{batch.destination.wave.code} {batch.destination.stream} {batch.fingerprint}"
    for number in range(batch.respondents):
        yield hashlib.sha256(f"import {where} {number}".encode()).hexdigest()[:32]


def _common(batch: ImportBatch, *, received_at: dt.datetime, language: str) -> dict[str, Any]:
    return {
        "wave_id": batch.destination.wave.id,
        "questionnaire_hash": batch.destination.wave.questionnaire_hash,
        "stream": batch.destination.stream,
        "language": language,
        "received_at": to_the_minute(received_at),
    }


def _rows(batch: ImportBatch) -> Iterator[dict[str, Any]]:
    for response in batch.responses:
        row = {
            "agency_id": response.agency.id,
            "counter_id": response.counter.id if response.counter else None,
            "answered_on": response.answered_on,
            "weight": response.weight,
            "stratum": response.stratum,
            "psu": response.psu,
            "answers": response.given.answers,
            "answers_digest": response.given.digest,
            "ratings": response.given.ratings,
        }
        for _ in range(response.copies):
            yield row
