import datetime as dt
from collections.abc import Callable

import pytest

from analysis.shares import Shares
from survey import i18n
from survey.services.index_values import AgencyName, DimensionName, IndexCell, IndexRow, IndexTable, WaveName

DIMENSIONS = (
    DimensionName("tiep_can", "Tiếp cận dịch vụ", "Tiếp cận"),
    DimensionName("phuc_vu", "Sự phục vụ hành chính", "Phục vụ"),
)
# Bà Rịa–Vũng Tàu 2022: 26 of 31 people were satisfied or very satisfied.
CELL = IndexCell(
    value=100 * 26 / 31,
    low=67.3721,
    high=92.9043,
    standard_error=6.6051,
    respondents=31,
    effective=31.0,
    design_effect=None,
)
# Of entry too few came in some way, so that it is not shown.
TRUST = Shares({"verified": 21, "signed": 10, "open": 0, "unknown": 0})


@pytest.fixture
def vietnamese() -> i18n.Locale:
    return i18n.find("vi")


@pytest.fixture
def english() -> i18n.Locale:
    return i18n.find("en")


@pytest.fixture
def make_table() -> Callable[..., IndexTable]:
    """A table of one province, one shown department and one suppressed commune, with changes."""

    def make(
        *, is_simulated: bool = True, title: str = "Phản hồi năm 2026", rows: tuple[IndexRow, ...] = ()
    ) -> IndexTable:
        shown = IndexRow(
            AgencyName("so-noi-vu", "Sở Nội vụ", "sở", "department"),
            31,
            {"tiep_can": None, "phuc_vu": CELL},
            trust=TRUST,
        )
        hidden = IndexRow(
            AgencyName("xa-ea-o", "Xã Ea Ô", "xã", "commune"),
            None,
            {},
            suppressed=True,
            reason="Fewer than 10 responses",
        )
        return IndexTable(
            wave=WaveName("quay-2026", title, is_simulated, dt.date(2026, 1, 1), dt.date(2026, 12, 31), "ab" * 32),
            stream="counter",
            confidence_level=0.95,
            interval_method="wilson",
            dimensions=DIMENSIONS,
            province=IndexRow(None, 31, {"tiep_can": None, "phuc_vu": CELL}, trust=TRUST),
            rows=rows or (shown, hidden),
            minimum_respondents=10,
        )

    return make
