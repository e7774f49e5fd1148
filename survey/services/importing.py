"""Importing responses from a CSV file: every fault is reported with its line, or every line is kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from survey.i18n import DEFAULT, mark
from survey.models import Response, Stream
from survey.services import agencies, counters, csv_table, import_columns, waves
from survey.services.import_columns import Unreadable, nearest
from survey.services.import_problems import ImportProblem, ImportRejected, rejected, shown
from survey.services.response_rows import Reader, free_receipts, to_the_minute

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy.orm import Session

    from forms.definition import Questionnaire
    from survey.services.csv_table import Line
    from survey.services.import_columns import Parse
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
    problems = list(_heading_problems(table.heading, columns, questionnaire))
    if problems:
        raise ImportRejected(problems)
    reader = _LineReader(table.heading, columns, questionnaire)
    responses = [response for line in table.lines if (response := reader.read(line)) is not None]
    problems = sorted([*table.problems, *reader.problems], key=lambda problem: problem.line or 0)
    if problems:
        raise ImportRejected(problems)
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
        "stratum": import_columns.label,
        "psu": import_columns.label,
        "count": import_columns.copies,
        **import_columns.answers(questionnaire),
    }


def _heading_problems(
    heading: Sequence[str], columns: Mapping[str, Parse], questionnaire: Questionnaire
) -> Iterator[ImportProblem]:
    for place, name in enumerate(heading):
        if name not in columns:
            yield _unknown_column(name, [one for one in columns if one not in heading])
        elif name in heading[:place]:
            yield ImportProblem(
                mark("The column is there twice."), mark("Delete or rename one of them."), line=1, column=name
            )
    for name in REQUIRED_COLUMNS:
        if name not in heading:
            yield ImportProblem(mark("The column is missing."), mark("Add it."), line=1, column=name)
    if not set(heading) & set(questionnaire.answer_ids):
        items = ", ".join(item.id for item in questionnaire.rating_items[:6])
        yield ImportProblem(
            mark("No column holds answers."),
            mark("Name the columns after the questions: {items}, …"),
            line=1,
            values={"items": items},
        )


def _unknown_column(name: str, known: Sequence[str]) -> ImportProblem:
    close = nearest(name, known)
    remedy = mark("Did you mean “{nearest}”?") if close else mark("Delete it, or rename it to one of: {known}.")
    return ImportProblem(
        mark("The column “{value}” is not known."),
        remedy,
        line=1,
        column=shown(name),
        value=shown(name),
        values={"value": shown(name), "nearest": close, "known": ", ".join(known)},
    )


class _LineReader:
    """Reads lines and gathers what is wrong with them."""

    def __init__(self, heading: Sequence[str], columns: Mapping[str, Parse], questionnaire: Questionnaire) -> None:
        self.problems: list[ImportProblem] = []
        self._cells = [(at, name, columns[name]) for at, name in enumerate(heading)]
        self._answer_ids = [name for name in questionnaire.answer_ids if name in heading]
        self._reader = Reader(questionnaire)
        self._read_before: dict[tuple[str, str], Any] = {}

    def read(self, line: Line) -> ImportedResponse | None:
        """The response of a line, or None where something is wrong with it."""
        before = len(self.problems)
        given = {
            name: self._value(line, name, line.cells[at], parse) for at, name, parse in self._cells if line.cells[at]
        }
        if len(self.problems) == before:
            self._check_whole(line, given)
        return self._response(given) if len(self.problems) == before else None

    def _value(self, line: Line, name: str, text: str, parse: Parse) -> Any:
        # A file has few different values and many cells.
        key = (name, text)
        if key not in self._read_before:
            try:
                self._read_before[key] = parse(text)
            except Unreadable as fault:
                self._fault(line, fault, column=name, value=text)
                return None
        return self._read_before[key]

    def _check_whole(self, line: Line, given: Mapping[str, Any]) -> None:
        for name in REQUIRED_COLUMNS:
            if name not in given:
                self._fault(line, Unreadable(mark("Nothing is written here."), mark("Fill it in.")), column=name)
        if not any(name in given for name in self._answer_ids):
            self._fault(line, Unreadable(mark("The line has no answers."), mark("Delete the line, or fill it in.")))
        counter, agency = given.get("counter"), given.get("agency")
        if counter is not None and agency is not None and counter.agency != agency:
            fault = Unreadable(
                mark("The counter {counter} is not of the agency {agency}."),
                mark("Correct one of the two."),
                counter=counter.code,
                agency=agency.code,
            )
            self._fault(line, fault, column="counter", value=counter.code)

    def _fault(self, line: Line, fault: Unreadable, *, column: str | None = None, value: str | None = None) -> None:
        short = None if value is None else shown(value)
        values = {"value": short, **fault.values}
        self.problems.append(ImportProblem(fault.template, fault.remedy, line.number, column, short, values))

    def _response(self, given: Mapping[str, Any]) -> ImportedResponse:
        answers = {name: given[name] for name in self._answer_ids if name in given}
        return ImportedResponse(
            agency=given["agency"],
            counter=given.get("counter"),
            answered_on=given["answered_on"],
            weight=given.get("weight", 1.0),
            stratum=given.get("stratum"),
            psu=given.get("psu"),
            copies=given.get("count", 1),
            answers=answers,
            given=self._reader.given(answers),
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
