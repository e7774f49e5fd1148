"""Full submissions at a steady rate against a real `sipas serve` on the same cores, every check on.

    python tests/load/load.py [--rate 200] [--minutes 10] [--database SQLite] [--visits] [--write]

A submission is a whole form posted with a fresh signed token: its code, token, origin and rate limit are checked, its
comment redacted, its row on disk before the receipt is named. With --visits each visitor also opens the form first and
looks at the receipt afterwards: three requests. Requests are sent when they are due (see timing.py). Afterwards the
rows must be those that were acknowledged, each once.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import outcome  # noqa: E402 - the programs' own folders come first.
import report  # noqa: E402
import sites  # noqa: E402
import timing  # noqa: E402
import witness  # noqa: E402
from visitors import Visitors, key_of  # noqa: E402

if TYPE_CHECKING:
    import argparse

WARM_UP = 2.0


@dataclass
class Run:
    """What the visitors were told."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    refused: Counter[int] = field(default_factory=Counter)


def main() -> None:
    options = arguments()
    seconds = options.seconds or options.minutes * 60
    serve = ("--processes", str(options.processes)) if options.processes else ()
    with sites.serving(options.database, options=serve) as site, witness.Memory(site.process.pid) as memory:
        run = Run()
        times = asyncio.run(load(Visitors(site, seed=1), run, options.rate, seconds, visits=options.visits))
        kept = witness.accounts(site.settings.database_url, run.acknowledged)
    figures = {
        "p50_ms": times.percentile(0.5),
        "p99_ms": times.percentile(0.99),
        "longest_ms": times.percentile(1),
        "late_ms": timing.percentile(times.late, 0.99) * 1000,
        "sent": len(times.done),
        "errors": run.refused.total(),
        "statuses": run.refused,
        "mb": memory.samples[-1],
        "mb_a_minute": memory.growth,
        "accounts": asdict(kept),
    }
    sound = kept.is_sound and not kept.unacknowledged and not run.refused
    outcome.conclude(options, section(options), figures, summary(options, seconds, figures, kept), sound=sound)


def arguments() -> argparse.Namespace:
    parser = outcome.parser(__doc__)
    parser.add_argument("--rate", type=float, default=200, help="submissions, or visits, a second")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seconds", type=float, help="instead of minutes")
    parser.add_argument("--database", choices=sites.DATABASES, default="SQLite")
    parser.add_argument("--processes", type=int, help="as `sipas serve --processes`; its own default where absent")
    parser.add_argument("--visits", action="store_true", help="GET the form, POST it, GET the receipt")
    return parser.parse_args()


async def load(visitors: Visitors, run: Run, rate: float, seconds: float, *, visits: bool) -> timing.Times:
    """The visitors come and go; the first two seconds are not timed, though their forms are counted."""

    async def submit() -> None:
        form = visitors.filled_in()
        note(run, form.key, await visitors.send(form))

    async def visit() -> None:
        token, reply = await visitors.visit()
        note(run, key_of(token), reply)

    do = visit if visits else submit
    await timing.open_loop(min(rate, 50), WARM_UP, do, seed=0)
    return await timing.open_loop(rate, seconds, do, seed=1)


def note(run: Run, key: str, reply) -> None:
    if reply.receipt:
        run.acknowledged[key] = reply.receipt
    else:
        run.refused[reply.status] += 1


def section(options: argparse.Namespace) -> str:
    return f"Load: {'visits' if options.visits else 'submissions'}, {options.database}"


def summary(options: argparse.Namespace, seconds: float, figures: dict, kept: witness.Accounts) -> str:
    what = "visits (form, post, receipt)" if options.visits else "submissions"
    table = report.table(
        ("a second", "sent", "errors", "p50 ms", "p99 ms", "longest ms", "sent late, p99 ms", "MB", "MB a minute"),
        [
            (
                f"{options.rate:g}",
                f"{figures['sent']:,}",
                figures["errors"],
                *(f"{figures[name]:.0f}" for name in ("p50_ms", "p99_ms", "longest_ms")),
                f"{figures['late_ms']:.1f}",
                f"{figures['mb']:.0f}",
                f"{figures['mb_a_minute']:.2f}",
            )
        ],
    )
    return f"{seconds:g} s of {what}, each visitor on a connection of its own.\n\n{table}\n\nAfterwards: {kept}."


if __name__ == "__main__":
    main()
