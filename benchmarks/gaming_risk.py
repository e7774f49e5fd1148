"""How often the gaming-risk score flags honest agencies, and how often agencies a fifth of whose answers are stuffed.

    python benchmarks/gaming_risk.py [--provinces 20] [--share 0.2] [--write]

Provinces of 120 agencies are made up again and again by several kinds of honest people (`HONEST`): once all of them are
honest, then a tenth of them is stuffed, by each kind of stuffer in turn (`STUFFERS`): of an agency's 50, 100, 200 or
500 answers the given share is replaced. What the log knows varies too: everything; not how fast and from which network;
no times either. An agency is caught, or falsely flagged, if its score is above the library's own limit. The generators
share no code with the library and know more than it looks at; the limits were chosen with other seeds.
"""

from __future__ import annotations

import argparse
import datetime as dt
import time
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from analysis.answer_log import AnswerLog
from analysis.integrity import gaming_risk, suspicious

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator
    from numpy.typing import NDArray

    Columns = dict[str, NDArray]
    Stuffer = Callable[[Columns, NDArray, Generator], None]

SEED = 20261125
SIZES, EACH = (50, 100, 200, 500), 3
FIRST_DAY = dt.date(2026, 3, 2).toordinal()
LEVELS = 5


@dataclass(frozen=True)
class Honest:
    """A province of honest people; spreads are of the latent satisfaction of which an answer is a step."""

    agencies: int = 120
    items: int = 6
    sizes: tuple[int, int] = (15, 500)
    # The cumulative share up to level k is (k/5) to this power: 3.3 leaves 82 % at levels 4 and 5.
    ceiling: float = 3.3
    agency: float = 0.35
    counter: float = 0.12
    day: float = 0.15
    # What one agency does better or worse than its other things.
    taste: float = 0.15
    person: float = 0.9
    item: float = 0.45
    missing: float = 0.03
    # Who ticks one level all the way down: the mean share, and how alike agencies are (a beta's strength).
    straight: tuple[float, float] = (0.2, 30)
    quick: tuple[float, float] = (0.02, 60)
    office: tuple[float, float] = (0.05, 12)
    # Agencies whose citizens use the office's network.
    open_network: float = 0.05
    # Who comes along with somebody else, within three minutes; and the busiest days (a gamma's shape).
    together: float = 0.04
    evenness: float = 2.0
    # Agencies that open and close an hour later.
    late: float = 0.05
    # How much more or less satisfied people are at the end of an agency's half-days.
    ending: float = 0.15


HONEST = {
    "usual": Honest(),
    "very different agencies": Honest(agency=0.8, taste=0.25, straight=(0.25, 8)),
    "uneven counters and days": Honest(counter=0.4, day=0.5, evenness=0.3, together=0.12, ending=0.4),
    "ceiling, 95 % favourable": Honest(ceiling=5.86),
    "small agencies, 15 to 60": Honest(sizes=(15, 60)),
    "own hours and open networks": Honest(late=0.2, open_network=0.25, quick=(0.05, 20)),
    "39 items": Honest(items=39),
}
# Where too few agencies are compared to stuff a tenth of them.
FEW = {
    "usual, 34 agencies": Honest(agencies=34),
    "very different, 34 agencies": Honest(agencies=34, agency=0.8, taste=0.25, straight=(0.25, 8)),
    "very different, 12 agencies": Honest(agencies=12, agency=0.8, taste=0.25, straight=(0.25, 8)),
    "very different, 5 agencies": Honest(agencies=5, agency=0.8, taste=0.25, straight=(0.25, 8)),
}


