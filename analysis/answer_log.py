"""The log of answers that integrity is judged by: who was rated where and when, and what was ticked; plain columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.arrays import codes, label_tuple
from analysis.copies import vector_keys
from analysis.errors import AnalysisError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from analysis.arrays import BoolArray, FloatArray, IntArray

UNKNOWN = -1
MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True, eq=False)
class AnswerLog:
    """Responses of one wave and stream, one entry each; made by :meth:`from_columns`, which checks them.

    Attributes
    ----------
    agencies : tuple
        Labels of the agencies, in sorted order.
    agency : ndarray of int, shape (n,)
        The place of each response's agency among `agencies`.
    ratings : ndarray of int8, shape (n, k)
        Levels from 1 upwards; -1 where there is no answer.
    highest : ndarray of int8, shape (k,)
        The best level of each item.
    counter : ndarray of int, shape (n,)
        Numbered from 0; the agency's own number where counters are not told apart.
    day, minute : ndarray of int, shape (n,)
        Proleptic ordinal (`datetime.date.toordinal`) and minute of the day on which it was received; -1 where unknown.
    quick, from_office : ndarray of int8, shape (n,)
        1 or 0; -1 where unknown.
    answered, total : ndarray of int, shape (n,)
        How many items have an answer, and the sum of their ratings.
    rating : ndarray, shape (n,)
        Mean of the ratings, each from worst 0 to best 1; 0 without an answer.
    vector : ndarray of int, shape (n,)
        Numbered from 0, the same where all ratings are the same.
    """

    agencies: tuple[Any, ...]
    agency: IntArray
    ratings: NDArray[np.int8]
    highest: NDArray[np.int8]
    counter: IntArray
    day: IntArray
    minute: IntArray
    quick: NDArray[np.int8]
    from_office: NDArray[np.int8]
    answered: IntArray
    total: IntArray
    rating: FloatArray
    vector: IntArray

    @classmethod
    def from_columns(
        cls,
        agency: ArrayLike,
        ratings: ArrayLike,
        *,
        highest: ArrayLike = 5,
        counter: ArrayLike | None = None,
        day: ArrayLike | None = None,
        minute: ArrayLike | None = None,
        quick: ArrayLike | None = None,
        from_office: ArrayLike | None = None,
    ) -> AnswerLog:
        """Check the columns once.

        Parameters
        ----------
        agency : array_like, shape (n,)
            Labels.
        ratings : array_like of int, shape (n, k)
            The rating items of the response, 1 the worst; -1 where there is no answer.
        highest : int or array_like of int, shape (k,)
            The best level of the items.
        counter : array_like, optional
            Labels; counters of different agencies are different ones.
        day, minute : array_like of int, optional
            When it was received, to the minute; -1 where unknown.
        quick, from_office : array_like of bool or int, optional
            Answered faster than a human can read; sent from the office's own network. -1 where unknown.

        Returns
        -------
        AnswerLog

        Raises
        ------
        AnalysisError
            A column has another length than `agency`, or a value that it cannot have.

        Examples
        --------
        >>> log = AnswerLog.from_columns(["B", "A"], [[5, 4], [3, -1]], quick=[False, True])
        >>> log.agencies, log.agency.tolist(), log.quick.tolist(), log.minute.tolist()
        (('A', 'B'), [1, 0], [0, 1], [-1, -1])
        """
        agency_code, labels = codes(agency)
        rows = len(agency_code)
        table, best = _ratings(ratings, highest, rows=rows)
        return cls(
            agencies=label_tuple(labels),
            agency=agency_code,
            ratings=table,
            highest=best,
            counter=_counters(counter, agency_code),
            day=_whole("day", day, rows=rows, largest=None).astype(np.int64),
            minute=_whole("minute", minute, rows=rows, largest=MINUTES_A_DAY - 1).astype(np.int64),
            quick=_whole("quick", quick, rows=rows, largest=1).astype(np.int8),
            from_office=_whole("from_office", from_office, rows=rows, largest=1).astype(np.int8),
            **_summaries(table, best),
        )

    def __len__(self) -> int:
        """Responses."""
        return len(self.agency)

    @property
    def timed(self) -> BoolArray:
        """Where day and minute are known."""
        return (self.day >= 0) & (self.minute >= 0)

    def count(self, chosen: BoolArray) -> IntArray:
        """How many of the chosen responses each agency has.

        Parameters
        ----------
        chosen : ndarray of bool, shape (n,)

        Returns
        -------
        ndarray of int, in the order of `agencies`
        """
        return np.bincount(self.agency[chosen], minlength=len(self.agencies))


def _ratings(given: ArrayLike, highest: ArrayLike, *, rows: int) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    table = np.asarray(given)
    if table.ndim != 2 or len(table) != rows or table.shape[1] == 0:  # noqa: PLR2004 (a table has two dimensions)
        raise AnalysisError(
            "ratings are a table of {rows} responses by items, not of shape {shape}", rows=rows, shape=table.shape
        )
    best = np.broadcast_to(np.asarray(highest), table.shape[1])
    possible = (table.dtype.kind in "iu") and np.all((table == UNKNOWN) | ((table >= 1) & (table <= best)))
    if not possible:
        raise AnalysisError(
            "ratings must be whole numbers from 1 to {highest}, or -1 where there is no answer",
            highest=int(best.max()),
        )
    # Column by column in memory: every summary runs over whole columns.
    return np.asfortranarray(table, dtype=np.int8), best.astype(np.int8)


def _summaries(ratings: NDArray[np.int8], highest: NDArray[np.int8]) -> dict[str, NDArray[Any]]:
    answered, total, possible = np.zeros((3, len(ratings)), dtype=np.int64)
    for column, best in zip(ratings.T, highest, strict=True):
        given = column >= 0
        answered += given
        total += np.where(given, column, 0)
        possible += np.where(given, best, 0)
    rating = (total - answered) / np.maximum(possible - answered, 1)
    vector = np.unique(vector_keys(ratings), return_inverse=True)[1]
    return {"answered": answered, "total": total, "rating": rating, "vector": vector}


def _counters(given: ArrayLike | None, agency: IntArray) -> IntArray:
    if given is None:
        return agency
    labels = np.asarray(given)
    if labels.shape != agency.shape:
        raise AnalysisError(
            "{column} has {count} values for {rows} responses: give each response one",
            column="counter",
            count=labels.size,
            rows=len(agency),
        )
    counter, levels = codes(labels)
    # Two agencies may call a counter the same.
    return codes(agency * len(levels) + counter)[0]


def _whole(name: str, given: ArrayLike | None, *, rows: int, largest: int | None) -> NDArray[Any]:
    """A column of whole numbers from 0, or -1; without a column all are unknown."""
    if given is None:
        return np.full(rows, UNKNOWN, dtype=np.int8)
    values = np.asarray(given)
    if values.shape != (rows,):
        raise AnalysisError(
            "{column} has {count} values for {rows} responses: give each response one",
            column=name,
            count=values.size,
            rows=rows,
        )
    if values.dtype.kind not in "iub":
        raise AnalysisError("{column} must be whole numbers, -1 where unknown", column=name)
    if rows and (values.min() < UNKNOWN or (largest is not None and values.max() > largest)):
        raise AnalysisError(
            "{column} goes from {low} to {high}, beyond what it can be: -1 means unknown",
            column=name,
            low=int(values.min()),
            high=int(values.max()),
        )
    return values
