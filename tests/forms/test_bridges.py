"""The national series and the files of decisions: what they say, and everything that can be wrong in them."""

from __future__ import annotations

import itertools
import tomllib

import pytest

from forms import bridging
from forms.bridging import BridgeError, load_bridge, load_series, read_bridge, read_series
from forms.comparability import compare
from forms.errors import FormsError
from forms.loading import available, from_toml, load
from forms.series import EVENT_SENTENCES, FACT_SENTENCES, Series
from forms.verdict import Change, Evidence
from survey import i18n


@pytest.fixture(scope="module")
def national() -> Series:
    return load_series("national")


def test_2021_and_2022_do_not_compare_for_other_people_were_asked_other_things(national: Series):
    verdict = national.between_years(2021, 2022)
    assert not verdict.comparable
    assert [reason.change for reason in verdict.reasons] == [Change.POPULATION, Change.ITEMS, Change.DIMENSIONS]
    # That the classic form was still in use in 2021 is inferred, and so is what rests on it.
    assert {reason.evidence for reason in verdict.reasons} == {Evidence.INFERRED}
    assert [i18n.explain(reason.localised("vi")) for reason in verdict.reasons] == [
        (
            "Đối tượng được hỏi đã thay đổi: trước đó là người dân và người đại diện tổ chức đã giao dịch và đã nhận "
            "kết quả, sau đó là người dân từ 18 tuổi trở lên được chọn ngẫu nhiên tại cơ sở."
        ),
        (
            "Nội dung hỏi đã thay đổi: trước đó là 22 tiêu chí, sau đó là 33 nội dung (14 về chính sách công, 19 về "
            "dịch vụ hành chính công)."
        ),
        (
            "Các thành phần đã thay đổi: trước đó là năm yếu tố, sau đó là chín nhóm: bốn nhóm về chính sách công, "
            "năm nhóm về dịch vụ hành chính công."
        ),
    ]
    assert [str(reason) for reason in verdict.reasons][1] == (
        "The content asked about changed: 22 criteria before, 33 items (14 on public policies, 19 on public "
        "administrative services) after."
    )


def test_the_instruments_themselves_differ_on_better_evidence(national: Series):
    reasons = national.between("qd-2640", "phieu-2022").reasons
    assert [reason.change for reason in reasons] == [Change.POPULATION, Change.ITEMS, Change.DIMENSIONS]
    assert {reason.evidence for reason in reasons} == {Evidence.FRAGMENT}


def test_the_order_of_the_years_does_not_matter(national: Series):
    assert national.between_years(2022, 2021) == national.between_years(2021, 2022)


# The report on the method, §1, §3 and §5: which years have nothing known between them.
TRENDS = [{2015}, {2017, 2018, 2019, 2020, 2021}, {2022, 2023}, {2024}, {2025, 2026}]


def test_years_compare_within_a_trend_and_not_across(national: Series):
    assert set(national.years) == set().union(*TRENDS)
    for earlier, later in itertools.combinations_with_replacement(national.years, 2):
        together = any({earlier, later} <= trend for trend in TRENDS)
        assert national.between_years(earlier, later).comparable == together, (earlier, later)


def test_a_yes_says_how_well_it_is_known(national: Series):
    assert national.between_years(2018, 2019).evidence is Evidence.FRAGMENT
    assert national.between_years(2022, 2023).evidence is Evidence.INFERRED


def test_2025_breaks_by_its_units_and_the_sampling_without_districts(national: Series):
    verdict = national.between_years(2024, 2025)
    assert [reason.change for reason in verdict.reasons] == [Change.UNITS, Change.SAMPLING]
    said = " ".join(str(reason) for reason in verdict.reasons)
    for fact in ("no districts", "former Đắk Lắk and Phú Yên", "102 communes", "not known to us"):
        assert fact in said


def test_every_reason_can_be_said_in_both_languages_and_names_its_sources(national: Series):
    for earlier, later in itertools.combinations(national.years, 2):
        for reason in national.between_years(earlier, later).reasons:
            assert reason.sources
            with i18n.speaking(i18n.find("en")):
                assert i18n.explain(reason.localised("en")) == str(reason)
            assert i18n.explain(reason.localised("vi")) != str(reason)


