"""How the answers of a wave came, against counting the rows one by one, and against somebody who looks for more."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing

import numpy as np
import pytest
from sqlalchemy import select, text

from survey import i18n
from survey.db import Database
from survey.exports.indices_json import document
from survey.models import Response
from survey.services.decisions import decision_table
from survey.services.index_values import ENTRY, TRUST
from survey.services.indices import index_table

AGENCIES = ("so-noi-vu", "so-tu-phap", "xa-ea-o", "phuong-tuy-hoa", "phuong-buon-ma-thuot", "xa-ea-kly")
POSSIBLE = [
    *(("verified", entry) for entry in ("phone", "assisted")),
    *(("signed", entry) for entry in ("phone", "kiosk", "assisted")),
    *(("open", entry) for entry in ("phone", "assisted")),
    (None, None),
]


def table_in(database, *, audience="public", compute=index_table, **asked):
    with database.reading() as session:
        return compute(session, "quay-2026", stream="counter", locale="vi", audience=audience, **asked)


def counted(database, column):
    """Responses by agency and kind, from the rows as they are."""
    with database.reading() as session:
        rows = session.execute(
            text("SELECT code, trust, entry FROM responses JOIN agencies ON agencies.id = agency_id")
        )
        return Counter((row.code, getattr(row, column) or "unknown") for row in rows)


@pytest.mark.parametrize("seed", range(5))
def test_shares_are_those_counted_row_by_row(either_database, either_seeded, came, seed):
    rng = np.random.default_rng(seed)
    sizes = rng.choice([0, 4, 7, 12, 30], size=(len(AGENCIES), len(POSSIBLE)), p=[0.6, 0.05, 0.05, 0.1, 0.2])
    came(
        either_database,
        {
            code: [(int(number), *way) for number, way in zip(line, POSSIBLE, strict=True)]
            for code, line in zip(AGENCIES, sizes, strict=True)
            if line.sum()
        },
    )
    for audience, minimum in (("public", 10), ("inside", 5)):
        table = table_in(either_database, audience=audience)
        for column, kinds in (("trust", TRUST), ("entry", ENTRY)):
            truth, whole = counted(either_database, column), Counter()
            for row in table.rows:
                counts = {kind: truth[row.agency.code, kind] for kind in kinds}
                few = any(0 < count < minimum for count in counts.values())
                shares = getattr(row, column)
                if shares is not None:
                    assert shares.counts == counts
                    assert row.respondents == shares.respondents
                    assert not few
                    whole.update(counts)
                elif column == "trust":
                    assert row.suppressed or few
            assert Counter(getattr(getattr(table.province, column), "counts", {})) == whole


def test_imported_answers_are_of_unknown_ways(give, table, persons):
    give(persons(12, at="xa-ea-o-1"))
    found = table()
    (row,) = [row for row in found.rows if row.respondents]
    for shares in (row.trust, row.entry, found.province.trust, found.province.entry):
        assert (shares.counts["unknown"], shares.respondents, shares.of("unknown")) == (12, 12, 1.0)


@pytest.fixture
def twin(database, seeded, settings, tmp_path):
    """A second database, as the first is before anybody answers."""
    path = tmp_path / "twin.db"
    file = settings.database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(path)) as copy:
        source.backup(copy)
    twin = Database(f"sqlite:///{path}")
    yield twin
    twin.close()


def test_two_hidden_agencies_may_exchange_all_they_have(database, twin, came):
    """The whole document, byte for byte, with decisions: as many answers, come by other ways."""
    shown = {"so-noi-vu": [(20, "verified", "phone"), (30, "signed", "kiosk")]}
    hidden = [(38, "signed", "phone"), (2, "open", "assisted")], [(31, "verified", "phone"), (9, "open", "assisted")]
    came(database, shown | dict(zip(("xa-ea-o", "so-tu-phap"), hidden, strict=True)))
    came(twin, shown | dict(zip(("so-tu-phap", "xa-ea-o"), hidden, strict=True)))
    said = [
        json.dumps(document(table_in(one, compute=decision_table), language=i18n.find("vi")))
        for one in (database, twin)
    ]
    assert said[0] == said[1]
    assert json.loads(said[0])["province"]["trust"]["counts"]["verified"] == 20


def test_an_agency_whose_index_is_hidden_has_no_shares_and_is_in_no_sum(database, seeded, came):
    quiet = {"xa-ea-o": [(9, "signed", "phone")], "so-tu-phap": [(8, "signed", "phone")]}
    came(database, quiet | {"so-noi-vu": [(40, "open", "phone")]})
    table = table_in(database)
    for row in table.rows:
        assert row.suppressed == (row.trust is None)
    assert table.province.trust.counts == {"verified": 0, "signed": 0, "open": 40, "unknown": 0}


def test_answers_left_out_are_in_the_shares_all_the_same(database, seeded, came):
    """Or the difference of two tables would tell how the suspicious answers came."""
    came(database, {"so-noi-vu": [(40, "verified", "phone"), (20, "signed", "phone")]})
    with database.reading() as session:
        few = session.scalars(select(Response.id).order_by(Response.id).limit(15)).all()
    whole, rest = (table_in(database, audience="inside", leave_out=out) for out in ((), few))
    (before,), (after,) = ([row for row in table.rows if row.respondents] for table in (whole, rest))
    assert (before.respondents, after.respondents) == (60, 45)
    assert before.trust == after.trust
    assert whole.province.trust == rest.province.trust
