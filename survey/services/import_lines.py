"""What all files of lines share: the heading is checked, each line is read by its columns, every fault is gathered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from survey.i18n import mark
from survey.services import csv_table
from survey.services.import_columns import Unreadable, nearest
from survey.services.import_problems import ImportProblem, ImportRejected, rejected, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from survey.services.csv_table import Line
    from survey.services.import_columns import Parse

    # Looks at the values of a whole line, by column; raises Unreadable.
    Check = Callable[[Mapping[str, Any]], None]


def read_lines(
    data: bytes, columns: Mapping[str, Parse], *, required: Sequence[str], checks: Sequence[Check] = ()
) -> list[dict[str, Any]]:
    """The values of each line of a CSV file, by column, or ImportRejected with everything that is wrong with it."""
    table = csv_table.read(data)
    problems = list(heading_problems(table.heading, list(columns), required=required))
    if problems:
        raise ImportRejected(problems)
    reader = LineReader(table.heading, columns, required=required, checks=checks)
    values = [given for line in table.lines if (given := reader.read(line)) is not None]
    refuse_faults([*table.problems, *reader.problems])
    if not values:
        raise rejected(mark("The file has a heading and no lines."), mark("Add at least one line."))
    return values


def once(*columns: str) -> Check:
    """A check that no two lines have the same values in these columns."""
    seen: set[tuple[Any, ...]] = set()

    def check(given: Mapping[str, Any]) -> None:
        key = tuple(given.get(name) for name in columns)
        if None in key:
            return
        if key in seen:
            raise Unreadable(
                mark("An earlier line has the same here."),
                mark("Delete or correct one of the two."),
                column=columns[-1],
            )
        seen.add(key)

    return check


def heading_problems(
    heading: Sequence[str], known: Sequence[str], *, required: Sequence[str]
) -> Iterator[ImportProblem]:
    """What is wrong with the names of the columns."""
    for place, name in enumerate(heading):
        if name not in known:
            yield _unknown_column(name, [one for one in known if one not in heading])
        elif name in heading[:place]:
            yield ImportProblem(
                mark("The column is there twice."), mark("Delete or rename one of them."), line=1, column=name
            )
    for name in required:
        if name not in heading:
            yield ImportProblem(mark("The column is missing."), mark("Add it."), line=1, column=name)


def refuse_faults(problems: Sequence[ImportProblem]) -> None:
    """Raise ImportRejected with the faults in the order of their lines, if there are any."""
    if problems:
        raise ImportRejected(sorted(problems, key=lambda problem: problem.line or 0))


class LineReader:
    """Reads lines and gathers what is wrong with them."""

    def __init__(
        self,
        heading: Sequence[str],
        columns: Mapping[str, Parse],
        *,
        required: Sequence[str],
        checks: Sequence[Check] = (),
    ) -> None:
        self.problems: list[ImportProblem] = []
        self._cells = [(at, name, columns[name]) for at, name in enumerate(heading)]
        self._place = {name: at for at, name in enumerate(heading)}
        self._required = required
        self._checks = checks
        self._read_before: dict[tuple[str, str], Any] = {}

    def read(self, line: Line) -> dict[str, Any] | None:
        """The values of a line by column, without the blanks, or None where something is wrong with it."""
        before = len(self.problems)
        given = {
            name: self._value(line, name, line.cells[at], parse) for at, name, parse in self._cells if line.cells[at]
        }
        if len(self.problems) == before:
            self._check_whole(line, given)
        return given if len(self.problems) == before else None

    def _value(self, line: Line, name: str, text: str, parse: Parse) -> Any:
        # A file has few different values and many cells.
        key = (name, text)
        if key not in self._read_before:
            try:
                self._read_before[key] = parse(text)
            except Unreadable as fault:
                self._fault(line, fault, column=name)
                return None
        return self._read_before[key]

    def _check_whole(self, line: Line, given: Mapping[str, Any]) -> None:
        for name in self._required:
            if name not in given:
                self._fault(line, Unreadable(mark("Nothing is written here."), mark("Fill it in.")), column=name)
        for check in self._checks:
            try:
                check(given)
            except Unreadable as fault:
                self._fault(line, fault, column=fault.column)

    def _fault(self, line: Line, fault: Unreadable, *, column: str | None) -> None:
        text = line.cells[self._place[column]] if column in self._place else ""
        short = shown(text) if text else None
        values = {"value": short, **fault.values}
        self.problems.append(ImportProblem(fault.template, fault.remedy, line.number, column, short, values))


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