def test_nothing_unverified_is_told_as_a_reason(national: Series):
    told = [national.between_years(*years).reasons for years in itertools.combinations(national.years, 2)]
    assert Evidence.UNVERIFIED not in {reason.evidence for reasons in told for reason in reasons}


def test_a_reason_has_the_weakest_mark_of_what_it_rests_on():
    assert Evidence.weakest(*Evidence) is Evidence.UNVERIFIED
    assert Evidence.weakest(Evidence.READ, Evidence.FRAGMENT) is Evidence.FRAGMENT
    weak = read_series(
        SERIES.replace('text.en = "2", evidence = "R", source = "X"', 'text.en = "2", evidence = "G"'),
        source="weak.toml",
    )
    (reason,) = weak.between_years(2001, 2002).reasons
    assert (reason.evidence, reason.sources) == (Evidence.UNVERIFIED, ("X", "A book"))


def test_what_is_known_of_one_instrument_only_is_no_difference():
    series = read_series(SERIES.replace('about = "items"', 'about = "scale"', 1), source="one.toml")
    assert series.between_years(2001, 2002).comparable


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (lambda series: series.between_years(2014, 2022), "known for 2014: choose among 2015, 2017"),
        (lambda series: series.between_years(2022, 2031), "known for 2031"),
        (
            lambda series: series.between("qd-2640", "qd-1"),
            "no questionnaire “qd-1” in this series: choose among huong",
        ),
    ],
)
def test_what_is_not_in_the_series_is_refused(national: Series, asked, words: str):
    with pytest.raises(FormsError, match=words):
        asked(national)


SERIES = """
id = "tiny"
title = { vi = "Chuỗi", en = "Series" }
[[instruments]]
id = "one"
document = { vi = "Một", en = "One" }
years = [{ first = 2000, last = 2001, evidence = "R", source = "A book", recorded = 2026-11-25 }]
facts = [
  { about = "items", value = "1", text.vi = "1", text.en = "1", evidence = "R", source = "X", recorded = 2026-11-25 },
]
[[instruments]]
id = "two"
document = { vi = "Hai", en = "Two" }
years = [{ first = 2002, last = 2003, evidence = "R", source = "A book", recorded = 2026-11-25 }]
facts = [
  { about = "items", value = "2", text.vi = "2", text.en = "2", evidence = "R", source = "X", recorded = 2026-11-25 },
]
[[events]]
id = "event"
since = 2003
change = "units"
text = { vi = "Việc", en = "Event" }
evidence = "R"
source = "A book"
recorded = 2026-11-25
"""

WRONG_SERIES = {
    "no source": (', source = "A book"', "", "instruments[0].years[0].source", "missing"),
    "a strange mark": (
        'evidence = "R"',
        'evidence = "X"',
        "instruments[0].years[0].evidence",
        "not one of R, R-frag, C, G",
    ),
    "a source of what is unverified": (
        'evidence = "R"',
        'evidence = "G"',
        "instruments[0].years[0].source",
        "has no source",
    ),
    "a date in quotes": ("2026-11-25", '"2026-11-25"', "instruments[0].years[0].recorded", "must be a date"),
    "a date with a time": ("2026-11-25", "2026-11-25T10:00:00", "instruments[0].years[0].recorded", "must be a date"),
    "years that fall": (
        "first = 2000",
        "first = 2002",
        "instruments[0].years[0].last",
        "ends before it begins, in 2002",
    ),
    "a year twice": (
        "first = 2002",
        "first = 2001",
        "instruments[1].years[0].first",
        "“2001” is in instruments[0].years[0] already",
    ),
    "an absurd year": ("first = 2000", "first = 20", "instruments[0].years[0].first", "20 is not between"),
    "a fact of no kind": (
        'about = "items"',
        'about = "weather"',
        "instruments[0].facts[0].about",
        "not one of population",
    ),
    "an event of no kind": ('change = "units"', 'change = "items"', "events[0].change", "not one of units, sampling"),
    "an id twice": ('id = "two"', 'id = "one"', "instruments[1].id", "is used already"),
    "one language": (', en = "Two"', "", "instruments[1].document.en", "missing"),
    "a strange key": ("since = 2003", "since = 2003\nuntil = 2004", "events[0].until", "unknown key"),
}


