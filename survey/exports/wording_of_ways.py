"""By which ways answers came, in plain words: what pages, files and commands call each kind, and what it shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from survey.i18n import UNDEFINED, mark
from survey.services.index_values import ENTRY, TRUST, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analysis.shares import Shares
    from survey.i18n import Locale
    from survey.services.index_values import IndexRow, IndexTable


@dataclass(frozen=True, slots=True)
class Ways:
    """One classification: the name of its part of a row, its caption, and what its kinds are called, also in short."""

    name: str
    caption: str
    kinds: Sequence[str]
    called: Mapping[str, str]
    short: Mapping[str, str]

    def of(self, row: IndexRow) -> Shares | None:
        """The part of a row that is by this classification."""
        found: Shares | None = getattr(row, self.name)
        return found


HEADING = mark("Where the answers came from")
_NOT_KNOWN = mark("not known (imported from a file)")
# In the order in which reports show them.
WAYS = (
    Ways(
        name="trust",
        caption=mark("How people reached the form"),
        kinds=TRUST,
        called={
            "verified": mark("one-time code on a slip"),
            "signed": mark("QR code at the counter"),
            "open": mark("counter number typed in"),
            UNKNOWN: _NOT_KNOWN,
        },
        short={
            "verified": mark("one-time code"),
            "signed": mark("QR code"),
            "open": mark("number"),
            UNKNOWN: mark("not known"),
        },
    ),
    Ways(
        name="entry",
        caption=mark("On what the form was filled in"),
        kinds=ENTRY,
        called={
            "phone": mark("people’s own phone or computer"),
            "kiosk": mark("tablet at the office"),
            "assisted": mark("read out and filled in by a helper"),
            UNKNOWN: _NOT_KNOWN,
        },
        short={
            "phone": mark("own device"),
            "kiosk": mark("tablet"),
            "assisted": mark("with help"),
            UNKNOWN: mark("not known"),
        },
    ),
)


def meaning(*, language: Locale) -> tuple[str, ...]:
    """What the kinds show, and what is counted."""
    return (
        language.gettext(
            "A one-time code is given to one visitor and works once, so it shows a visit. A QR code can be "
            "photographed and used elsewhere; anybody can type a counter’s number. A tablet "
            "at the office counts as its QR code."
        ),
        language.gettext("The shares are of all responses received; each counts as one."),
    )


def kind(ways: Ways, one: str, *, language: Locale) -> str:
    """What one kind is called."""
    return language.gettext(ways.called[one])


def columns(ways: Ways, *, language: Locale) -> tuple[str, ...]:
    """What the kinds are called above narrow columns."""
    return tuple(language.gettext(ways.short[one]) for one in ways.kinds)


def share(shares: Shares, one: str, *, language: Locale) -> str:
    """The part of one kind, as people write it: `58,3%`."""
    return language.percent(100 * shares.of(one), 1)


def figures(ways: Ways, row: IndexRow, *, language: Locale) -> tuple[str, ...]:
    """How many responses of a row, and the share of each kind; dashes where they are not shown."""
    shares = ways.of(row)
    if shares is None:
        return (UNDEFINED,) * (1 + len(ways.kinds))
    number = language.number(shares.respondents)
    return number, *(share(shares, one, language=language) for one in ways.kinds)


def in_a_line(ways: Ways, row: IndexRow, table: IndexTable, *, language: Locale) -> str:
    """The kinds that occur with their shares, in one sentence."""
    shares = ways.of(row)
    if shares is None:
        return not_shown(row, table, language=language)
    parts = (
        language.gettext(
            "%(kind)s %(share)s (%(n)s)",
            kind=kind(ways, one, language=language),
            share=share(shares, one, language=language),
            n=language.number(shares.counts[one]),
        )
        for one in ways.kinds
        if shares.counts[one]
    )
    return f"{'; '.join(parts)}."


def covered(ways: Ways, table: IndexTable, *, language: Locale) -> str:
    """Of how many agencies the province's shares are, and what that leaves out."""
    shares = ways.of(table.province)
    if shares is None:
        return not_shown(table.province, table, language=language)
    return language.gettext(
        "Added up over %(counted)s of the %(all)s agencies with figures. An agency where only 1 to %(few)s "
        "answers came in some way is left out, so that nobody is found out; rare ways may therefore "
        "be more frequent than this.",
        counted=language.number(shares.domains),
        all=language.number(sum(not row.suppressed for row in table.rows)),
        few=language.number(table.minimum_respondents - 1),
    )


def not_shown(row: IndexRow, table: IndexTable, *, language: Locale) -> str:
    """Why a row has no shares."""
    if row.agency is None:
        return language.gettext("Not shown: at every agency, too few answers came in some way.")
    few = language.number(table.minimum_respondents - 1)
    return language.gettext("Not shown: only 1 to %(few)s answers came in some way.", few=few)