def province(kind: Honest, rng: Generator, *, sizes: NDArray | None = None) -> Columns:
    """The columns of a log; agencies of the given sizes come first."""
    low, high = kind.sizes
    n = np.clip(rng.lognormal(np.log(np.sqrt(low * high)) + 0.3, 0.7, kind.agencies), low, high).astype(int)
    if sizes is not None:
        n[: len(sizes)] = sizes
    agency = np.repeat(np.arange(kind.agencies), n)
    columns = {"agency": agency, **_visits(kind, agency, rng)}
    columns["quick"] = rng.random(len(agency)) < _differing(kind, kind.quick, rng)[agency]
    columns["ratings"] = _ratings(kind, columns, rng)
    office = np.where(rng.random(kind.agencies) < kind.open_network, rng.uniform(0.3, 0.7, kind.agencies), 0)
    columns["from_office"] = rng.random(len(agency)) < np.maximum(_differing(kind, kind.office, rng), office)[agency]
    return columns


def _differing(kind: Honest, share: tuple[float, float], rng: Generator) -> NDArray:
    mean, strength = share
    return rng.beta(mean * strength, (1 - mean) * strength, kind.agencies)


def _visits(kind: Honest, agency: NDArray, rng: Generator) -> Columns:
    days = np.array([day for day in range(60) if day % 7 < 5])
    rows = len(agency)
    load = rng.gamma(kind.evenness, size=(kind.agencies, len(days)))
    chosen = (np.cumsum(load, axis=1) / load.sum(axis=1, keepdims=True))[agency]
    day = days[(rng.random((rows, 1)) > chosen).sum(axis=1).clip(0, len(days) - 1)]
    counters = rng.integers(1, 7, kind.agencies)
    counter = (rng.beta(1, 1.5, rows) * counters[agency]).astype(int)
    # Mornings are busier, and their first hours busiest.
    morning = rng.random(rows) < 0.6
    within = rng.beta(1.1, 1.4, rows)
    minute = np.where(morning, 420 + within * 270, 810 + within * 210)
    minute += np.where(rng.random(kind.agencies) < kind.late, 60, 0)[agency]
    return _with_company(kind, {"counter": counter, "day": FIRST_DAY + day, "minute": minute.astype(int)}, rng)


def _with_company(kind: Honest, visits: Columns, rng: Generator) -> Columns:
    # Rows of an agency stand together: the row before is another of its people, or the last of the agency before.
    for row in np.flatnonzero(rng.random(len(visits["day"])) < kind.together):
        if row:
            visits["counter"][row], visits["day"][row] = visits["counter"][row - 1], visits["day"][row - 1]
            visits["minute"][row] = min(visits["minute"][row - 1] + rng.integers(0, 4), 1439)
    return visits


def _ratings(kind: Honest, columns: Columns, rng: Generator) -> NDArray:
    agency = columns["agency"]
    rows = len(agency)
    place = agency * 8 + columns["counter"]
    latent = rng.normal(0, kind.agency, kind.agencies)[agency] + rng.normal(0, kind.counter, kind.agencies * 8)[place]
    _, day = np.unique(place * 100 + columns["day"] - FIRST_DAY, return_inverse=True)
    latent = latent + rng.normal(0, kind.day, rows)[day] + rng.normal(0, kind.person, rows)
    ending = (columns["minute"] % 1440 >= 990) | (abs(columns["minute"] - 675) <= 15)
    latent += rng.normal(0, kind.ending, kind.agencies)[agency] * ending
    # Whoever is in a hurry ticks one level all the way down.
    straight = rng.random(rows) < np.maximum(_differing(kind, kind.straight, rng)[agency], 0.7 * columns["quick"])
    wobble = rng.normal(0, kind.item, (rows, kind.items)) + rng.normal(0, 0.2, kind.items)
    wobble += rng.normal(0, kind.taste, (kind.agencies, kind.items))[agency]
    spread = np.sqrt(0.35**2 + 0.12**2 + 0.15**2 + kind.person**2 + kind.item**2)
    steps = [NormalDist(sigma=spread).inv_cdf((level / LEVELS) ** kind.ceiling) for level in range(1, LEVELS)]
    ratings = 1 + np.searchsorted(steps, latent[:, None] + np.where(straight[:, None], 0, wobble))
    ratings[(rng.random(ratings.shape) < kind.missing) & ~straight[:, None]] = -1
    return ratings.astype(np.int8)


