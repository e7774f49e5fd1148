"""The national questionnaire, word for word against the reference it was taken from."""

import re
from pathlib import Path

import pytest

from forms.definition import CompositeKind, Questionnaire, Text
from forms.loading import load

FORM = load("sipas-2026")
REFERENCE = Path(__file__).parents[2] / "../shared/reference/sipas-method.md"
# Sizes of the groups A–D of Block I and A–E of Block II in the reference, section 2.3.
SIZES = {"chinh_sach": [2, 2, 9, 10], "dich_vu": [3, 4, 3, 3, 3]}

# What Đắk Lắk reads where the form of the Hanoi ward differs (reference, section 2), and what our copy abbreviates.
SUBSTITUTES = {
    "[TT]": "Trung tâm Phục vụ hành chính công xã/phường",
    "loa phát thanh phường": "loa phát thanh xã/phường",
    "họp tổ dân phố": "họp thôn, buôn, tổ dân phố",
    "(… cung cấp": "(Các quy định, hoạt động cung cấp",
}


def ids(prefix: str) -> list[str]:
    return [item.id for item in FORM.items if re.fullmatch(prefix + r"\d+", item.id)]


def whole(item_id: str) -> str:
    """The wording as the form prints it: the question, then what it has in brackets."""
    item = FORM.item(item_id)
    return " ".join(text["vi"] for text in (item.text, item.hint) if text)


def all_texts(value: object) -> list[Text]:
    if isinstance(value, Text):
        return [value]
    if isinstance(value, tuple):
        return [text for member in value for text in all_texts(member)]
    names = getattr(type(value), "__dataclass_fields__", {})
    return [text for name in names if not name.startswith("_") for text in all_texts(getattr(value, name))]


@pytest.fixture(scope="module")
def reference() -> str:
    if not REFERENCE.exists():
        pytest.skip("the reference is not beside this checkout")
    text = REFERENCE.read_text(encoding="utf-8")
    return text[text.index("## 2. Questionnaire") : text.index("## 3. Earlier questionnaires")]


def as_in_dak_lak(wording: str) -> str:
    for theirs, ours in SUBSTITUTES.items():
        wording = wording.replace(theirs, ours)
    return wording


def test_the_questions_are_as_many_as_in_the_form():
    counts = {"c1_": 9, "c3_": 7, "c7_": 3, "c8_": 7, "m": 39, "c10_": 10}
    assert {prefix: len(ids(prefix)) for prefix in counts} == counts
    assert {"c2", "c4", "c5", "c6", "y_kien"} <= {item.id for item in FORM.items}
    assert [item.id for item in FORM.items[:5]] == ["gioi_tinh", "dan_toc", "do_tuoi", "hoc_van", "nghe_nghiep"]
    assert FORM.stream == "sample"


def test_the_groups_have_the_sizes_of_the_form_and_together_all_39_items():
    sizes = {
        block.id: [len(dimension.items) for dimension in FORM.dimensions if dimension.block == block.id]
        for block in FORM.blocks
    }
    assert sizes == SIZES
    assert {block: sum(groups) for block, groups in sizes.items()} == {"chinh_sach": 23, "dich_vu": 16}
    measured = [name for dimension in FORM.dimensions for name in dimension.items]
    assert measured == [f"m{number:02}" for number in range(1, 40)]


def test_every_satisfaction_item_is_required():
    """The form in use enforces the first 30 only, and so loses staff, results and complaints."""
    assert all(FORM.item(name).required for name in ids("m"))


def test_only_these_may_be_left_blank():
    optional = [item.id for item in FORM.items if not item.required]
    demographics = ["gioi_tinh", "dan_toc", "do_tuoi", "hoc_van", "nghe_nghiep"]
    assert optional == [*demographics, "c3_7", "c3_7_khac", "c4", "y_kien"]


def test_other_answers_have_a_line_where_the_form_has_one():
    assert [item.specify_id for item in FORM.items if item.specify_id] == ["dan_toc_khac", "c2_khac"]


def test_the_five_factors_are_called_as_at_the_counter():
    """So that a page can put both streams side by side, never added."""
    factors = [dimension.id for dimension in FORM.dimensions if dimension.block == "dich_vu"]
    assert factors == [dimension.id for dimension in load("sipas-counter").dimensions][:5]


def test_no_composite_calls_itself_the_official_index():
    kinds = [composite.kind for composite in FORM.index.composites]
    assert set(kinds) == {CompositeKind.BY_ITEMS, CompositeKind.EQUAL, CompositeKind.BLOCKS}
    assert not [composite for composite in FORM.index.composites if "SIPAS" in str(composite.text)]


def test_the_blocks_weights_give_the_published_figure_of_2024():
    """Policy 83.84 and service 84.09 were published as 83.94 (reference, section 4.3)."""
    weights = {weight.of: weight.share for weight in FORM.index.composites[-1].weights}
    assert round(weights["chinh_sach"] * 83.84 + weights["dich_vu"] * 84.09, 2) == 83.94


@pytest.mark.parametrize("questionnaire", [FORM, load("sipas-counter")], ids=lambda made: made.id)
def test_every_text_is_translated_and_not_just_copied(questionnaire: Questionnaire):
    texts = all_texts(tuple(getattr(questionnaire, name) for name in ("title", "intro", "scales", "sections", "items")))
    assert len(texts) > 30
    same = {text["vi"] for text in texts if text["vi"] == text["en"]}
    assert all(re.fullmatch(r"Kinh|[\d–]+", wording) for wording in same), same


