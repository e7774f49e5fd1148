"""Ranges of the numbers that a design is computed from."""

from __future__ import annotations

import math

from sampling.errors import SamplingError


def check_shares(**values: float) -> None:
    """Refuse what is no share strictly between 0 and 1, by its name.

    Examples
    --------
    >>> check_shares(margin_of_error=5)
    Traceback (most recent call last):
    sampling.errors.SamplingError: margin_of_error is 5: it must be between 0 and 1, as 0.05 for 5 %
    """
    for name, value in values.items():
        if not 0 < value < 1:
            raise SamplingError(
                "{name} is {value}: it must be between 0 and 1, as 0.05 for 5 %", name=name, value=value
            )


def check_positive(**values: float) -> None:
    """Refuse what is not above zero, by its name.

    Examples
    --------
    >>> check_positive(design_effect=0)
    Traceback (most recent call last):
    sampling.errors.SamplingError: design_effect is 0: it must be above zero
    """
    for name, value in values.items():
        if not (value > 0 and math.isfinite(value)):
            raise SamplingError("{name} is {value}: it must be above zero", name=name, value=value)


def check_population(population: int | None) -> None:
    """Refuse a population without people; None is an endless one.

    Examples
    --------
    >>> check_population(0)
    Traceback (most recent call last):
    sampling.errors.SamplingError: the population is 0: it must be at least 1
    """
    if population is not None and population < 1:
        raise SamplingError("the population is {value}: it must be at least 1", value=population)
