"""`sipas receipts`: lists closed from cron, checked, and verified on a machine that has nothing but two files."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest
from sqlalchemy import insert, text

from survey.exports import receipt_files
from survey.models import Response
from survey.services import receipt_days, receipt_leaves, receipt_proofs
from survey.services.receipt_leaves import ReceiptKeys
from survey.services.response_rows import receipt_for

DAYS = (dt.date(2026, 3, 2), dt.date(2026, 3, 4))


@pytest.fixture(autouse=True)
def answered(database, seeded):
    """Twelve responses on each of two days long over."""
    counter = seeded.counters[0]
    rows = [
        {
            "wave_id": seeded.wave.id,
            "agency_id": counter.agency.id,
            "counter_id": counter.id,
            "stream": "counter",
            "questionnaire_hash": seeded.wave.questionnaire_hash,
            "language": "vi",
            "answered_on": day,
            "received_at": dt.datetime.combine(day, dt.time(5), dt.UTC),
            "submission_key": f"{day.day}{number:031}",
            "answers": "{}",
            "answers_digest": b"0" * 32,
            "ratings": "......",
            "receipt": receipt_for(f"{day.day}{number:031}"),
        }
        for day in DAYS
        for number in range(12)
    ]
    with database.writing() as session:
        session.execute(insert(Response), rows)


def receipt_of(number):
    return receipt_for(f"2{number:031}")


def test_lists_are_closed_and_printed_for_whoever_keeps_them_elsewhere(desk, database):
    printed = desk.done("receipts", "close").splitlines()
    with database.reading() as session:
        lists = receipt_days.listing(session)
    assert printed == [f"{one.day} 12 {one.root.hex()} {one.chain.hex()}" for one in lists]
    assert [one.day for one in lists] == list(DAYS)
    # The newest is printed again where nothing was left to close.
    assert desk.done("receipts", "close").splitlines() == printed[-1:]


def test_nothing_is_printed_where_there_is_no_list(desk, database):
    with database.writing() as session:
        session.execute(text("DROP TRIGGER responses_refuse_delete"))
        session.execute(text("DELETE FROM responses"))
    assert desk.invoke("receipts", "close")[1:] == (
        b"",
        "Đã chốt 0 danh sách. Còn 0 biên nhận chưa thuộc danh sách nào.\n",
    )


def test_lists_that_agree_are_said_to(desk):
    desk.done("receipts", "close")
    assert desk.done("receipts", "check") == "2 danh sách với 24 biên nhận khớp với các phiếu đang lưu.\n"
    assert desk.done("receipts", "check", "--day", "2026-03-03", language="en") == (
        "1 list with 12 receipts agrees with the responses.\n"
    )


def test_a_day_that_is_not_closed_is_said_to_be_open(desk):
    assert "04/03/2026 chưa được chốt" in desk.refused("receipts", "check", "--day", "2026-03-04")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM responses WHERE receipt = :receipt", "nay chỉ còn 11 phiếu"),
        ("UPDATE responses SET answers = '[]' WHERE receipt = :receipt", "đã bị sửa"),
        ("UPDATE receipt_days SET receipts = 11 WHERE :receipt <> '' AND day = '2026-03-02'", "đã bị sửa: mã nối"),
    ],
)
def test_a_list_that_no_longer_agrees_is_named_with_what_happened(desk, database, statement, said):
    desk.done("receipts", "close")
    with database.writing() as session:
        for change in ("update", "delete"):
            session.execute(text(f"DROP TRIGGER responses_refuse_{change}"))
        session.execute(text(statement), {"receipt": receipt_of(3)})
    message = desk.refused("receipts", "check")
    assert said in message
    assert "02/03/2026" in message
    assert "04/03/2026" not in message
    assert receipt_of(3) not in message


def test_with_another_key_the_command_says_that_the_key_may_be_it(desk, settings):
    desk.done("receipts", "close")
    path = settings.database_url.removeprefix("sqlite:///") + ".secret"
    with open(path, "w", encoding="ascii") as file:  # noqa: PTH123 - the name is all we have.
        file.write("ab" * 32)
    assert "khóa của hệ thống đã bị thay" in desk.refused("receipts", "check")


@pytest.fixture
def files(desk, database, settings, tmp_path):
    """The proof of a receipt and the list of its day, as the site gives them."""
    desk.done("receipts", "close")
    keys = ReceiptKeys.of(settings.key)
    with database.reading() as session:
        one = receipt_days.covering(session, DAYS[0])
        leaves = receipt_days.leaves(session, one, keys=keys)
        opening = receipt_leaves.opening_of(session, receipt_of(5), keys=keys)
    proof = receipt_proofs.prove(opening, leaves, published=one)
    (tmp_path / "proof.json").write_text(receipt_files.proof_json(proof), encoding="utf-8")
    (tmp_path / "list.txt").write_text(receipt_files.list_text(one, leaves, is_simulated=False), encoding="utf-8")
    return tmp_path / "proof.json", tmp_path / "list.txt"


def test_a_proof_is_verified_without_an_installation(stranger, files):
    proof, listed = files
    for arguments in ((proof,), (proof, "--list", listed)):
        said = stranger.done("receipts", "verify", *arguments, SIPAS_LANGUAGE="en")
        assert re.match(rf"Receipt {receipt_of(5)} is number \d+ of the 12 in the list of 2 March 2026\.", said)


DOUBTFUL = {
    "receipt": "ABCDEFGH",
    "salt": "00" * 16,
    "commitment": "00" * 32,
    "place": 999,
    "path": [],
}


@pytest.mark.parametrize("name", DOUBTFUL)
def test_a_proof_with_anything_changed_proves_nothing(desk, files, name):
    proof, _ = files
    document = json.loads(proof.read_text(encoding="utf-8"))
    proof.write_text(json.dumps(document | {name: DOUBTFUL[name]}), encoding="utf-8")
    assert "không chứng minh được gì" in desk.refused("receipts", "verify", proof)


@pytest.mark.parametrize(("name", "value"), [("day", "2026-03-03"), ("receipts", 13), ("chain", "00" * 32)])
def test_a_proof_of_a_list_with_another_head_is_refused(desk, files, name, value):
    proof, _ = files
    document = json.loads(proof.read_text(encoding="utf-8"))
    document["list"][name] = value
    proof.write_text(json.dumps(document), encoding="utf-8")
    desk.refused("receipts", "verify", proof)


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "null", "{}", '"x"', "\0", "{" * 5000),
        *('{"format": "sipas-receipt-proof-1"}', '{"format": "sipas-receipt-proof-1", "receipt": 5, "salt": ""}'),
    ],
)
def test_what_is_no_proof_is_said_to_be_none(desk, tmp_path, text):
    path = tmp_path / "file"
    path.write_text(text, encoding="utf-8")
    assert "không phải bằng chứng" in desk.refused("receipts", "verify", path)


def test_where_the_receipt_ends_is_not_open_to_choice(desk, files):
    # The same bytes cut elsewhere have the same hash, and would prove a receipt that nobody was given.
    proof, _ = files
    document = json.loads(proof.read_text(encoding="utf-8"))
    cut = {"receipt": document["receipt"][:7], "salt": document["receipt"][7:].encode().hex() + document["salt"]}
    proof.write_text(json.dumps(document | cut), encoding="utf-8")
    assert "không phải bằng chứng" in desk.refused("receipts", "verify", proof)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: lines[:-1], "không nguyên vẹn"),
        (lambda lines: [*lines[:-2], lines[-1], lines[-2]], "không nguyên vẹn"),
        (lambda lines: [line.replace("day: 2026-03-02", "day: 2026-03-01") for line in lines], "không phải danh sách"),
        (lambda lines: lines[1:], "không phải danh sách biên nhận"),
        (lambda lines: [*lines, "xyz"], "không phải danh sách biên nhận"),
    ],
)
def test_a_list_that_is_not_the_published_one_is_refused(desk, files, change, said):
    proof, listed = files
    lines = listed.read_text(encoding="utf-8").splitlines()
    listed.write_text("\n".join(change(lines)), encoding="utf-8")
    assert said in desk.refused("receipts", "verify", proof, "--list", listed)
