"""The province's clock. Viet Nam keeps one time, without daylight saving, since 1975."""

from __future__ import annotations

import datetime as dt

PROVINCE_TIME = dt.timezone(dt.timedelta(hours=7), "Asia/Ho_Chi_Minh")


def day_of(instant: dt.datetime) -> dt.date:
    """The day in Đắk Lắk at `instant`."""
    if instant.utcoffset() is None:
        raise ValueError(f"{instant!r} has no time zone: pass an aware datetime")
    return instant.astimezone(PROVINCE_TIME).date()
