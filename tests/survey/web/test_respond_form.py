"""The form behind a counter's QR, before anybody has answered."""

from __future__ import annotations

import gzip
import re

import html5lib
import pytest
from werkzeug.datastructures import MultiDict

from forms import definition, loading
from survey.services import codes, waves
from survey.web.respond.questions import DRAWN_AS, Sheet

DIMENSIONS = ("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu")


@pytest.fixture
def code(settings, seeded):
    poster = seeded.posters[0]
    return codes.code_for(poster.counter_id, poster.serial, key=settings.key(codes.KEY_PURPOSE))


def parsed(response):
    return html5lib.parse(response.text, namespaceHTMLElements=False)


def inputs(response, kind="radio"):
    return [element for element in parsed(response).iter("input") if element.get("type") == kind]


def test_it_names_the_agency_and_the_counter(client, code):
    text = client.get(f"/R/{code}").text
    assert "Xã Ea Ô" in text
    assert "Quầy số 1" in text


def test_nothing_is_chosen_beforehand_and_nothing_is_forced_by_the_browser(client, code):
    page = client.get(f"/R/{code}")
    assert not [element for element in inputs(page) if "checked" in element.attrib or "required" in element.attrib]
    assert parsed(page).find(".//form").get("novalidate") is not None


def test_every_level_of_every_dimension_is_one_tap_of_the_same_size(client, code):
    radios = inputs(client.get(f"/R/{code}"))
    for dimension in DIMENSIONS:
        values = [radio.get("value") for radio in radios if radio.get("name") == dimension]
        assert values[:5] == ["1", "2", "3", "4", "5"]


def test_not_applicable_stands_apart_from_the_scale(client, code):
    labels = [label for label in parsed(client.get(f"/R/{code}")).iter("label") if "apart" in label.get("class", "")]
    assert {label.find("input").get("value") for label in labels} == {"na"}
    assert "Không áp dụng / không biết" in "".join(labels[0].itertext())


def test_each_question_is_a_legend_and_each_radio_has_its_words(client, code):
    page = parsed(client.get(f"/R/{code}"))
    for fieldset in page.iter("fieldset"):
        assert "".join(fieldset.find("legend").itertext()).strip()
        assert all("".join(label.itertext()).strip() for label in fieldset.iter("label"))


def test_a_citizen_reads_who_asks_why_and_what_becomes_of_it(client, code):
    text = "".join(parsed(client.get(f"/R/{code}")).find(".//details").itertext())
    for promise in ("Sở Nội vụ", "ẩn danh", "tự nguyện", "không xem được phiếu của từng người", "không rút lại được"):
        assert promise in text


def test_it_is_in_english_when_asked(client, code):
    page = client.get(f"/R/{code}?lang=en")
    assert parsed(page).get("lang") == "en"
    assert "Very satisfied" in page.text
    # Only the province's own names stay as they are.
    assert "hài lòng" not in page.text


def test_an_unknown_language_is_answered_in_vietnamese(client, code):
    assert parsed(client.get(f"/R/{code}?lang=tlh")).get("lang") == "vi"


def test_a_simulated_wave_says_so_on_its_form(client, database, seeded, code):
    assert "Dữ liệu mô phỏng" not in client.get(f"/R/{code}").text
    with database.writing() as session:
        waves.create(
            session,
            loading.load("sipas-counter"),
            code="thu-nghiem",
            title="Thử nghiệm",
            opens_on=seeded.now.date(),
            closes_on=seeded.now.date(),
            is_simulated=True,
        )
    assert "Dữ liệu mô phỏng" in client.get(f"/R/{code}").text


def test_the_enter_key_sends_the_form_and_does_not_switch_its_language(client, code):
    # HTML, "implicit submission": Enter presses the first button of the form in the order of the document.
    page = parsed(client.get(f"/R/{code}"))
    first = next(button for button in page.iter("button") if button.get("form") == "answers")
    assert first.get("name") is None
    assert [button.get("name") for button in page.find(".//form").iter("button")] == [None]


def test_it_sets_no_cookie_and_only_this_browser_may_keep_it_for_going_back(client, code):
    response = client.get(f"/R/{code}")
    assert "Set-Cookie" not in response.headers
    assert response.headers["Cache-Control"] == "private, no-cache"


def test_it_is_sent_to_another_address_so_that_going_back_finds_the_same_form(client, code):
    # RFC 9111, section 4.4: a post makes the browser drop its copy of the address that it was sent to.
    form = parsed(client.get(f"/R/{code}")).find(".//form")
    assert form.get("action") == f"/R/{code}/SEND"
    assert client.get(f"/R/{code}/SEND", expect=303).location == f"/R/{code}"


def test_each_showing_has_a_key_of_its_own(client, code):
    first, second = (inputs(client.get(f"/R/{code}"), "hidden")[0].get("value") for _ in range(2))
    assert first != second


def test_it_is_there_in_two_requests_and_14_kilobytes(client, code):
    accept = {"Accept-Encoding": "gzip"}
    page = client.get(f"/R/{code}", headers=accept)
    assert page.headers["Content-Encoding"] == "gzip"
    html = gzip.decompress(page.data).decode()
    # Whatever the browser would fetch by itself before the page is of use; an icon in a data: address is no request,
    # and the deferred script, which comes after both, is optional and has a budget of its own.
    others = re.findall(r'<(?:link|img|script src)[^>]*(?:href|src)="(?!data:)([^"]+)"', html)
    assert re.findall(r"<script(?! defer)", html) == []
    assert len(others) == 1
    stylesheet = client.get(others[0], headers=accept)
    headers = sum(len(str(response.headers)) for response in (page, stylesheet))
    assert len(page.data) + len(stylesheet.data) + headers <= 14 * 1024


def test_every_kind_of_item_has_a_builder_and_a_macro(app):
    assert set(DRAWN_AS) == set(definition.Item.__args__)
    macros = app.jinja_env.get_template("components/questions.html").module
    for kind in ("radios", "checkboxes", "comment"):
        assert callable(getattr(macros, kind))


def test_the_long_questionnaire_is_drawn_whole(app, client):
    questionnaire = loading.load("sipas-2026")
    sheet = Sheet(questionnaire=questionnaire, locale="vi", given=MultiDict(), errors={})
    with app.test_request_context("/"):
        draw = app.jinja_env.get_template("components/questions.html").module.draw
        html = "".join(str(draw(question)) for group in sheet.groups() for question in group.questions)
    for item in questionnaire.items:
        assert f'name="{item.id}"' in html
    for name in questionnaire.answer_ids:
        assert f'name="{name}"' in html
