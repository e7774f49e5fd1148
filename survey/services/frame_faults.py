"""The faults of a long list: the first of them with row, column, value and remedy, and how many there are in all."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from sampling.frame import UNKNOWN
from survey.i18n import mark
from survey.services import frame_cells as cells
from survey.services.import_problems import MOST_PROBLEMS, ImportProblem, ImportRejected, shown
from survey.services.list_chunks import Records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from survey.services.frame_columns import FrameColumns
    from survey.services.list_chunks import Columns
    from survey.services.listed_rows import ListedRows

    Cells = Records | Columns


class Faults:
    """Gathers what is wrong with the rows of a list, and makes rows fit its heading."""

    def __init__(self, columns: FrameColumns) -> None:
        self._columns = columns
        self._first: list[ImportProblem] = []
        self._told: Counter[str] = Counter()
        self._total = 0

    def fitted(self, part: ListedRows) -> tuple[NDArray[np.int64], Cells]:
        """The records that hold something, padded to the heading's width, and their numbers in the file."""
        width, agency = len(self._columns.heading), self._columns.places["agency"][0]
        if part.columns is not None and part.columns.width == width and not part.columns.has_blank(agency):
            return np.arange(part.first, part.first + len(part.columns)), part.columns
        records = part.records if part.columns is None else part.columns.records()
        numbers = np.arange(part.first, part.first + len(records))
        if set(map(len, records)) == {width} and all(record[agency] for record in records):
            return numbers, Records(records)
        filled = [at for at, record in enumerate(records) if any(cell.strip() for cell in record)]
        for at in filled:
            if any(records[at][width:]):
                self._too_long(int(numbers[at]), len(records[at]), width)
        return numbers[filled], Records([(records[at] + [""] * width)[:width] for at in filled])

    def codes(
        self, role: str, found: NDArray[np.int64], numbers: NDArray[np.int64], rows_of: Cells
    ) -> NDArray[np.int64]:
        """Codes of a column, the faulty ones told and made unknown."""
        faulty = found == cells.FAULT
        if faulty.any():
            said = cells.NO_AGENCY if role == "agency" else cells.NO_FIELD
            self._tell(role, faulty, numbers, rows_of, said)
            found[faulty] = UNKNOWN
        return found

    def days(self, found: NDArray[np.int64], numbers: NDArray[np.int64], rows_of: Cells) -> NDArray[np.datetime64]:
        """Days of a column, the faulty ones told and made none."""
        faulty = found == cells.FAULTY_DAY
        if faulty.any():
            self._tell("day", faulty, numbers, rows_of, cells.NO_SUCH_DAY)
            found[faulty] = cells.NO_DAY
        return found.astype("datetime64[D]")

    def shortened(self, faulty: NDArray[np.bool_], numbers: NDArray[np.int64], rows_of: Cells) -> None:
        """Tell the identity numbers that a spreadsheet has shortened."""
        if faulty.any():
            self._tell("person", faulty, numbers, rows_of, cells.SHORTENED)

    def personal(self, column: str, values: Sequence[str | None]) -> None:
        """Tell the cells of a kept column that say who somebody is; without their values, and only once a column."""
        if None in values and not any(problem.column == column for problem in self._first):
            template, remedy = cells.PERSONAL
            self._add(ImportProblem(template, remedy, column=shown(column)))

    def refuse(self) -> None:
        """Raise ImportRejected if there is any fault."""
        if self._total:
            raise ImportRejected(sorted(self._first, key=lambda problem: problem.line or 0), total=self._total)

    def _tell(
        self,
        role: str,
        faulty: NDArray[np.bool_],
        numbers: NDArray[np.int64],
        rows_of: Cells,
        said: tuple[str, str],
    ) -> None:
        place = self._columns.places[role][0]
        texts = rows_of.texts(place)
        rows = np.flatnonzero(faulty)
        # So many of each kind, of which the first by row are shown in the end.
        chosen = rows[: max(MOST_PROBLEMS - self._told[role], 0)].tolist()
        self._told[role] += len(chosen)
        for row in chosen:
            value = shown(texts[row])
            values = {"value": value, "most": cells.MOST_FIELDS}
            column = shown(self._columns.heading[place])
            self._first.append(ImportProblem(*said, int(numbers[row]), column, value, values))
        self._total += len(rows)

    def _too_long(self, number: int, found: int, width: int) -> None:
        self._add(
            ImportProblem(
                mark("The line has {found} values, the heading {expected}."),
                mark("Put quotation marks around a text that holds the separator."),
                line=number,
                values={"found": found, "expected": width},
            )
        )

    def _add(self, problem: ImportProblem) -> None:
        if self._told[""] < MOST_PROBLEMS:
            self._told[""] += 1
            self._first.append(problem)
        self._total += 1
