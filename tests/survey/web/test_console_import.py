import io

import pytest

SITE = "https://hailong.example.vn"
ADDRESS = "/console/waves/quay-2026/import"
HEADING = "agency,answered_on,count,tiep_can,thu_tuc,cong_chuc,ket_qua,gop_y,phuc_vu"


@pytest.fixture
def upload(sign_in):
    client = sign_in("canbo")

    def upload(content: bytes | None, *, name: str = "phieu.csv", stream: str | None = None, expect: int):
        token = client.get(ADDRESS, base_url=SITE).text.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]
        data = {"csrf_token": token} | ({"stream": stream} if stream else {})
        if content is not None:
            data["file"] = (io.BytesIO(content), name)
        headers = {"Referer": f"{SITE}{ADDRESS}"}
        return client.post(ADDRESS, data=data, base_url=SITE, headers=headers, expect=expect)

    return upload


def csv(*lines: str) -> bytes:
    return "\n".join([HEADING, *lines]).encode()


# Bà Rịa–Vũng Tàu 2022: 31 answers, 10 very satisfied, 16 satisfied, 5 neutral; published as 83,87 %.
PUBLISHED = csv(
    "Sở Nội vụ,31/03/2026,10,5,5,5,5,5,5",
    "Sở Nội vụ,31/03/2026,16,4,4,4,4,4,4",
    "Sở Nội vụ,31/03/2026,5,3,3,3,3,3,3",
)


def test_the_published_example_comes_out_as_published(upload, client):
    upload(PUBLISHED, expect=303)
    page = client.get("/waves/quay-2026/agencies/so-noi-vu").text
    assert page.count("83,87") == 6


def test_a_saved_file_leads_to_the_results_and_says_so_once(upload, client):
    upload(PUBLISHED, expect=303)
    page = client.get(ADDRESS, base_url=SITE).text
    assert "Số phiếu đã lưu: 31" in page
    assert 'href="/waves/quay-2026"' in page
    assert "Số phiếu đã lưu" not in client.get(ADDRESS, base_url=SITE).text


def test_every_bad_line_is_named_and_nothing_is_saved(upload, client):
    page = upload(
        csv(
            "Sở Nội vụ,31/03/2026,1,5,5,5,5,5,5",
            "Sở Không Có,31/03/2026,1,5,5,5,5,5,5",
            "Sở Nội vụ,31/02/2026,1,5,5,5,5,5,9",
        ),
        expect=422,
    ).text
    cells = [line.strip() for line in page.split("\n") if "<td" in line]
    assert [cell for cell in cells if cell in {'<td class="number">3</td>', '<td class="number">4</td>'}] == [
        '<td class="number">3</td>',
        '<td class="number">4</td>',
        '<td class="number">4</td>',
    ]
    for value in ("Sở Không Có", "31/02/2026", "answered_on", "phuc_vu"):
        assert f"<td>{value}</td>" in page
    assert client.get("/waves/quay-2026.json").json["province"]["n"] is None


def test_the_same_file_is_not_counted_twice(upload, client):
    upload(PUBLISHED, expect=303)
    upload(PUBLISHED, expect=422)
    assert client.get("/waves/quay-2026.json").json["province"]["n"] == 31


def test_a_file_as_excel_saves_it_in_vietnam_is_read(upload, client):
    data = b"\xef\xbb\xbf" + PUBLISHED.replace(b",", b";").replace(b"\n", b"\r\n")
    upload(data, expect=303)
    assert client.get("/waves/quay-2026.json").json["province"]["n"] == 31


@pytest.mark.parametrize(
    "content", [b"", b"\x00\xff\x00", b"agency;answered_on\n", "mã cơ quan,ngày\n".encode("cp1258", "ignore")]
)
def test_what_is_no_such_file_is_explained(upload, content):
    assert "Chưa có phiếu nào được lưu" in upload(content, expect=422).text


def test_no_file_is_asked_for_again(upload):
    assert "Hãy chọn một tệp" in upload(None, expect=422).text


def test_a_file_larger_than_any_form_is_taken(upload, client):
    lines = ["Sở Nội vụ,31/03/2026,1,5,5,5,5,5,5"] * 9000
    upload(csv(*lines), expect=303)
    assert client.get("/waves/quay-2026.json").json["province"]["n"] == 9000


def test_markup_in_a_file_stays_text(upload):
    page = upload(csv("<b>Sở</b>,31/03/2026,1,5,5,5,5,5,5"), expect=422).text
    assert "<td>&lt;b&gt;Sở&lt;/b&gt;</td>" in page


def test_a_file_for_a_wave_that_does_not_exist_is_not_found(sign_in):
    sign_in("canbo").get("/console/waves/quay-1999/import", base_url=SITE, expect=404)


def test_imported_results_stay_apart_from_answers_at_the_counter(upload, client):
    upload(PUBLISHED, stream="census", expect=303)
    assert "83,87" not in client.get("/waves/quay-2026/agencies/so-noi-vu").text
    assert client.get("/waves/quay-2026/agencies/so-noi-vu?stream=census").text.count("83,87") == 6


def test_an_unknown_stream_is_refused_and_nothing_is_saved(upload, client):
    page = upload(PUBLISHED, stream="hearsay", expect=400).text
    assert "hearsay" in page
    assert "83,87" not in client.get("/waves/quay-2026/agencies/so-noi-vu").text
