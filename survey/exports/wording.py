"""What must be said wherever an index is shown: which stream it is, how it was computed, what its interval means.

Pages and files say it in the same sentences, so that a figure cut out of either is still understood.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from survey.i18n import mark
from survey.services.index_values import ASKED_DIRECTLY

if TYPE_CHECKING:
    from survey.i18n import Locale
    from survey.services.index_values import IndexCell, IndexRow, IndexTable

# The sentences of `analysis`, which knows no languages, named here for the catalogues.
OF_ANALYSIS = (
    mark(
        "All answers came on one day at one counter, so the interval treats them as independent; it may be too narrow."
    ),
    mark("Days and counters happen to agree, so the interval treats the answers as independent; it may be too narrow."),
    mark("One answer alone says nothing about its own uncertainty: the interval is the whole range."),
)


def stream_name(stream: str, *, language: Locale) -> str:
    """What the answers of `stream` are called. Counter feedback is never called the SIPAS of the province."""
    return {
        "counter": language.gettext("Counter feedback"),
        "sample": language.gettext("Satisfaction survey"),
        "census": language.gettext("Imported answers"),
    }[stream]


def stream_heading(stream: str, *, language: Locale) -> str:
    """The title of a page or file of `stream`."""
    return {
        "counter": language.gettext("Results of counter feedback"),
        "sample": language.gettext("Results of the satisfaction survey"),
        "census": language.gettext("Results of imported answers"),
    }[stream]


def stream_meaning(stream: str, *, language: Locale) -> str:
    """Who answered, and what the figures of `stream` may therefore be used for."""
    return {
        "counter": language.gettext(
            "These are the ratings of people who chose to scan the code at a counter, not of people drawn at random. "
            "They help each office improve its daily work; they are not the SIPAS index of the province."
        ),
        "sample": language.gettext("The people who answered were drawn at random, each with a known probability."),
        "census": language.gettext("These answers were imported from an earlier or official survey."),
    }[stream]


def poster_state(state: str, *, language: Locale) -> str:
    """Whether a printed poster still opens a form."""
    return {
        "good": language.gettext("good"),
        "expired": language.gettext("out of date"),
        "revoked": language.gettext("withdrawn"),
    }[state]


def simulated(*, language: Locale) -> str:
    """The label of every file whose answers nobody gave."""
    return language.gettext("Simulated data – these are not the answers of real people")


def confidence(table: IndexTable, *, language: Locale) -> str:
    """The confidence level as people write it: `95%`."""
    level = 100 * table.confidence_level
    return language.percent(level, 0 if abs(level - round(level)) < 1e-9 else 1)  # noqa: PLR2004 - a rounding guard.


def interval(cell: IndexCell, *, language: Locale) -> str:
    """The two ends of an interval: `79,12–87,95`."""
    return f"{language.number(cell.low, 2)}–{language.number(cell.high, 2)}"


def how_to_read(table: IndexTable, *, language: Locale) -> str:
    """The one sentence that explains a dot and its line."""
    return language.gettext(
        "The dot is the index; the line is its %(level)s confidence interval: the longer the line, the less certain "
        "the index.",
        level=confidence(table, language=language),
    )


def how_computed(table: IndexTable, *, language: Locale) -> tuple[str, ...]:
    """The definition of the figures, one statement each."""
    return (
        language.gettext(
            "The index of a dimension is the share of ratings at the levels “Satisfied” and “Very satisfied”, from 0 "
            "to 100. Whoever left the dimension blank is not counted in it."
        ),
        *_composite(table, language),
        language.gettext(
            "The %(level)s confidence interval shows how far chance can move the index: about %(level)s of intervals "
            "computed in this way contain the true value.",
            level=confidence(table, language=language),
        ),
        _grouping(table.stream, language),
        language.gettext(
            "No figure is shown for an agency with fewer than %(n)s responses. “–” means that there is no index, not "
            "that it is 0.",
            n=language.number(table.minimum_respondents),
        ),
    )


def _composite(table: IndexTable, language: Locale) -> tuple[str, ...]:
    """How the index of the whole is put together, where it is not one of the questions."""
    leading = table.overall
    if leading is None or leading.rule == ASKED_DIRECTLY:
        return ()
    return (language.gettext(_RULES[leading.rule], name=leading.name),)


_RULES = {
    "by-items": mark(
        "“%(name)s” pools all answers of its dimensions, so that each dimension counts for as many questions as it has."
    ),
    "equal": mark("“%(name)s” is the mean of the indices of its dimensions, all counting alike."),
    "fixed": mark(
        "“%(name)s” is the mean of the indices of its dimensions, with the weights that the questionnaire gives."
    ),
    "blocks": mark(
        "“%(name)s” is the mean of the indices of its parts, with the weights that the questionnaire gives."
    ),
    "drivers": mark(
        "“%(name)s” is the mean of the indices of its dimensions; each counts for what it adds to explaining overall "
        "satisfaction."
    ),
}


def reason(row: IndexRow, table: IndexTable, *, language: Locale) -> str:
    """Why a row shows no figures."""
    if row.reason:
        return language.gettext(row.reason)
    return language.gettext("Fewer than %(n)s responses", n=language.number(table.minimum_respondents))


def _grouping(stream: str, language: Locale) -> str:
    if stream == "counter":
        return language.gettext(
            "Ratings given at one counter on one day resemble each other, so the interval treats each counter and day "
            "as one group instead of counting every rating as independent."
        )
    return language.gettext("The interval takes account of how people were drawn: weights, strata and groups.")
