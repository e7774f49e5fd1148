"""The one error that this package raises on purpose."""

from __future__ import annotations


class SamplingError(ValueError):
    """A sample that cannot be had as asked for, or a frame that is not what it must be.

    The message is an English template with named values, so that the edge can translate the template and fill the
    values in the reader's language. Where one row of a frame is at fault it is the value `row`, counted from 1, so that
    the edge can say the line of the file instead.

    Parameters
    ----------
    template : str
        A sentence with named places, as in ``"row {row}: the code {value} is there twice"``.
    **values : object
        What fills the places.

    Examples
    --------
    >>> error = SamplingError("row {row}: the size {value} is negative", row=3, value=-1)
    >>> str(error)
    'row 3: the size -1 is negative'
    >>> error.template, error.values["row"]
    ('row {row}: the size {value} is negative', 3)
    """

    def __init__(self, template: str, **values: object) -> None:
        super().__init__(template.format(**values) if values else template)
        self.template = template
        self.values = values
