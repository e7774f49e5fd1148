"""Marks the sentences that results carry to a reader; `survey` translates them when they are shown."""

from __future__ import annotations


def N_(sentence: str) -> str:  # noqa: N802 - the name that Babel's extraction looks for
    """Mark a sentence for the catalogues, leaving it as it is.

    Parameters
    ----------
    sentence : str
        English, with values in braces.

    Returns
    -------
    str

    Examples
    --------
    >>> N_("Fewer than {minimum} respondents: no rank")
    'Fewer than {minimum} respondents: no rank'
    """
    return sentence