def problems(caught: pytest.ExceptionInfo[BridgeError]) -> list[tuple[str, str]]:
    return [(problem.path, problem.template.format(**problem.values)) for problem in caught.value.problems]


def test_the_tiny_series_itself_has_no_mistake():
    assert read_series(SERIES, source="tiny.toml").years == (2000, 2001, 2002, 2003)


@pytest.mark.parametrize(("old", "new", "path", "words"), WRONG_SERIES.values(), ids=WRONG_SERIES)
def test_a_mistake_in_a_series_is_told_once_with_its_place(old: str, new: str, path: str, words: str):
    assert old in SERIES
    with pytest.raises(BridgeError) as caught:
        read_series(SERIES.replace(old, new, 1), source="broken.toml")
    ((place, message),) = problems(caught)
    assert place == path
    assert words in message


# Decisions. `small` is the questionnaire of conftest.py, `newer` a version of it with another wording.


@pytest.fixture
def older(small: str):
    return from_toml(small, source="small.toml")


@pytest.fixture
def newer(small: str):
    return from_toml(
        small.replace('version = "1"', 'version = "2"').replace("Thế nào?", "Ra sao?"), source="newer.toml"
    )


@pytest.fixture
def both(older, newer):
    return [older, newer]


DECISION = """
[[decisions]]
id = "quality-2"
old = { id = "small", version = "1" }
new = { id = "small", version = "2" }
dimension = "quality"
comparable = true
in_spite_of = ["wording"]
reason = { vi = "Cùng nghĩa.", en = "The same meaning." }
decided_by = "Sở Nội vụ"
source = "123/SNV"
date = 2027-01-15
"""


def test_a_file_of_decisions_is_read_and_weighs(older, newer):
    bridge = read_bridge(DECISION, source="bridge.toml", questionnaires=[older, newer])
    verdict = compare(older, newer, bridge=bridge).dimensions["quality"]
    assert verdict.comparable
    assert i18n.explain(verdict.reasons[-1].localised("vi")) == (
        "So sánh được theo quyết định về quality của Sở Nội vụ, 2027-01-15 (123/SNV): Cùng nghĩa."
    )
    assert not compare(older, newer).dimensions["quality"].comparable


def test_a_questionnaire_can_be_named_by_its_hash(older, newer):
    text = DECISION.replace('{ id = "small", version = "2" }', f'{{ hash = "{newer.hash}" }}')
    bridge = read_bridge(text, source="bridge.toml", questionnaires=[older, newer])
    assert bridge == read_bridge(DECISION, source="bridge.toml", questionnaires=[older, newer])


WRONG = {
    "an unknown version": (
        'version = "2"',
        'version = "3"',
        "decisions[0].new.id",
        "no questionnaire “small 3”; there are small 1, small 2",
    ),
    "an unknown questionnaire": (
        'old = { id = "small"',
        'old = { id = "smal"',
        "decisions[0].old.id",
        "no questionnaire “smal 1”",
    ),
    "an unknown hash": (
        '{ id = "small", version = "2" }',
        '{ hash = "abc" }',
        "decisions[0].new.hash",
        "has the hash “abc”",
    ),
    "an unknown dimension": (
        '"quality"',
        '"qualty"',
        "decisions[0].dimension",
        "no dimension “qualty”; the nearest name is “quality”",
    ),
    "the same questionnaire": ('version = "2"', 'version = "1"', "decisions[0].new", "old and new are the same"),
    "nothing said": ("comparable = true\n", "", "decisions[0].comparable", "missing"),
    "a word for true": ("comparable = true", 'comparable = "yes"', "decisions[0].comparable", "must be true or false"),
    "a change of no kind": ('["wording"]', '["words"]', "decisions[0].in_spite_of[0]", "“words” is no kind of change"),
    "a change that nobody may set aside": (
        '["wording"]',
        '["stream"]',
        "decisions[0].in_spite_of[0]",
        "“stream” is no kind of change that may stand here",
    ),
    "a change not named": ('in_spite_of = ["wording"]\n', "", "decisions[0].in_spite_of", "also changed: wording"),
    "a change that was none": (
        '["wording"]',
        '["wording", "scale"]',
        "decisions[0].in_spite_of",
        "nothing of this kind changed: scale",
    ),
    "a no with a reserve": (
        "comparable = true",
        "comparable = false",
        "decisions[0].in_spite_of",
        "belongs only to a decision",
    ),
    "no reason in English": (', en = "The same meaning."', "", "decisions[0].reason.en", "missing"),
    "nobody who decided": ('decided_by = "Sở Nội vụ"\n', "", "decisions[0].decided_by", "missing"),
    "no day": ("date = 2027-01-15\n", "", "decisions[0].date", "missing"),
}


