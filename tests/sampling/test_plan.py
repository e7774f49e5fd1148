"""A plan's file: what is read, what is refused, and what is expected of it, computed again by hand."""

from __future__ import annotations

import math

import pytest
from scipy.stats import t

from sampling.expectations import expectations, margin_of
from sampling.plan_problems import PlanError
from sampling.plan_reading import plan_from_toml
from sampling.size import margin_of_error

HEAD = """
name = "Khảo sát"
questionnaire = "sipas-2026"
seed = 1
icc = 0.05
response_rate = 0.8
ranked_by = "phuc_vu"
target_margin = 0.05
"""
DIMENSIONS = """
[[dimensions]]
id = "tiep_can"
name = "Tiếp cận"
items = 3
item_correlation = 0.4
share = 0.82
[[dimensions]]
id = "phuc_vu"
name = "Phục vụ"
"""
STRATA = """
[[strata]]
code = "xa-1"
N = 4000
psus = 40
n = 80
share = 0.8
[[strata]]
code = "xa-2"
N = 6000
psus = 50
n = 80
shares.tiep_can = 0.7
shares.phuc_vu = 0.75
"""
COSTS = "[costs]\ninterview = 100\npsu_visit = 1000\nletter = 10\nfixed = 5000\ninterviews_per_day = 8\n"


def problems(text):
    with pytest.raises(PlanError) as caught:
        plan_from_toml(text, source="plan.toml")
    return {problem.path: str(problem) for problem in caught.value.problems}


def test_what_the_file_says_is_in_the_plan():
    plan = plan_from_toml(HEAD + DIMENSIONS + STRATA)
    assert plan.strata[0].shares == (0.8, 0.8)
    assert plan.strata[1].shares == (0.7, 0.75)
    assert plan.strata[0].size.invitations == 100
    assert plan.strata[0].psus_drawn == 10
    assert plan.ranked_place == 1


def test_margins_are_those_of_the_formula_by_hand():
    plan = plan_from_toml("weighting_effect = 1.2\n" + HEAD + DIMENSIONS + STRATA)
    found = expectations(plan).agencies[0]
    # 100 invited, 80 answer in 10 villages of 8; three questions of correlation 0.4.
    effect = 1.2 * (1 + 7 * 0.05)
    variance = effect * 0.8 * 0.2 * (1 + 2 * 0.4) / 3 / 80 * (1 - 80 / 4000)
    assert found.figures[0].design_effect == pytest.approx(effect)
    assert found.figures[0].margin == pytest.approx(t.ppf(0.975, 9) * math.sqrt(variance))


def test_a_single_question_of_a_list_has_the_margin_of_the_formula_for_sizes():
    plan = plan_from_toml(HEAD + DIMENSIONS + STRATA.replace("psus = 40\n", "").replace("n = 80", "n = 400", 1))
    found = margin_of(plan, plan.strata[:1], 1).margin
    # Student's t with 399 degrees of freedom is 0.3 % above the normal quantile.
    assert found == pytest.approx(margin_of_error(400, expected_share=0.8, population=4000), rel=0.004)


def test_costs_add_up():
    plan = plan_from_toml(HEAD + DIMENSIONS + STRATA + COSTS)
    found = expectations(plan).province
    assert found.cost == pytest.approx(160 * 100 + 20 * 1000 + 200 * 10 + 5000)
    assert found.days == pytest.approx(20)


def test_more_interviews_are_the_fewest_that_reach_the_target():
    plan = plan_from_toml(HEAD + DIMENSIONS + STRATA)
    more = expectations(plan).agencies[0].more

    def widest(n):
        stratum = plan_from_toml(HEAD + DIMENSIONS + STRATA.replace("n = 80", f"n = {n}", 1)).strata[0]
        return max(margin_of(plan, [stratum], place).margin for place in range(2))

    assert widest(80 + more) <= 0.05
    assert widest(80 + more - 1) > 0.05


def test_a_total_is_shared_out():
    strata = STRATA.replace("n = 80\n", "")
    plan = plan_from_toml(HEAD + DIMENSIONS + strata + '[sample]\ntotal = 100\nmethod = "proportional"\n')
    assert [stratum.n for stratum in plan.strata] == [40, 60]


def test_agencies_that_hardly_differ_cannot_be_told_apart():
    found = expectations(plan_from_toml(HEAD + DIMENSIONS + STRATA)).agencies
    assert [one.alike for one in found] == [("xa-2",), ("xa-1",)]
    far = STRATA.replace("phuc_vu = 0.75", "phuc_vu = 0.35")
    assert [one.alike for one in expectations(plan_from_toml(HEAD + DIMENSIONS + far)).agencies] == [(), ()]


def test_every_mistake_is_told_at_once_with_key_value_and_remedy():
    text = HEAD.replace("0.05\nresponse", "5\nresponse").replace("seed", "sed").replace("phuc_vu", "phuc")
    strata = STRATA.replace("N = 4000", "N = -4").replace("psus = 50", "psus = 1").replace("0.75", "75")
    strata = strata.replace("n = 80\nshares", "n = 7000\nshares")
    days = '[[timetable]]\nstep = "In phiếu"\nfirst = 2026-12-10\nlast = 2026-12-01\n'
    found = problems(text + DIMENSIONS + strata + days)
    assert "5 is no correlation" in found["icc"]
    assert "add it, as seed = 1" in found["seed"]
    assert "did you mean seed" in found["sed"]
    assert "choose one of tiep_can, phuc_vu" in found["ranked_by"]
    assert "-4 is too small: it must be at least 1" in found["strata[xa-1].N"]
    assert "at least two" in found["strata[xa-2].psus"]
    assert "ask for at most 6000" in found["strata[xa-2].n"]
    assert "75 is no share" in found["strata[xa-2].shares.phuc_vu"]
    assert "before the first day 2026-12-10" in found["timetable[1].last"]


@pytest.mark.parametrize(
    ("old", "new", "path", "said"),
    [
        ('code = "xa-2"', 'code = "xa-1"', "strata[xa-1]", "there twice"),
        ("share = 0.8\n", "", "strata[xa-1].shares", "phuc_vu"),
        ("n = 80\nshare", "share", "strata[xa-1].n", "how many people"),
        ("N = 4000", "N = 30", "strata[xa-1].psus", "hold only 30"),
        ("item_correlation = 0.4", "item_correlation = 0.0", "dimensions[tiep_can].item_correlation", "0.0172"),
        ("seed = 1", 'seed = "1"', "seed", "no whole number"),
    ],
)
def test_a_mistake_is_named_by_its_key(old, new, path, said):
    text = HEAD + DIMENSIONS + STRATA
    assert old in text
    assert said in problems(text.replace(old, new, 1))[path]


def test_what_is_not_toml_is_told_with_its_line():
    assert "line 1" in problems("name = \nseed = 1")[""]


def test_a_total_that_the_strata_do_not_have_is_refused():
    strata = STRATA.replace("n = 80\n", "")
    found = problems(HEAD + DIMENSIONS + strata + '[sample]\ntotal = 10001\nmethod = "equal"\n')
    assert "10001 units are asked for" in found["sample"]
