import datetime as dt

from survey import i18n
from survey.services.index_values import (
    AgencyName,
    CompositeName,
    DimensionName,
    IndexCell,
    IndexRow,
    IndexTable,
    WaveName,
)
from survey.web.public import presenting

VIETNAMESE = i18n.find("vi")


def row(name: str, value: float | None, *, level: str = "commune") -> IndexRow:
    agency = AgencyName(name, name, "xã", level)
    if value is None:
        return IndexRow(agency, None, {"d": None}, suppressed=True, reason="Nobody answered")
    cell = IndexCell(value, value - 5, min(100.0, value + 3), 2.0, 40, 30.0, 1.3)
    return IndexRow(agency, 40, {"d": cell})


def page(*rows: IndexRow, order: str = "name") -> presenting.ProvincePage:
    whole = IndexCell(80.0, 79.0, 81.0, 0.5, 4000, 3000.0, 1.3)
    table = IndexTable(
        wave=WaveName("w", "W", False, dt.date(2026, 1, 1), dt.date(2026, 12, 31), "ab" * 32),
        stream="counter",
        confidence_level=0.95,
        interval_method="logit",
        dimensions=(DimensionName("d", "Sự phục vụ", "Phục vụ"),),
        province=IndexRow(None, 4000, {"d": whole}),
        rows=rows,
        minimum_respondents=10,
    )
    return presenting.province_page(table, dimension=None, order=order, language=VIETNAMESE)


def names(shown: presenting.ProvincePage) -> list[str]:
    return [line.name for chart in shown.charts for line in chart.lines]


def test_names_are_in_the_order_of_a_vietnamese_dictionary():
    mixed = [row(name, 80.0) for name in ("Xã Đức Bình", "Xã Ea Ô", "Xã Dray Bhăng", "Xã Cư Yang")]
    # đ is a letter of its own, after d.
    assert names(page(*mixed)) == ["Xã Cư Yang", "Xã Dray Bhăng", "Xã Đức Bình", "Xã Ea Ô"]


def test_the_order_by_index_is_that_of_the_unrounded_figures():
    close = [row("Xã A", 83.871), row("Xã B", 83.874), row("Xã C", 90.0)]
    shown = page(*close, order="index")
    assert names(shown) == ["Xã C", "Xã B", "Xã A"]
    assert [line.index for line in shown.charts[0].lines] == ["90,00", "83,87", "83,87"]


def test_levels_are_never_mixed():
    both = [row("Xã A", 99.0), row("Sở B", 50.0, level="department")]
    shown = page(*both, order="index")
    assert [chart.id for chart in shown.charts] == ["department", "commune"]
    assert [line.name for line in shown.table] == ["Toàn tỉnh", "Sở B", "Xã A"]


def test_agencies_without_figures_are_named_apart_with_the_reason():
    (chart,) = page(row("Xã A", 80.0), row("Xã B", None)).charts
    assert [line.name for line in chart.lines] == ["Xã A"]
    assert [(line.name, line.index, line.reason) for line in chart.without_figures] == [
        ("Xã B", "–", "Chưa có ai trả lời")
    ]


def test_the_charts_of_a_page_share_one_axis_so_that_they_can_be_compared_by_eye():
    shown = page(row("Xã A", 99.0), row("Sở B", 50.0, level="department"))
    assert shown.charts[0].ticks == shown.charts[1].ticks
    # The province's 80 stands at the same place in both.
    assert len({line.reference for chart in shown.charts for line in chart.lines}) == 1


def with_composite(rule: str) -> IndexTable:
    def cell(value: float) -> IndexCell:
        return IndexCell(value, value - 1, value + 1, 0.5, 4000, 3000.0, 1.3)

    return IndexTable(
        wave=WaveName("w", "W", False, dt.date(2026, 1, 1), dt.date(2026, 12, 31), "ab" * 32),
        stream="sample",
        confidence_level=0.95,
        interval_method="logit",
        dimensions=(DimensionName("a", "Tiếp cận", "Tiếp cận"), DimensionName("b", "Kết quả", "Kết quả")),
        province=IndexRow(None, 4000, {"a": cell(70.0), "b": cell(80.0)}, {"c": cell(75.5)}),
        rows=(),
        minimum_respondents=10,
        composites=(CompositeName("c", "Chỉ số tổng hợp", rule),),
    )


def test_the_province_is_spoken_for_by_the_composite_that_the_questionnaire_puts_first():
    shown = presenting.province_page(with_composite("by-items"), dimension=None, order=None, language=VIETNAMESE)
    assert (shown.dimension_name, shown.province.value) == ("Chỉ số tổng hợp", 75.5)
    assert [line.name for line in shown.overview.lines] == ["Tiếp cận", "Kết quả", "Chỉ số tổng hợp"]
    assert any("gộp mọi câu trả lời" in sentence for sentence in shown.about.how_computed)


def test_a_question_asked_directly_is_shown_once():
    shown = presenting.province_page(with_composite("direct"), dimension=None, order=None, language=VIETNAMESE)
    assert shown.dimension_name == "Kết quả"
    assert [line.name for line in shown.overview.lines] == ["Tiếp cận", "Kết quả"]
