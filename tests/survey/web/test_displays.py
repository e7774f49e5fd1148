"""Large letters and high contrast: asked for in the address, carried on by every link, kept nowhere."""

from __future__ import annotations

import html5lib
import pytest

from survey.services import codes

ALL_FOURS = dict.fromkeys(("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu"), "4")


@pytest.fixture
def url(settings, seeded):
    poster = seeded.posters[0]
    return "/R/" + codes.code_for(poster.counter_id, poster.serial, key=settings.key(codes.KEY_PURPOSE))


def parsed(page):
    return html5lib.parse(page.text, namespaceHTMLElements=False)


def classes(page):
    return (parsed(page).get("class") or "").split()


def links(page):
    return {"".join(link.itertext()).strip(): link.get("href") for link in parsed(page).iter("a")}


def ticked(page):
    return [
        box.get("value")
        for box in parsed(page).iter("input")
        if box.get("name") == "display" and "checked" in box.attrib
    ]


def hidden(page):
    return {
        field.get("name"): field.get("value") for field in parsed(page).iter("input") if field.get("type") == "hidden"
    }


def test_a_page_is_shown_as_its_address_asks_and_its_links_ask_for_the_same(client, answered):
    plain = client.get("/waves/quay-2026")
    assert classes(plain) == []
    large = client.get(links(plain)["Chữ to"])
    assert classes(large) == ["large"]
    assert "display=large" in links(large)["Sở Nội vụ"]
    both = client.get(links(large)["Tương phản"])
    assert classes(both) == ["large", "contrast"]
    assert classes(client.get(links(both)["English"])) == ["large", "contrast"]
    assert classes(client.get(links(both)["Chữ to"])) == ["contrast"]


def test_what_else_the_address_asks_stays(client, answered):
    page = client.get("/waves/quay-2026?stream=census&lang=en")
    assert links(page)["Large letters"] == "/waves/quay-2026?stream=census&lang=en&display=large"


@pytest.mark.parametrize("asked", ["giant", "", "%00", "large<script>"])
def test_what_we_do_not_know_is_passed_over(client, seeded, asked):
    page = client.get("/", query_string=f"display={asked}")
    assert classes(page) == []
    assert "giant" not in page.text.replace(f"display={asked}", "")


def test_files_and_services_are_not_addressed_by_it(client, answered):
    page = client.get("/waves/quay-2026?display=large")
    sheets = [link.get("href") for link in parsed(page).iter("link") if link.get("rel") == "stylesheet"]
    assert len(sheets) == 2
    assert not [sheet for sheet in sheets if "display" in sheet]


def test_on_the_form_a_box_comes_along_through_errors_and_languages_to_the_receipt(client, url):
    form = {"form_token": hidden(client.get(url))["form_token"], "display": ["contrast"]}
    wrong = client.post(f"{url}/SEND", data=form, expect=422)
    assert (classes(wrong), ticked(wrong)) == (["contrast"], ["contrast"])
    english = client.post(f"{url}/SEND", data=form | {"switch_language": "en"})
    assert (classes(english), ticked(english)) == (["contrast"], ["contrast"])
    receipt = client.post(f"{url}/SEND", data=form | ALL_FOURS, expect=303).location
    assert classes(client.get(receipt)) == ["contrast"]
    # A box that was ticked off again is off.
    plain = client.post(f"{url}/SEND?display=large", data={"form_token": form["form_token"]}, expect=422)
    assert classes(plain) == []


def test_it_is_no_part_of_the_answers(client, url, database):
    form = ALL_FOURS | {"form_token": hidden(client.get(url))["form_token"]}
    first = client.post(f"{url}/SEND", data=form, expect=303).location
    again = client.post(f"{url}/SEND", data=form | {"display": "large"}, expect=303).location
    assert again.split("?")[0] == first
    with database.reading() as session:
        assert "display" not in str(session.connection().exec_driver_sql("SELECT * FROM responses").all())
