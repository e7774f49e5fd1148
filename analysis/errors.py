"""The one error that this package raises on purpose."""

from __future__ import annotations


class AnalysisError(ValueError):
    """A question that the data cannot answer, or an argument that is not what it must be.

    The message is an English template with named values, so that the edge can translate the template and fill the
    values in the reader's language.

    Parameters
    ----------
    template : str
        A sentence with named places, as in ``"stratum {stratum} has one PSU: merge it with a neighbour"``.
    **values : object
        What fills the places.

    Examples
    --------
    >>> error = AnalysisError("row {row}: the weight {weight} is negative", row=3, weight=-1.0)
    >>> str(error)
    'row 3: the weight -1.0 is negative'
    >>> error.template, error.values["row"]
    ('row {row}: the weight {weight} is negative', 3)
    """

    def __init__(self, template: str, **values: object) -> None:
        super().__init__(template.format(**values) if values else template)
        self.template = template
        self.values = values
