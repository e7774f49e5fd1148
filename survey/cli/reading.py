"""What the commands on data files share: a pair of numbers, and a bar while a long file is read."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from survey.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_STEPS = 1000


class Pair(click.ParamType[tuple[float, float]]):
    """Two numbers with a comma between them."""

    name = "LOW,HIGH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        """The numbers, or a usage error."""
        if isinstance(value, tuple):
            return value
        try:
            low, high = (float(part) for part in value.split(","))
        except ValueError:
            self.fail(_("two numbers with a comma between them are needed, as 0.5,2"), param, ctx)
        return low, high


PAIR = Pair()


@contextmanager
def reading_progress() -> Iterator[Callable[[float], None] | None]:
    """A bar on a terminal's standard error, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=_STEPS, label=_("Reading"), file=sys.stderr) as bar:
        yield lambda share: bar.update(int(share * _STEPS) - bar.pos)