def test_no_name_of_the_hanoi_form_is_left():
    wordings = [text["vi"] for text in all_texts((FORM.sections, FORM.items))]
    assert not [words for words in wordings if re.search(r"thành phố|\[TT\]|(?<!xã/)phường|…", words)]


@pytest.mark.parametrize("number", range(1, 40))
def test_a_satisfaction_item_reads_as_in_the_reference(reference: str, number: int):
    (wording,) = re.findall(rf"^\|[^|]*\| {number} \| (.+) \|$", reference, re.MULTILINE)
    if 5 <= number <= 13:
        policy, bracket = wording.split(" (", 1)
        (stem,) = re.findall(r"\"(Chính quyền tổ chức thực hiện tốt chính sách … ở địa phương)\"", reference)
        wording = f"{stem.replace('…', policy)} ({bracket}"
    assert whole(f"m{number:02}") == as_in_dak_lak(wording)


def test_the_groups_read_as_in_the_reference(reference: str):
    titles = re.findall(r"^\| \*\*([A-E]\. [^*]+)\*\*", reference, re.MULTILINE)
    groups = [section for section in FORM.sections if re.fullmatch(r"cau_9_ii?_[a-e]", section.id)]
    assert [section.title["vi"] for section in groups] == titles
    assert [
        f"{title[0]}. {dimension.text['vi']}" for title, dimension in zip(titles, FORM.dimensions, strict=True)
    ] == titles


def test_the_expectations_read_as_in_the_reference(reference: str):
    after = reference[reference.index("### 2.4") :]
    assert [whole(name) for name in ids("c10_")] == re.findall(r"^\d+ (.+)$", after, re.MULTILINE)


def test_the_policies_of_the_first_question_read_as_in_the_reference(reference: str):
    (listed,) = re.findall(r'"Chính sách … ở địa phương": (.+)\.$', reference, re.MULTILINE)
    assert [whole(name) for name in ids("c1_")] == [
        f"Chính sách {policy} ở địa phương" for policy in listed.split(" · ")
    ]


@pytest.mark.parametrize(("section", "number"), [("cau_1", 1), ("cau_3", 3), ("cau_7", 7), ("cau_8", 8)])
def test_the_questions_over_several_items_read_as_in_the_reference(reference: str, section: str, number: int):
    (question,) = re.findall(rf'^\*\*Câu {number}\.\*\* "(.+?)"', reference, re.MULTILINE)
    (intro,) = [part.intro["vi"] for part in FORM.sections if part.id == section]
    assert intro.startswith(question)


@pytest.mark.parametrize("section", ["cau_9", "cau_10"])
def test_the_questions_over_the_tables_read_as_in_the_reference(reference: str, section: str):
    (intro,) = [part.intro["vi"] for part in FORM.sections if part.id == section]
    assert f'"{intro}"' in reference


@pytest.mark.parametrize("number", [2, 4, 5, 6])
def test_the_questions_of_one_item_read_as_in_the_reference(reference: str, number: int):
    (question,) = re.findall(rf'^\*\*Câu {number}\.\*\* "(.+?)"', reference, re.MULTILINE)
    assert whole(f"c{number}") == question


def test_the_channels_read_as_in_the_reference(reference: str):
    (line,) = re.findall(r"^1 Qua loa.+$", reference, re.MULTILINE)
    channels = [as_in_dak_lak(channel) for channel in re.split(r"(?:^| )\d (?=Qua )", line)[1:]]
    assert [option.text["vi"] for option in FORM.item("c2").options] == channels
    prefix = "Cung cấp thông tin về các chính sách qua "
    assert [whole(name) for name in ids("c3_")] == [prefix + channel[4:].rstrip(".") for channel in channels]


@pytest.mark.parametrize(
    ("scale", "after"),
    [("hai_long", "### 2.3"), ("quan_tam", "**Câu 1."), ("phu_hop", "**Câu 3."), ("mong_muon", "### 2.4")],
)
def test_the_scales_read_as_in_the_reference(reference: str, scale: str, after: str):
    stated = reference[reference.index(after) :].partition("cale: ")[2].partition(".")[0]
    labels = [re.sub(r"^\d ", "", label) for label in stated.split(" · ")]
    assert [level.text["vi"] for level in FORM.scale(scale).levels] == labels


@pytest.mark.parametrize(
    ("item", "heading"),
    [
        ("gioi_tinh", "Giới tính"),
        ("dan_toc", "Dân tộc"),
        ("do_tuoi", "Độ tuổi"),
        ("hoc_van", "Trình độ học vấn"),
        ("nghe_nghiep", "Nghề nghiệp"),
    ],
)
def test_the_demographics_read_as_in_the_reference(reference: str, item: str, heading: str):
    (line,) = re.findall(rf"^- {heading}: (.+)$", reference, re.MULTILINE)
    choices = [re.sub(r"^\d (?=\D)", "", choice) for choice in line.split(" · ")]
    assert whole(item) == heading
    assert [option.text["vi"] for option in FORM.item(item).options] == choices
