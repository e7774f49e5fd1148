import csv
import io
import re

import html5lib
from docx import Document


def rows_of(page: str, table: int = 0) -> list[list[str]]:
    """The rows of a page's nth table, as texts."""
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    found = list(tree.iter("table"))[table]
    return [
        [" ".join("".join(cell.itertext()).split()) for cell in row if cell.tag in {"th", "td"}]
        for row in found.iter("tr")
    ]


def test_the_front_page_names_the_running_wave_and_leads_to_its_results(client, seeded):
    page = client.get("/").text
    assert "Đánh giá tại quầy năm 2026" in page
    assert "/waves/quay-2026" in page


def test_the_front_page_speaks_english_when_asked(client, seeded):
    assert "Open now" in client.get("/?lang=en").text


def test_the_published_example_is_printed_as_it_was_published(client, answered):
    rows = rows_of(client.get("/waves/quay-2026/agencies/so-noi-vu").text)
    # 26 of 31 people were satisfied: 83.871 %.
    assert [row[1:3] for row in rows[1:]] == [["31", "83,87"]] * 6


def test_the_page_of_a_wave_has_a_table_and_a_dot_for_each_agency(client, answered):
    page = client.get("/waves/quay-2026").text
    departments = rows_of(page, table=1)
    assert departments[1][:3] == ["Sở Nội vụ", "31", "83,87"]
    assert page.count('class="dot"') >= 7


def test_the_province_is_the_share_of_all_answers(client, answered):
    # Satisfied: 26 of 31, 5 of 9, 13 of 20, 40 of 53, so 84 of 113 in all: 74.336 %.
    assert rows_of(client.get("/waves/quay-2026").text)[6][1:3] == ["113", "74,34"]


def test_an_agency_of_nine_shows_no_number_anywhere(client, answered):
    page = client.get("/waves/quay-2026/agencies/xa-ea-o").text
    assert "<table" not in page
    for address in ("/waves/quay-2026/agencies/xa-ea-o.csv", "/waves/quay-2026.csv"):
        text = client.get(address).data.decode("utf-8-sig")
        own = [row for row in csv.DictReader(io.StringIO(text)) if row["agency"] == "xa-ea-o"]
        assert {(row["n"], row["index"], row["suppressed"]) for row in own} == {("", "", "true")}
    (row,) = client.get("/waves/quay-2026/agencies/xa-ea-o.json").json["rows"]
    assert (row["n"], row["suppressed"]) == (None, True)
    assert not any(row["dimensions"].values())


def test_agencies_stand_in_the_order_of_a_vietnamese_dictionary_or_of_their_index(client, answered):
    def communes(query: str) -> list[str]:
        rows = rows_of(client.get(f"/waves/quay-2026{query}").text, table=2)
        return [row[0] for row in rows[1:]]

    assert communes("?sort=index") == sorted(communes(""), key=lambda name: name != "Phường Buôn Ma Thuột")
    assert communes("?sort=nonsense") == communes("")


def test_one_dimension_can_be_chosen_and_an_unknown_one_falls_back(client, answered):
    def shown(dimension: str) -> str:
        return "".join(re.findall("<caption.*?</caption>", client.get(f"/waves/quay-2026?dimension={dimension}").text))

    assert "Sở, ban, ngành: Thủ tục hành chính" in shown("thu_tuc")
    assert "Sở, ban, ngành: Sự phục vụ hành chính" in shown("x")


def test_counter_feedback_is_called_so_and_never_the_index_of_the_province(client, answered):
    for address in ("/waves/quay-2026", "/waves/quay-2026/agencies/so-noi-vu"):
        page = client.get(address).text
        assert "Kết quả phản hồi tại quầy" in page
        assert "không phải là Chỉ số SIPAS của tỉnh" in page


def test_streams_are_never_pooled(client, answered):
    rows = client.get("/waves/quay-2026.json?stream=sample").json
    assert (rows["stream"], rows["province"]["n"]) == ("sample", None)


def test_a_stream_that_does_not_exist_is_refused_with_those_that_do(client, answered):
    page = client.get("/waves/quay-2026?stream=mixed", expect=400).text
    assert "counter, sample, census" in page


def test_what_does_not_exist_is_not_found(client, answered):
    for address in (
        "/waves/quay-1999",
        "/waves/quay-1999.csv",
        "/waves/quay-1999/agencies/so-noi-vu",
        "/waves/quay-2026/agencies/so-khong-co",
        "/waves/quay-2026/agencies/so-khong-co.docx",
    ):
        client.get(address, expect=404)


def test_real_answers_are_not_called_simulated(client, answered):
    assert "mô phỏng" not in client.get("/waves/quay-2026").text.lower()


def test_the_word_file_is_in_vietnamese_whatever_the_language_of_the_page(client, answered):
    data = client.get("/waves/quay-2026/agencies/so-noi-vu.docx?lang=en").data
    document = Document(io.BytesIO(data))
    assert [cell.text for cell in document.tables[1].rows[1].cells][1:4] == ["Tiếp cận dịch vụ", "31", "83,87"]


def test_files_are_named_after_the_wave_and_the_agency(client, answered):
    header = client.get("/waves/quay-2026/agencies/so-noi-vu.csv").headers["Content-Disposition"]
    assert header == "attachment; filename=quay-2026-so-noi-vu.csv"


def test_an_unchanged_page_is_not_sent_twice(client, answered):
    first = client.get("/waves/quay-2026")
    assert first.headers["Cache-Control"] == "public, no-cache"
    again = client.get("/waves/quay-2026", headers={"If-None-Match": first.headers["ETag"]}, expect=304)
    assert not again.data


def test_a_wave_without_answers_has_a_page(client, seeded):
    page = client.get("/waves/quay-2026").text
    assert 'class="dot"' not in re.sub(r'<p class="legend">.*?</p>', "", page, flags=re.DOTALL)
    client.get("/waves/quay-2026/agencies/so-noi-vu")
    client.get("/waves/quay-2026/agencies/so-noi-vu.docx")
