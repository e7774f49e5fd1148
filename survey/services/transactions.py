"""How many transactions each agency handled in a wave's period: read from a file, kept, given out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from survey.i18n import mark
from survey.models import AgencyTransactions
from survey.services import import_columns
from survey.services.import_columns import Unreadable
from survey.services.import_lines import once, read_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from survey.services.references import AgencyRef, WaveRef

# As many as the country has people; a telephone number in the wrong column is more.
MOST_TRANSACTIONS = 100_000_000
COLUMNS = ("agency", "transactions")


def read_figures(data: bytes, *, agencies: Sequence[AgencyRef]) -> dict[int, int]:
    """The figure of each agency, by its id, in a CSV file; or ImportRejected with everything that is wrong with it.

    Columns: `agency` (code or full name) and `transactions`, a whole number from 0.
    """
    columns = {"agency": import_columns.agency(agencies), "transactions": _number}
    lines = read_lines(data, columns, required=COLUMNS, checks=[once("agency")])
    return {line["agency"].id: line["transactions"] for line in lines}


def replace(session: Session, wave: WaveRef, figures: Mapping[int, int]) -> int:
    """Keep these figures as those of `wave`, in place of all it had, and return how many they are."""
    session.execute(delete(AgencyTransactions).where(AgencyTransactions.wave_id == wave.id))
    rows = [{"wave_id": wave.id, "agency_id": agency, "transactions": number} for agency, number in figures.items()]
    if rows:
        session.execute(insert(AgencyTransactions), rows)
    return len(rows)


def of_wave(session: Session, wave: WaveRef) -> Mapping[int, int]:
    """The transactions of each agency in the period of `wave`, by the agency's id; no figure, no entry."""
    query = select(AgencyTransactions.agency_id, AgencyTransactions.transactions)
    return dict(session.execute(query.where(AgencyTransactions.wave_id == wave.id)).all())


def _number(text: str) -> int:
    # 1.234 is a thousand here and one and a bit elsewhere, so that neither is guessed.
    if not (text.isascii() and text.isdigit() and int(text) <= MOST_TRANSACTIONS):
        raise Unreadable(
            mark("“{value}” is not a number of transactions."),
            mark("Write a whole number from 0 to {most}, without points or commas."),
            most=MOST_TRANSACTIONS,
        )
    return int(text)
