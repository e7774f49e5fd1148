"""The thank-you page, which is also the receipt."""

from __future__ import annotations

import html5lib
import pytest

from survey.services import codes

ALL_FOURS = dict.fromkeys(("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu"), "4")


@pytest.fixture
def receipt_url(client, settings, seeded):
    poster = seeded.posters[0]
    url = "/R/" + codes.code_for(poster.counter_id, poster.serial, key=settings.key(codes.KEY_PURPOSE))
    form = html5lib.parse(client.get(url).text, namespaceHTMLElements=False)
    token = next(field.get("value") for field in form.iter("input") if field.get("name") == "form_token")
    given = ALL_FOURS | {"form_token": token, "y_kien": "Cần thêm ghế"}
    return client.post(url, data=given, expect=303).headers["Location"]


def test_it_thanks_and_says_that_the_answers_are_counted(client, receipt_url):
    text = client.get(receipt_url).text
    assert "Xin cảm ơn Ông/Bà" in text
    assert "đã được ghi nhận và được tính vào kết quả" in text
    assert receipt_url.rpartition("/")[2] in text
    assert "07/10/2026" in text


def test_it_leads_to_the_results_of_the_agency(client, receipt_url):
    page = html5lib.parse(client.get(receipt_url).text, namespaceHTMLElements=False)
    (link,) = [link for link in page.iter("a") if "button" in link.get("class", "")]
    assert link.get("href") == "/waves/quay-2026/agencies/xa-ea-o"
    client.get(link.get("href"))


def test_it_can_be_opened_again_and_never_shows_what_was_answered(client, receipt_url):
    first, second = client.get(receipt_url).text, client.get(receipt_url).text
    assert first == second
    assert "Cần thêm ghế" not in first


@pytest.mark.parametrize("receipt", ["AAAAAAAA", "x", "A" * 5000, "%00", "' OR 1=1 --"])
def test_an_unknown_receipt_is_not_found(client, receipt):
    client.get(f"/receipts/{receipt}", expect=404)


def test_it_is_kept_by_no_cache(client, receipt_url):
    assert client.get(receipt_url).headers["Cache-Control"] == "no-store"
