"""What an id may look like, and which ids would be mistaken for something else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from forms import messages

if TYPE_CHECKING:
    from forms.table import Table

RESERVED_IDS = frozenset(
    [
        # Columns of a file of responses.
        *("agency", "counter", "answered_on", "weight", "stratum", "psu", "count", "wave", "receipt"),
        # Fields of a page that are not questions.
        *(
            "stream",
            "lang",
            "language",
            "switch_language",
            "locale",
            "token",
            "form_token",
            "must_answer",
            "csrf_token",
            "submission_key",
            "action",
        ),
        # What a WTForms form calls its own.
        *("data", "errors", "form_errors", "meta", "populate_obj", "post_process", "process", "validate"),
    ]
)
# WTForms takes a field called validate_x for the validator of a field x.
_HOOKS = ("filter_", "validate_")

_LONGEST = 40
_PLAIN = re.compile(r"[a-z][a-z0-9_]{0,39}")
_DASHED = re.compile(r"[a-z][a-z0-9-]{0,39}")
_VALUE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def plain_id(table: Table) -> str:
    """The id of a part of a questionnaire, which is also a name in JSON, CSV and HTML."""
    return table.matching("id", _PLAIN, messages.BAD_ID, joiner="_", longest=_LONGEST)


def questionnaire_id(table: Table) -> str:
    """The id of a questionnaire, which is also the name of its file."""
    return table.matching("id", _DASHED, messages.BAD_ID, joiner="-", longest=_LONGEST)


def entry_id(table: Table) -> str:
    """The id of an entry of a bridge file, by which reports cite it."""
    return table.matching("id", _DASHED, messages.BAD_ID, joiner="-", longest=_LONGEST)


def population_id(table: Table) -> str | None:
    """The name of those who are asked; None where the questionnaire does not say it."""
    if not table.has("population"):
        return None
    return table.matching("population", _DASHED, messages.BAD_ID, joiner="-", longest=_LONGEST)


def item_id(table: Table) -> str:
    """The id of an item, which is also a form field and a column."""
    given = plain_id(table)
    if given in RESERVED_IDS or given.startswith(_HOOKS):
        table.note("id", messages.RESERVED_ID, value=given)
    return given


def option_value(table: Table) -> str:
    """What is stored when an option is chosen."""
    return table.matching("value", _VALUE, messages.BAD_VALUE, longest=_LONGEST)
