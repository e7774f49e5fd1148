"""Weights as a file gives them, refused with the line of the first that cannot be one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from survey.i18n import mark
from survey.services.errors import ServiceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from survey.engine.tables import TableFile


def checked_weights(source: TableFile, column: str, weights: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """The weights, all above zero; raises ServiceError naming line and column."""
    wrong = np.flatnonzero(~(weights > 0))
    if wrong.size:
        row = int(wrong[0])
        value = weights[row]
        raise ServiceError(
            mark("line {line}, column {column}: the weight {value} is not above zero ({count} such rows): mend them"),
            line=source.place(row),
            column=column,
            value="–" if np.isnan(value) else f"{value:.10g}",
            count=int(wrong.size),
        )
    return weights.astype(np.float64, copy=False)
