"""The classes that are derived from the definition, and what they may not bring along."""

import subprocess
import sys
from typing import get_args

import pytest
from werkzeug.datastructures import MultiDict
from wtforms import Form

from forms.building import FIELD_BUILDERS, build_form
from forms.definition import CompositeKind, Item
from forms.loading import from_toml, load
from forms.names import RESERVED_IDS
from forms.reading import COMPOSITE_READERS, ITEM_READERS


def test_every_kind_of_item_can_be_read_and_validated():
    assert set(FIELD_BUILDERS) == set(get_args(Item))
    assert set(ITEM_READERS) == {item.kind for item in get_args(Item)}


def test_every_kind_of_composite_can_be_read():
    assert set(COMPOSITE_READERS) == set(CompositeKind)


def test_no_item_can_take_a_name_that_the_form_needs_itself():
    of_the_form = {name for name in dir(Form(MultiDict())) if not name.startswith("_")}
    assert of_the_form - {"Meta"} <= RESERVED_IDS


@pytest.mark.parametrize(
    ("locale", "label"), [("vi", "Thế nào?"), ("en", "How was it?"), ("en-GB", "How was it?"), ("rad", "Thế nào?")]
)
def test_labels_are_in_the_language_asked_for_and_else_in_vietnamese(small, locale: str, label: str):
    form = build_form(from_toml(small, source="small.toml"), locale=locale, gettext=str)
    assert form().rate.label.text == label


def test_a_form_has_a_field_for_everything_that_can_be_answered(small):
    questionnaire = from_toml(small, source="small.toml")
    form = build_form(questionnaire, locale="vi", gettext=str)()
    assert {field.name for field in form} == set(questionnaire.answer_ids)


def test_a_form_is_built_once():
    assert build_form(load("sipas-counter"), locale="vi", gettext=str) is build_form(
        load("sipas-counter"), locale="vi", gettext=str
    )


def modules_after(statement: str) -> set[str]:
    command = [sys.executable, "-c", f"import sys; {statement}; print(*sys.modules)"]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


def test_reading_questionnaires_needs_no_library_at_all():
    loaded = modules_after("import forms.loading, forms.answers; forms.loading.load('sipas-counter')")
    assert not loaded & {"wtforms", "flask", "werkzeug", "sqlalchemy", "babel", "numpy"}


def test_validating_needs_no_framework():
    loaded = modules_after("import forms.building")
    assert "wtforms" in loaded
    assert not loaded & {"flask", "werkzeug", "sqlalchemy", "babel", "numpy"}
