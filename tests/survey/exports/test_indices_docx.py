import dataclasses
import io

from docx import Document

from survey.exports.docx_layout import Letterhead
from survey.exports.indices_docx import indices_docx


def words(data: bytes) -> str:
    document = Document(io.BytesIO(data))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


def test_the_page_is_laid_out_as_the_decree_asks(make_table, vietnamese):
    table = make_table()
    document = Document(io.BytesIO(indices_docx(table, table.rows[0], language=vietnamese)))
    page = document.sections[0]
    margins = (page.top_margin, page.bottom_margin, page.left_margin, page.right_margin)
    assert [round(length.mm) for length in (page.page_width, page.page_height, *margins)] == [210, 297, 20, 20, 30, 15]
    assert document.styles["Normal"].font.name == "Times New Roman"


def test_the_state_formula_has_room_for_one_line(make_table, vietnamese):
    table = make_table()
    document = Document(io.BytesIO(indices_docx(table, table.rows[0], language=vietnamese)))
    right = document.tables[0].rows[0].cells[1]
    assert right.paragraphs[0].text == "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
    assert round(right.width.mm) == 100


def test_the_table_has_each_dimension_with_its_figures_in_vietnamese_notation(make_table, vietnamese):
    table = make_table()
    document = Document(io.BytesIO(indices_docx(table, table.rows[0], language=vietnamese)))
    rows = [[cell.text for cell in row.cells] for row in document.tables[1].rows]
    assert rows[1] == ["1", "Tiếp cận dịch vụ", "–", "–", "–"]
    # 26 of 31 is 83.871 %, printed by the department itself as 83,87 %.
    assert rows[2] == ["2", "Sự phục vụ hành chính", "31", "83,87", "67,37–92,90"]


def test_simulated_answers_are_called_simulated(make_table, vietnamese):
    table = make_table()
    assert "DỮ LIỆU MÔ PHỎNG" in words(indices_docx(table, table.rows[0], language=vietnamese))
    real = make_table(is_simulated=False)
    assert "MÔ PHỎNG" not in words(indices_docx(real, real.rows[0], language=vietnamese))


def test_counter_feedback_is_never_called_the_index_of_the_province(make_table, vietnamese):
    table = make_table()
    text = words(indices_docx(table, table.rows[0], language=vietnamese))
    assert "Kết quả phản hồi tại quầy đối với Sở Nội vụ" in text
    assert "không phải là Chỉ số SIPAS của tỉnh./." in text


def test_a_suppressed_agency_gets_the_reason_and_no_table(make_table, vietnamese):
    table = make_table()
    data = indices_docx(table, table.rows[1], language=vietnamese)
    assert "Xã Ea Ô" in words(data)
    assert len(Document(io.BytesIO(data)).tables) == 2


def test_markup_in_a_name_stays_text(make_table, vietnamese):
    table = make_table()
    agency = dataclasses.replace(table.rows[0].agency, name="Ban <b>A & B</b>")
    row = dataclasses.replace(table.rows[0], agency=agency)
    assert "Ban <b>A & B</b>" in words(indices_docx(table, row, language=vietnamese))


def test_another_office_may_put_its_own_head_on_it(make_table, vietnamese):
    table = make_table()
    office = Letterhead(
        parent="UBND TỈNH KHÁNH HÒA", office="SỞ NỘI VỤ", place_and_date="Khánh Hòa, ngày … tháng … năm …"
    )
    assert "UBND TỈNH KHÁNH HÒA" in words(indices_docx(table, table.rows[0], language=vietnamese, letterhead=office))


def test_the_page_says_how_the_answers_came_or_that_it_is_not_shown(make_table, vietnamese):
    table = make_table()
    text = words(indices_docx(table, table.rows[0], language=vietnamese))
    # 21 of 31 is 67.74 %; nobody typed a number, and a line has no room for nobody.
    line = "mã dùng một lần trên phiếu mời 67,7% (21 phiếu); mã QR tại quầy 32,3% (10 phiếu)."
    assert f"- Người dân mở phiếu bằng cách nào: {line}" in text
    assert "- Phiếu được điền bằng gì: Không công bố: có một cách chỉ có từ 1 đến 9 phiếu trả lời." in text
    assert "Câu trả lời đến từ đâu" not in words(indices_docx(table, table.rows[1], language=vietnamese))