def in_a_burst(columns: Columns, rows: NDArray, rng: Generator) -> None:
    """One person after work, from the office, all fives, as fast as the form opens: one or two sittings."""
    sitting = rng.integers(0, 2, len(rows))
    days = rng.choice(columns["day"][rows], 2)
    columns["day"][rows], columns["counter"][rows] = days[sitting], columns["counter"][rows[0]]
    columns["minute"][rows] = 1025 + rng.integers(0, 15 + len(rows) // 3, len(rows))
    columns["ratings"][rows] = LEVELS
    columns["quick"][rows] = rng.random(len(rows)) < 0.9
    columns["from_office"][rows] = rng.random(len(rows)) < 0.9


def with_care(columns: Columns, rows: NDArray, rng: Generator) -> None:
    """Over all days, within office hours, fours and fives as they fall, by mobile network; but too fast."""
    shape = columns["ratings"][rows].shape
    columns["ratings"][rows] = np.where(rng.random(shape) < 0.75, LEVELS, LEVELS - 1)
    columns["quick"][rows] = rng.random(len(rows)) < 0.8
    columns["from_office"][rows] = False


def by_copying(columns: Columns, rows: NDArray, rng: Generator) -> None:
    """One set of fours and fives again and again, five at a time, three minutes apart, half of them too fast."""
    items = columns["ratings"].shape[1]
    batch = np.arange(len(rows)) // 5
    first = rows[batch * 5]
    pattern = np.where(rng.random(items) < 0.7, LEVELS, LEVELS - 1)
    pattern[rng.integers(items)] = LEVELS - 1
    columns["ratings"][rows] = pattern
    columns["day"][rows], columns["counter"][rows] = columns["day"][first], columns["counter"][first]
    columns["minute"][rows] = np.minimum(columns["minute"][first] + 3 * (np.arange(len(rows)) % 5), 1439)
    columns["quick"][rows] = rng.random(len(rows)) < 0.5
    columns["from_office"][rows] = rng.random(len(rows)) < 0.3


def before_closing(columns: Columns, rows: NDArray, rng: Generator) -> None:
    """The clerk fills in a few forms at the end of many days: all fives, unhurried, by mobile network."""
    columns["minute"][rows] = 990 + rng.integers(0, 30, len(rows))
    columns["ratings"][rows] = LEVELS
    columns["quick"][rows] = False
    columns["from_office"][rows] = False


def like_a_citizen(columns: Columns, rows: NDArray, rng: Generator) -> None:
    """As with care, but slowly: nothing but the ratings tells."""
    with_care(columns, rows, rng)
    columns["quick"][rows] = False


STUFFERS: dict[str, Stuffer] = {
    "in a burst": in_a_burst,
    "with care, but fast": with_care,
    "by copying": by_copying,
    "before closing": before_closing,
    "like a citizen": like_a_citizen,
}
# What the log does not know.
UNKNOWN = {
    "everything known": (),
    "no speed, no network": ("quick", "from_office"),
    "no times either": ("quick", "from_office", "day", "minute"),
}


def stuff(columns: Columns, agencies: int, share: float, stuffer: Stuffer, rng: Generator) -> None:
    """Replace the share of the answers of the first agencies."""
    for agency in range(agencies):
        rows = np.flatnonzero(columns["agency"] == agency)
        stuffer(columns, np.sort(rng.choice(rows, round(share * len(rows)), replace=False)), rng)


def flags(columns: Columns, *, unknown: tuple[str, ...] = ()) -> NDArray:
    """Flagged or not, by agency."""
    log = AnswerLog.from_columns(**{name: values for name, values in columns.items() if name not in unknown})
    return np.array([risk.flagged for risk in gaming_risk(log)])


def false_flags(kind: Honest, rng: Generator, *, provinces: int, unknown: tuple[str, ...] = ()) -> float:
    """Share of honest agencies that are flagged, where all are honest."""
    return float(np.mean([flags(province(kind, rng), unknown=unknown).mean() for _ in range(provinces)]))


def caught(
    kind: Honest,
    stuffer: Stuffer,
    rng: Generator,
    *,
    provinces: int,
    share: float = 0.2,
    unknown: tuple[str, ...] = (),
) -> tuple[dict[int, float], float]:
    """Share of stuffed agencies that are flagged, by size; and of honest ones beside them."""
    sizes = np.repeat(SIZES, EACH)
    found = []
    for _ in range(provinces):
        columns = province(kind, rng, sizes=sizes)
        stuff(columns, len(sizes), share, stuffer, rng)
        found.append(flags(columns, unknown=unknown))
    table = np.array(found)
    by_size = {size: float(table[:, : len(sizes)][:, sizes == size].mean()) for size in SIZES}
    return by_size, float(table[:, len(sizes) :].mean())


def main() -> None:
    options = _options()
    body = "\n\n".join(
        [
            "Honest agencies flagged, in percent, where all are honest:",
            _false_table(options.provinces),
            f"Agencies caught, in percent, where {100 * options.share:.0f} % of the answers are stuffed, by size:",
            _caught_table(options.provinces, options.share),
            "Seconds, median of 3 runs:",
            _speed_table(),
        ]
    )
    if options.write:
        import report

        report.write("Gaming risk", body, date=dt.datetime.now(tz=dt.UTC).date().isoformat())
    else:
        print(body)


def _false_table(provinces: int) -> str:
    import report

    rows = []
    for name, kind in (HONEST | FEW).items():
        rng = np.random.default_rng(SEED)
        # As many agencies of each kind.
        many = provinces * HONEST["usual"].agencies // kind.agencies
        shares = [false_flags(kind, rng, provinces=many, unknown=unknown) for unknown in UNKNOWN.values()]
        rows.append((name, *(f"{100 * share:.1f}" for share in shares)))
    return report.table(("honest people", *UNKNOWN), rows)


def _caught_table(provinces: int, share: float) -> str:
    import report

    rows = []
    everything, *less = UNKNOWN
    for kind, unknown in [*((kind, everything) for kind in HONEST), *(("usual", part) for part in less)]:
        for name, stuffer in STUFFERS.items():
            rng = np.random.default_rng(SEED)
            found, beside = caught(
                HONEST[kind], stuffer, rng, provinces=provinces, share=share, unknown=UNKNOWN[unknown]
            )
            shares = (f"{100 * each:.0f}" for each in found.values())
            rows.append((kind, unknown, name, *shares, f"{100 * beside:.1f}"))
    header = ("honest people", "log", "stuffed", *(str(size) for size in SIZES), "honest ones flagged")
    return report.table(header, rows)


def _speed_table() -> str:
    import report

    rows = []
    for size, items in ((36_000, 40), (1_000_000, 6)):
        runs = [_seconds(size, items) for _ in range(3)]
        middle = (f"{report.median(list(column)):.2f}" for column in zip(*runs, strict=True))
        rows.append((f"{size:,}", items, *middle))
    return report.table(
        ("responses", "items", "checking the log", "scores of 200 agencies", "suspicious answers"), rows
    )


def _seconds(size: int, items: int) -> tuple[float, float, float]:
    rng = np.random.default_rng(SEED)
    person = rng.normal(0, 0.8, (size, 1))
    ratings = np.clip(np.rint(4.2 + person + rng.normal(0, 0.5, (size, items))), 1, LEVELS).astype(np.int8)
    columns = {
        "agency": rng.integers(0, 200, size),
        "counter": rng.integers(0, 3, size),
        "day": FIRST_DAY + rng.integers(0, 200, size),
        "minute": rng.integers(420, 1020, size),
        "quick": rng.random(size) < 0.02,
        "from_office": rng.random(size) < 0.05,
    }
    begun = time.perf_counter()
    log = AnswerLog.from_columns(ratings=ratings, **columns)
    checked = time.perf_counter()
    gaming_risk(log)
    scored = time.perf_counter()
    suspicious(log)
    return checked - begun, scored - checked, time.perf_counter() - scored


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--provinces", type=int, default=20, help="made up for each figure (default 20)")
    parser.add_argument("--share", type=float, default=0.2, help="of an agency's answers that is stuffed")
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
