"""What became of each person drawn: the four outcomes that weights depend on, from words or AAPOR's codes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from analysis.errors import AnalysisError
from analysis.margins import encode

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from analysis.arrays import IntArray

OUTCOMES = ("respondent", "nonrespondent", "ineligible", "unknown")
RESPONDENT, NONRESPONDENT, INELIGIBLE, UNKNOWN = range(len(OUTCOMES))

# AAPOR's final dispositions by their first digit; a partial interview (1.2) counts as a response.
_AAPOR = {"1": RESPONDENT, "2": NONRESPONDENT, "3": UNKNOWN, "4": INELIGIBLE}
_CODE = re.compile(r"([1-4])(\.\d{1,4}|\d{0,3})")


def outcome_of(disposition: str) -> int | None:
    """The outcome that a disposition stands for.

    Parameters
    ----------
    disposition : str
        One of `OUTCOMES`, or a final disposition code of the American Association for Public Opinion Research: 1.x
        interviews, 2.x eligible and not interviewed, 3.x of unknown eligibility, 4.x not eligible; also without the
        point.

    Returns
    -------
    int or None
        Position in `OUTCOMES`; None if it stands for nothing.

    References
    ----------
    .. [1] AAPOR (2023), Standard Definitions: Final Dispositions of Case Codes and Outcome Rates for Surveys, 10th ed.

    Examples
    --------
    >>> outcome_of("2.11") == NONRESPONDENT, outcome_of("Unknown") == UNKNOWN, outcome_of("5")
    (True, True, None)
    """
    word = disposition.strip().casefold()
    if word in OUTCOMES:
        return OUTCOMES.index(word)
    code = _CODE.fullmatch(word)
    return _AAPOR[code[1]] if code else None


def outcomes(dispositions: ArrayLike, *, column: str = "disposition") -> IntArray:
    """The outcome of each person drawn.

    Parameters
    ----------
    dispositions : array_like of str, shape (n,)
    column : str
        What messages call them.

    Returns
    -------
    ndarray of int, shape (n,)
        Positions in `OUTCOMES`.

    Raises
    ------
    AnalysisError
        One is missing or stands for nothing; the message has its row.

    Examples
    --------
    >>> outcomes(["1.1", "nonrespondent", "1.2"]).tolist()
    [0, 1, 0]
    >>> outcomes(["1.1", "9.9"])
    Traceback (most recent call last):
    analysis.errors.AnalysisError: row 2, column disposition: “9.9” is no disposition (1 such rows): ...
    """
    code, levels = encode(np.asarray(dispositions, dtype=object))
    missing = np.flatnonzero(code < 0)
    if missing.size:
        raise AnalysisError(
            "row {row}, column {column}: the disposition is missing ({count} such rows): "
            "write unknown where it is not known whether the person belongs to the population",
            row=int(missing[0]) + 1,
            column=column,
            count=int(missing.size),
        )
    known = np.array([-1 if (found := outcome_of(str(level))) is None else found for level in levels], dtype=np.int64)
    outcome: IntArray = known[code]
    wrong = np.flatnonzero(outcome < 0)
    if wrong.size:
        raise AnalysisError(
            "row {row}, column {column}: “{value}” is no disposition ({count} such rows): "
            "use {choices}, or an AAPOR code from 1.0 to 4.9",
            row=int(wrong[0]) + 1,
            column=column,
            value=levels[code[wrong[0]]],
            count=int(wrong.size),
            choices=", ".join(OUTCOMES),
        )
    return outcome