@pytest.mark.parametrize(("old", "new", "path", "words"), WRONG.values(), ids=WRONG)
def test_a_mistake_in_a_decision_is_told_once_with_its_place(both, old: str, new: str, path: str, words: str):
    assert old in DECISION
    with pytest.raises(BridgeError) as caught:
        read_bridge(DECISION.replace(old, new, 1), source="broken.toml", questionnaires=both)
    ((place, message),) = problems(caught)
    assert place == path
    assert words in message


def test_a_dimension_is_decided_once(older, newer):
    with pytest.raises(BridgeError) as caught:
        read_bridge(DECISION + DECISION.replace("quality-2", "again"), source="x.toml", questionnaires=[older, newer])
    assert problems(caught) == [
        ("decisions[1].dimension", "“quality” between these two questionnaires is decided already, by decisions[0]")
    ]


def test_a_version_given_twice_asks_for_the_hash(older, newer, small: str):
    twin = from_toml(small.replace('version = "1"', 'version = "2"'), source="twin.toml")
    with pytest.raises(BridgeError, match="2 questionnaires are “small 2”: name the one you mean by its hash"):
        read_bridge(DECISION, source="bridge.toml", questionnaires=[older, newer, twin])


def test_no_decision_joins_two_streams(older, small: str):
    text = (
        small.replace('version = "1"', 'version = "2"').replace("Thế nào?", "Ra sao?").replace('"counter"', '"sample"')
    )
    with pytest.raises(BridgeError, match="no decision can set this aside: stream"):
        read_bridge(DECISION, source="b.toml", questionnaires=[older, from_toml(text, source="sample.toml")])


def test_all_mistakes_are_told_at_once_and_as_a_list(older, newer):
    text = DECISION.replace("date = 2027-01-15\n", "").replace('"quality"', '"qualty"').replace(', version = "2"', "")
    with pytest.raises(BridgeError) as caught:
        read_bridge(text.replace(', en = "The same meaning."', ""), source="broken.toml", questionnaires=[older, newer])
    assert {path for path, _ in problems(caught)} == {
        "decisions[0].new.version",
        "decisions[0].reason.en",
        "decisions[0].date",
    }
    assert str(caught.value).startswith("broken.toml is not a bridge between questionnaires, in 3 places:\n  ")


def test_what_is_not_toml_is_told_with_its_line():
    with pytest.raises(BridgeError, match=r"not TOML: .+line 2"):
        read_series('id = "a"\nid = "b"\n', source="broken.toml")


def test_a_name_that_does_not_ship_is_told_those_that_do():
    with pytest.raises(BridgeError, match="no bridge of that name; there are national, questionnaires"):
        load_series("nation")


def test_a_file_of_one_s_own_is_read(tmp_path, older, newer):
    path = tmp_path / "own.toml"
    path.write_text(DECISION, encoding="utf-8")
    assert len(load_bridge(path, questionnaires=[older, newer]).decisions) == 1
    with pytest.raises(BridgeError, match="cannot be read"):
        load_bridge(tmp_path / "none.toml", questionnaires=[])


def test_the_shipped_files_are_right():
    assert bridging.available() == ("national", "questionnaires")
    load_bridge("questionnaires", questionnaires=[load(name) for name in available()])


def test_the_example_in_the_shipped_file_has_the_keys_that_are_read(older, newer):
    text = (bridging._SHIPPED / "questionnaires.toml").read_text(encoding="utf-8")
    example = "\n".join(line.removeprefix("# ") for line in text.splitlines() if "=" in line and line.startswith("# "))
    assert set(tomllib.loads(example)) == set(tomllib.loads(DECISION)["decisions"][0])


def test_no_kind_of_change_is_both_a_fact_and_an_event():
    assert not set(FACT_SENTENCES) & set(EVENT_SENTENCES)
