from survey.exports import chart
from survey.services.index_values import IndexCell


def cell(value: float, low: float, high: float) -> IndexCell:
    return IndexCell(value, low, high, standard_error=1.0, respondents=30, effective=30.0, design_effect=None)


def test_the_axis_holds_every_interval_between_round_ends():
    axis = chart.axis_of([cell(71.5, 63.2, 79.9), None, cell(88.0, 82.0, 93.4)])
    assert (axis.low, axis.high) == (60, 100)


def test_the_axis_of_nothing_is_the_whole_scale():
    axis = chart.axis_of([None])
    assert (axis.low, axis.high) == (0, 100)


def test_the_axis_never_leaves_the_scale_nor_shrinks_to_a_line():
    for value in (0.0, 55.0, 100.0):
        axis = chart.axis_of([cell(value, value, value)])
        assert 0 <= axis.low < axis.high <= 100
        assert axis.high - axis.low >= 20


def test_a_position_is_a_straight_line_from_one_padding_to_the_other():
    axis = chart.Axis(60, 100)
    # Half way between the ends of the axis is half way across the strip.
    assert [axis.position(value) for value in (60, 80, 100)] == [4, 50, 96]


def test_the_dot_stands_between_the_ends_of_its_line():
    mark = chart.mark(cell(83.87, 67.37, 92.9), chart.Axis(60, 100))
    assert mark.low < mark.x < mark.high
    assert mark.width == round(mark.high - mark.low, 2)


def test_the_ticks_are_round_and_few_enough_for_a_phone():
    for axis in (chart.Axis(80, 100), chart.Axis(50, 100), chart.Axis(0, 100)):
        values = [tick.value for tick in axis.ticks]
        assert values[-1] == axis.high
        assert all(value % 10 == 0 for value in values)
        assert len(values) <= 6
