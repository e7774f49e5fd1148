"""The short form of fuzz.py, and its witness tried on rows that are wrong."""

from __future__ import annotations

import hashlib
import json

import pytest

from tests.fuzz.domain import Domain
from tests.fuzz.fuzz import Site, run

pytestmark = pytest.mark.slow

POSTS = 2_000


# A body that breaks off in the middle leaves werkzeug's file for its part to the garbage collector, which closes it.
@pytest.mark.filterwarnings("ignore:Unclosed file:ResourceWarning")
def test_two_thousand_made_up_posts_break_nothing_and_leave_only_what_the_questionnaire_allows(tmp_path, caplog):
    caplog.set_level("CRITICAL")
    site = Site(tmp_path)
    run(site, POSTS, seed=7)
    rows = site.look()
    site.database.close()
    found = site.findings
    assert found.faults == []
    assert found.posts == POSTS
    assert rows == len(found.acknowledged)
    # The fuzz sees something only if both happen often.
    assert rows > POSTS / 10
    assert {400, 403, 404, 409, 413, 422} <= found.statuses.keys()


@pytest.fixture
def row():
    """What is kept of six fours and a comment."""

    def row(**changed):
        answers = dict.fromkeys(Domain().ratings, 4) | {"y_kien": "Cần thêm ghế"} | changed
        kept = json.dumps(
            {name: one for name, one in answers.items() if one is not None},
            ensure_ascii=False,
            sort_keys=True,
            separators=(",", ":"),
        )
        return {
            "answers": kept,
            "answers_digest": hashlib.sha256(kept.encode()).digest(),
            "ratings": "".join(
                ".x"[answers[name] == "na"] if answers[name] in {None, "na"} else str(answers[name])
                for name in Domain().ratings
            ),
            "stream": "counter",
            "weight": 1.0,
            "stratum": None,
            "psu": None,
            "language": "vi",
            "received_at": "2026-10-07 05:00:00.000000",
            "receipt": "23456789",
            "submission_key": "0" * 32,
            "from_office": None,
            "quick": None,
        }

    return row


def test_the_witness_lets_a_good_row_pass(row):
    assert list(Domain().faults(row())) == []
    assert list(Domain().faults(row(ket_qua="na", gioi_tinh="nu"))) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"tiep_can": 0},
        {"tiep_can": 6},
        {"tiep_can": "4"},
        {"tiep_can": "na"},
        {"tiep_can": True},
        {"tiep_can": None},
        {"gioi_tinh": "khac"},
        {"khac": "x"},
        {"y_kien": ""},
        {"y_kien": "x" * 1201},
        {"y_kien": " x"},
        {"y_kien": "a\0b"},
        {"y_kien": "a\u202eb"},
        {"y_kien": "e\u0301"},
        {"y_kien": "gọi 0912345678"},
        {"y_kien": "gọi 0912 345 678"},
        {"y_kien": "số 066090001234"},
        {"y_kien": "thư an.nguyen@example.vn"},
        {"y_kien": "xe 47A1-123.45"},
    ],
    ids=repr,
)
def test_the_witness_finds_what_is_wrong(row, wrong):
    assert list(Domain().faults(row(**wrong)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"ratings": "444445"},
        {"answers_digest": bytes(32)},
        {"language": "fr"},
        {"received_at": "2026-10-07 05:00:01"},
        {"weight": 2.0},
        {"stream": "sample"},
    ],
    ids=repr,
)
def test_the_witness_looks_beside_the_answers_too(row, wrong):
    assert list(Domain().faults(row() | wrong))
