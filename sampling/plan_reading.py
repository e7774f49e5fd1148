"""A plan from the text of a TOML file: every mistake at once, each with key, value and remedy."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sampling import plan_problems as say
from sampling.allocation import METHODS, allocate
from sampling.errors import SamplingError
from sampling.plan import LEAST_PSUS, Costs, Plan, PlannedDimension, PlannedStratum, Step
from sampling.plan_problems import PlanError, PlanProblem
from sampling.plan_table import PlanTable, read_all
from sampling.strata import share_deviations
from sampling.strata import strata as strata_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LEAST_N = 2


def plan_from_toml(text: str, *, source: str = "TOML") -> Plan:
    """The plan that `text` describes.

    Parameters
    ----------
    text : str
        TOML; ``sipas design plan --example`` prints one with comments.
    source : str
        What the file is called in messages.

    Returns
    -------
    Plan

    Raises
    ------
    PlanError
        With everything that is wrong.

    Examples
    --------
    >>> plan_from_toml("seed = -1", source="plan.toml")
    Traceback (most recent call last):
    sampling.plan_problems.PlanError: plan.toml is no plan that can be computed; to mend (7):
      name: is missing: add it, as name = "…"
      ...
    """
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise PlanError(source, (PlanProblem("", say.NOT_TOML, {"reason": error}),)) from error
    problems: list[PlanProblem] = []
    plan = _plan(PlanTable(values, path="", problems=problems))
    if not problems:
        plan = _with_sizes(plan, values.get("sample", {}), problems)
    if problems:
        raise PlanError(source, tuple(problems))
    return plan


@dataclass(frozen=True, slots=True)
class _Defaults:
    """What holds for every stratum that does not say otherwise."""

    dimensions: tuple[PlannedDimension, ...]
    shares: Mapping[str, float]
    response_rate: float
    people_per_psu: int
    total: bool


def _plan(table: PlanTable) -> Plan:
    texts = {key: table.text(key, default="") for key in ("purpose", "target_population", "source_of_shares")}
    name, questionnaire = table.text("name"), table.text("questionnaire")
    level, target = table.share("confidence_level", default=0.95), table.share("target_margin", default=0.05)
    seed = table.whole("seed", least=0)
    effect = table.at_least("weighting_effect", least=1.0, default=1.0)
    icc, rate = table.correlation("icc"), table.rate("response_rate", default=1.0)
    stages = table.table("stages") or PlanTable({}, path="stages", problems=table.problems)
    psu_name, people = stages.text("psu", default=""), stages.whole("people_per_psu", least=1, default=10)
    stages.refuse_unknown_keys()
    dimensions, shares = _dimensions(table, icc)
    ranked_by = table.text("ranked_by")
    ids = [dimension.id for dimension in dimensions]
    if ranked_by and ids and ranked_by not in ids:
        table.note("ranked_by", say.UNKNOWN_DIMENSION, value=f"“{ranked_by}”", choices=", ".join(ids))
    method = _method(table)
    defaults = _Defaults(dimensions, shares, rate, people, bool(method))
    strata = read_all(table.tables("strata", named="code"), lambda one: _stratum(one, defaults))
    _check_strata(table, strata)
    costs, per_day = _costs(table)
    timetable = _timetable(table)
    table.refuse_unknown_keys()
    return Plan(
        name=name,
        questionnaire=questionnaire,
        confidence_level=level,
        seed=seed,
        target_margin=target,
        ranked_by=ranked_by,
        dimensions=dimensions,
        strata=tuple(strata),
        timetable=timetable,
        costs=costs,
        weighting_effect=effect,
        psu_name=psu_name,
        interviews_per_day=per_day,
        method=method,
        **texts,
    )


def _dimensions(table: PlanTable, icc: float) -> tuple[tuple[PlannedDimension, ...], dict[str, float]]:
    shares: dict[str, float] = {}

    def read(one: PlanTable) -> PlannedDimension:
        found = PlannedDimension(
            one.text("id"),
            one.text("name"),
            one.whole("items", least=1, default=1),
            one.correlation("item_correlation", default=0.3),
            one.correlation("icc", default=icc),
        )
        if one.has("share"):
            shares[found.id] = one.share("share")
        least = found.icc / (found.items - found.icc * (found.items - 1))
        if found.items > 1 and found.item_correlation < least:
            one.note(
                "item_correlation",
                say.LIKE_NEIGHBOURS,
                value=found.item_correlation,
                icc=found.icc,
                least=f"{least:.4f}",
            )
        return found

    found = read_all(table.tables("dimensions", named="id"), read)
    _refuse_twins(table, "dimensions", [dimension.id for dimension in found])
    return tuple(found), shares


def _method(table: PlanTable) -> str:
    """How [sample] shares its total out; empty where there is no [sample]."""
    sample = table.table("sample")
    if sample is None:
        return ""
    sample.whole("total", least=1)
    sample.whole("minimum", least=0, default=0)
    sample.rate("exponent", default=0.5)
    if not sample.has("method"):
        sample.note("method", say.NO_METHOD, choices=", ".join(METHODS))
    method = sample.choice("method", tuple(METHODS), default="sqrt")
    sample.refuse_unknown_keys()
    return method


def _stratum(table: PlanTable, defaults: _Defaults) -> PlannedStratum:
    code = table.text("code")
    name = table.text("name", default=code)
    population = table.whole("N", least=1)
    psus = table.whole("psus", least=1) if table.has("psus") else None
    if psus is not None and psus < LEAST_PSUS:
        table.note("psus", say.ONE_PSU, value=psus)
    if psus is not None and psus > population:
        table.note("psus", say.MORE_PSUS_THAN_PEOPLE, value=psus, population=population)
    return PlannedStratum(
        code=code,
        name=name,
        agency=table.text("agency", default=code),
        agency_name=table.text("agency_name", default=name),
        level=table.text("level", default="agency"),
        population=population,
        psus=psus,
        people_per_psu=table.whole("people_per_psu", least=1, default=defaults.people_per_psu),
        n=_wanted(table, population, total=defaults.total),
        response_rate=table.rate("response_rate", default=defaults.response_rate),
        shares=_shares(table, defaults),
    )


def _wanted(table: PlanTable, population: int, *, total: bool) -> int:
    if total:
        if table.has("n"):
            table.note("n", say.EITHER_N_OR_TOTAL)
        return LEAST_N
    if not table.has("n"):
        table.note("n", say.NEITHER_N_NOR_TOTAL)
        return LEAST_N
    n = table.whole("n", least=LEAST_N)
    if n > population:
        table.note("n", say.MORE_THAN_THERE_ARE, value=n, population=population)
    return n


def _shares(table: PlanTable, defaults: _Defaults) -> tuple[float, ...]:
    """By dimension: what the stratum says of it, of all, or what the dimension says of all strata."""
    alone = table.share("share") if table.has("share") else None
    own = table.table("shares")
    found = []
    for dimension in defaults.dimensions:
        given = alone if alone is not None else defaults.shares.get(dimension.id)
        if own is not None and own.has(dimension.id):
            given = own.share(dimension.id)
        if given is None:
            table.note("shares", say.NO_SHARE, dimension=dimension.id)
        found.append(0.5 if given is None else given)
    if own is not None:
        own.refuse_unknown_keys()
    return tuple(found)


def _check_strata(table: PlanTable, strata: Sequence[PlannedStratum]) -> None:
    _refuse_twins(table, "strata", [stratum.code for stratum in strata])
    levels: dict[str, str] = {}
    for stratum in strata:
        level = levels.setdefault(stratum.agency, stratum.level)
        if level != stratum.level:
            table.note(f"strata[{stratum.code}].level", say.ONE_AGENCY_ONE_LEVEL, value=stratum.level, level=level)


def _refuse_twins(table: PlanTable, key: str, codes: Sequence[str]) -> None:
    for code in dict.fromkeys(code for code in codes if code and codes.count(code) > 1):
        table.note(f"{key}[{code}]", say.TWICE, value=f"“{code}”")


def _costs(table: PlanTable) -> tuple[Costs, float]:
    found = table.table("costs")
    if found is None:
        return Costs(), 0.0
    amounts = {key: found.amount(key, default=0.0) for key in ("interview", "psu_visit", "letter", "fixed")}
    costs = Costs(currency=found.text("currency", default="đồng"), **amounts)
    per_day = found.amount("interviews_per_day", default=0.0)
    found.refuse_unknown_keys()
    return costs, per_day


def _timetable(table: PlanTable) -> tuple[Step, ...]:
    if not table.has("timetable"):
        return ()
    tables = table.tables("timetable")
    steps = read_all(tables, lambda one: Step(one.text("step"), one.day("first"), one.day("last")))
    for number, (one, step) in enumerate(zip(tables, steps, strict=True)):
        if step.last < step.first:
            one.note("last", say.DAYS_OUT_OF_ORDER, value=step.last, first=step.first)
        if number and step.first < steps[number - 1].first:
            one.note("first", say.STEP_OUT_OF_ORDER, value=step.first, first=steps[number - 1].first)
    return tuple(steps)


def _with_sizes(plan: Plan, sample: Mapping[str, object], problems: list[PlanProblem]) -> Plan:
    """The total shared out. Assumes the values already checked one by one."""
    if not plan.method:
        return plan
    place, costs = plan.ranked_place, plan.costs
    share = [stratum.shares[place] for stratum in plan.strata]
    sizes = [stratum.population for stratum in plan.strata]
    deviations = share_deviations(share, sizes)
    each = [
        costs.interview
        + costs.letter / stratum.response_rate
        + (costs.psu_visit / (stratum.people_per_psu * stratum.response_rate) if stratum.psus else 0.0)
        for stratum in plan.strata
    ]
    try:
        known = strata_of(
            [stratum.code for stratum in plan.strata],
            sizes,
            deviations=deviations,
            costs=each if min(each) > 0 else None,
            variations=deviations / share,
        )
        minimum = max(LEAST_N, int(str(sample.get("minimum", 0))))
        exponent = float(str(sample.get("exponent", 0.5)))
        total = int(str(sample["total"]))
        found = allocate(known, total, method=plan.method, minimum=minimum, exponent=exponent)
    except SamplingError as error:
        problems.append(PlanProblem("sample", say.NO_ALLOCATION, {"reason": error}))
        return plan
    n = found.n.tolist()
    return replace(plan, strata=tuple(replace(one, n=wanted) for one, wanted in zip(plan.strata, n, strict=True)))
