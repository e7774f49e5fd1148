"""Numbers as JSON has them: neither NaN nor infinity."""

from __future__ import annotations

import math


def number(value: float | None) -> float | None:
    """The number at full precision; None where it is none."""
    return value if value is not None and math.isfinite(value) else None
