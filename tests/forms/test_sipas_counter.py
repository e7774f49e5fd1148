"""The counter's questionnaire, against the province's plan and the rules of an anonymous form."""

import pytest

from forms.definition import ChoiceItem, CommentItem, CompositeKind
from forms.loading import available, load

# The six dimensions of the plan of 2021, in its order: five factors, and the overall service asked on its own.
DIMENSIONS = ("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu")
LABELS = ("Rất không hài lòng", "Không hài lòng", "Bình thường", "Hài lòng", "Rất hài lòng")
COUNTER = load("sipas-counter")


def test_both_questionnaires_are_shipped():
    assert available() == ("sipas-2026", "sipas-counter")


def test_the_six_dimensions_of_the_province_have_one_rating_each():
    assert tuple(dimension.id for dimension in COUNTER.dimensions) == DIMENSIONS
    assert [dimension.items for dimension in COUNTER.dimensions] == [(name,) for name in DIMENSIONS]
    assert tuple(item.id for item in COUNTER.rating_items) == DIMENSIONS
    assert COUNTER.stream == "counter"


@pytest.mark.parametrize("name", DIMENSIONS)
def test_a_rating_is_required_and_on_the_official_levels(name: str):
    assert COUNTER.item(name).required
    assert tuple(level.text["vi"] for level in COUNTER.scale_of(name).levels) == LABELS
    assert [level.value for level in COUNTER.scale_of(name).levels] == [1, 2, 3, 4, 5]
    assert COUNTER.favourable(name) == {4, 5}


def test_overall_service_is_asked_and_never_made_of_the_others():
    direct, composite = COUNTER.index.composites
    assert (direct.kind, direct.item) == (CompositeKind.DIRECT, "phuc_vu")
    assert composite.dimensions == DIMENSIONS[:5]
    assert "SIPAS" not in composite.text["vi"]


def test_not_applicable_is_offered_where_a_visitor_may_have_nothing_to_rate():
    assert [item.id for item in COUNTER.rating_items if item.not_applicable] == ["ket_qua", "gop_y"]
    assert COUNTER.scale_of("gop_y").not_applicable["vi"] == "Không áp dụng / không biết"


def test_the_comment_is_optional_and_asks_for_no_personal_data():
    comment = COUNTER.item("y_kien")
    assert isinstance(comment, CommentItem)
    assert (comment.required, comment.max_length) == (False, 1200)
    assert "số điện thoại" in comment.hint["vi"]


def test_what_is_asked_of_the_person_is_coarse_and_optional():
    about_the_person = [item for item in COUNTER.items if isinstance(item, ChoiceItem)]
    assert [item.id for item in about_the_person] == ["gioi_tinh", "do_tuoi"]
    assert not any(item.required for item in about_the_person)
    assert all(len(item.options) <= 3 for item in about_the_person)
    assert not any(item.specify_id for item in about_the_person)
