"""Published lists of receipts, the field to look one up, and the proof on the receipt's page.

`verified` is the witness: a verifier of the files written from docs/methods.md and RFC 9162 alone.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json

import html5lib
import pytest
from sqlalchemy import select, text

from survey.models import Response
from survey.services import receipt_days
from survey.services.receipt_leaves import ReceiptKeys

# The imported answers of `answered` came on the day before this one in Đắk Lắk.
NEXT_DAY = dt.datetime(2026, 10, 8, 5, 0, tzinfo=dt.UTC)
DAY = "2026-10-07"


def sha(data):
    return hashlib.sha256(data).digest()


def tree(leaves):
    """MTH of RFC 9162, 2.1.1, over leaves that are hashed already."""
    if len(leaves) == 1:
        return leaves[0]
    power = 1 << (len(leaves) - 1).bit_length() - 1
    return sha(b"\x01" + tree(leaves[:power]) + tree(leaves[power:]))


def climbed(leaf, place, size, path):
    """From a leaf to the root by a path, as PATH of 2.1.3.1 was made: the last step is of the topmost split."""
    if not path:
        assert size == 1
        return leaf
    power = 1 << (size - 1).bit_length() - 1
    if place < power:
        return sha(b"\x01" + climbed(leaf, place, power, path[:-1]) + path[-1])
    return sha(b"\x01" + path[-1] + climbed(leaf, place - power, size - power, path[:-1]))


def verified(proof, listing):
    """Whether the receipt of a proof is in the list of a text file."""
    head = dict(line[2:].split(": ", 1) for line in listing.splitlines() if line.startswith("# "))
    leaves = [bytes.fromhex(line) for line in listing.splitlines() if not line.startswith("#")]
    entry = proof["receipt"].encode() + bytes.fromhex(proof["salt"]) + bytes.fromhex(proof["commitment"])
    leaf, root = sha(b"\x00" + entry), bytes.fromhex(head["root"])
    link = bytes.fromhex(head["chain_before"]) + head["day"].encode() + len(leaves).to_bytes(8, "big") + root
    path = [bytes.fromhex(step) for step in proof["path"]]
    return (
        len(leaves) == int(head["receipts"])
        and tree(leaves) == root
        and leaves[proof["place"]] == leaf
        and climbed(leaf, proof["place"], len(leaves), path) == root
        and sha(link).hex() == head["chain"]
    )


@pytest.fixture
def published(answered, database, settings):
    """The receipts of a day that is closed."""
    with database.writing() as session:
        [one] = receipt_days.close(session, keys=ReceiptKeys.of(settings.key), now=NEXT_DAY)
        receipts = session.scalars(select(Response.receipt)).all()
    assert one.day.isoformat() == DAY
    return receipts


def links(response):
    page = html5lib.parse(response.text, namespaceHTMLElements=False)
    return [link.get("href") for link in page.find("body").iter("a")]


def test_before_any_list_the_page_says_when_there_will_be_one(client):
    assert "Chưa có danh sách nào" in client.get("/receipts").text


def test_the_page_of_lists_leads_to_each_and_to_all(client, published):
    found = links(client.get("/receipts"))
    assert f"/receipts/days/{DAY}" in found
    assert "/receipts/days.txt" in found
    assert f"/receipts/days/{DAY}.txt" in links(client.get(f"/receipts/days/{DAY}"))


def test_every_receipt_is_proved_to_somebody_who_trusts_only_the_files(client, published):
    listing = client.get(f"/receipts/days/{DAY}.txt").text
    for receipt in published:
        proof = json.loads(client.get(f"/receipts/{receipt}/proof.json").data)
        assert verified(proof, listing)
    assert proof["receipt"] == receipt


def test_a_proof_of_another_place_or_receipt_is_not_verified(client, published):
    listing = client.get(f"/receipts/days/{DAY}.txt").text
    proof = json.loads(client.get(f"/receipts/{published[0]}/proof.json").data)
    assert not verified(proof | {"receipt": published[1]}, listing)
    assert not verified(proof | {"salt": "00" * 16}, listing)
    assert not verified(proof | {"place": (proof["place"] + 1) % len(published)}, listing)


def test_text_and_json_say_the_same(client, published):
    lines = client.get(f"/receipts/days/{DAY}.txt").text.splitlines()
    document = json.loads(client.get(f"/receipts/days/{DAY}.json").data)
    assert document["leaves"] == [line for line in lines if not line.startswith("#")]
    assert document["simulated"] is False
    assert "# simulated: no" in lines
    assert f"# root: {document['root']}" in lines
    chain = client.get("/receipts/days.txt").text.splitlines()
    assert chain[1:] == [f"{DAY} {document['receipts']} {document['root']} {document['chain']}"]


def test_a_list_tells_nothing_of_receipts_agencies_or_moments(client, published):
    text = client.get(f"/receipts/days/{DAY}.txt").text + client.get(f"/receipts/days/{DAY}.json").text
    assert not [receipt for receipt in published if receipt in text]
    assert "xa-ea-o" not in text
    leaves = json.loads(client.get(f"/receipts/days/{DAY}.json").data)["leaves"]
    assert leaves == sorted(leaves)


def test_the_receipt_s_page_says_its_place_and_offers_the_proof(client, published):
    receipt = published[3]
    proof = json.loads(client.get(f"/receipts/{receipt}/proof.json").data)
    page = client.get(f"/receipts/{receipt}")
    assert f"đứng thứ {proof['place'] + 1} trong {len(published)} biên nhận" in page.text
    assert f"/receipts/{receipt}/proof.json" in links(page)
    assert page.headers["Cache-Control"] == "no-store"
    assert client.get(f"/receipts/{receipt}/proof.json").headers["Cache-Control"] == "no-store"


def test_a_receipt_of_an_open_day_is_told_to_wait(client, answered, database):
    with database.reading() as session:
        receipt = session.scalar(select(Response.receipt))
    assert "công bố sớm nhất vào ngày hôm sau" in client.get(f"/receipts/{receipt}").text
    client.get(f"/receipts/{receipt}/proof.json", expect=404)


@pytest.mark.parametrize("write", [str, str.lower, lambda code: f" {code[:4]} {code[4:].lower()} ", "-".join])
def test_a_receipt_is_found_however_it_is_typed(client, published, write):
    found = client.post("/receipts", data={"receipt": write(published[0])}, expect=303)
    assert found.headers["Location"] == f"/receipts/{published[0]}"


@pytest.mark.parametrize("typed", ["", "ABCDEFG", "ABCDEFGO", "Ắ" * 8, "<b>" * 50, "A" * 100_000, "' OR 1=1 --"])
def test_what_cannot_be_a_receipt_comes_back_with_what_is_wrong(client, published, typed):
    page = client.post("/receipts", data={"receipt": typed}, expect=422)
    assert "Mã biên nhận có 8 ký tự" in page.text
    assert 'href="#receipt"' in page.text


def test_a_receipt_that_nobody_got_is_said_to_be_unknown(client, published):
    typed = "22222222"
    page = client.post("/receipts", data={"receipt": typed}, expect=422)
    assert "Không có biên nhận nào" in page.text
    assert typed in page.text


def test_a_post_from_another_site_is_refused(client, published):
    client.post("/receipts", data={"receipt": published[0]}, headers={"Sec-Fetch-Site": "cross-site"}, expect=403)


@pytest.mark.parametrize("day", ["2026-10-06", "2026-10-08", "20261007", "x", "2026-W41-3", "9999-12-31", "0001-01-01"])
@pytest.mark.parametrize("ending", ["", ".txt", ".json"])
def test_a_day_without_a_list_of_its_own_is_not_found(client, published, day, ending):
    client.get(f"/receipts/days/{day}{ending}", expect=404)


def test_lists_of_simulated_answers_only_are_labelled(client, published, database):
    with database.writing() as session:
        session.execute(text("UPDATE waves SET is_simulated = :yes"), {"yes": True})
    for address in ("/receipts", f"/receipts/days/{DAY}"):
        assert "Dữ liệu mô phỏng" in client.get(address).text
    assert "# simulated: yes" in client.get(f"/receipts/days/{DAY}.txt").text
    assert json.loads(client.get(f"/receipts/days/{DAY}.json").data)["simulated"] is True


@pytest.fixture
def tampered(published, database):
    with database.writing() as session:
        session.execute(text("DROP TRIGGER responses_refuse_delete"))
        session.execute(text("DELETE FROM responses WHERE receipt = :receipt"), {"receipt": published[0]})
    return published[1:]


def test_a_list_that_no_longer_agrees_says_so_and_shows_no_other(client, tampered, caplog):
    assert "không còn khớp" in client.get(f"/receipts/days/{DAY}").text
    assert "no longer agrees" in caplog.text
    client.get(f"/receipts/days/{DAY}.txt", expect=503)
    client.get(f"/receipts/days/{DAY}.json", expect=503)
    assert "không còn khớp" in client.get(f"/receipts/{tampered[0]}").text
    assert not [receipt for receipt in tampered if receipt in caplog.text]


def test_a_page_can_be_kept_and_asked_for_again(client, published):
    first = client.get(f"/receipts/days/{DAY}.txt")
    again = {"If-None-Match": first.headers["ETag"]}
    client.get(f"/receipts/days/{DAY}.txt", headers=again, expect=304)
