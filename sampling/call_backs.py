"""Who is called back (phúc tra): a part of those who answered, of each worker's people at least one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sampling.allocation import allocate
from sampling.arrays import codes
from sampling.errors import SamplingError
from sampling.rounding import whole
from sampling.selection import stratified
from sampling.strata import strata

if TYPE_CHECKING:
    from sampling.arrays import IntArray, LabelColumn


def call_back_sample(workers: LabelColumn, share: float, *, rng: np.random.Generator) -> IntArray:
    """Draw those to be called back, in proportion to the workers' answers and one of each at least.

    Parameters
    ----------
    workers : array_like of str, shape (N,)
        Whose person each of those who answered is.
    share : float
        Of those who answered, above 0 and at most 1; rounded up to whole people.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of int
        Rows, ascending.

    Raises
    ------
    SamplingError
        Nobody answered, or the share is none.

    References
    ----------
    .. [1] Biemer & Stokes (1989), The optimal design of quality control samples to detect interviewer cheating, Journal
       of Official Statistics 5, 23-39.

    Examples
    --------
    >>> from sampling.record import generator
    >>> workers = ["A"] * 30 + ["B"] * 9 + ["C"]
    >>> rows = call_back_sample(workers, 0.1, rng=generator(1))
    >>> sorted(workers[row] for row in rows)
    ['A', 'A', 'B', 'C']
    """
    if not 0 < share <= 1:
        raise SamplingError("the share {share} to call back: give one above 0 and at most 1, as 0.1", share=share)
    code, levels = codes(workers)
    if len(code) == 0:
        raise SamplingError("nobody has answered yet, so that there is nobody to call back")
    names = [str(level) for level in levels]
    counts = np.bincount(code, minlength=len(names))
    number = max(whole(share * len(code)), len(names))
    sizes = allocate(strata(names, counts), number, minimum=1).by_name
    return stratified(workers, sizes, rng=rng, allow_lone=True).rows
