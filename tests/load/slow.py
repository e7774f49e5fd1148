"""A thousand slow connections, and how long everybody else waits for a receipt, with them and without.

    python tests/load/slow.py [--connections 1000] [--rate 100] [--seconds 60] [--write]

Half of the slow ones drip headers, half the body of a form, a byte a second each.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import load  # noqa: E402 - the programs' own folders come first.
import outcome  # noqa: E402
import report  # noqa: E402
import sites  # noqa: E402
import witness  # noqa: E402
from visitors import Visitors  # noqa: E402

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from multiprocessing.sharedctypes import Synchronized

MOST_TIMES_SLOWER = 2.0


def main() -> None:
    parser = outcome.parser(__doc__)
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=100)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    with sites.serving("SQLite") as site:
        figures, run = asyncio.run(measure(site, options))
        kept = witness.accounts(site.settings.database_url, run.acknowledged)
    times_slower = figures["with"][1] / figures["without"][1]
    body = summary(options, figures, times_slower, run) + f" Afterwards: {kept}."
    said = {**figures, "times_slower": times_slower, "errors": run.refused.total(), "accounts": asdict(kept)}
    sound = times_slower < MOST_TIMES_SLOWER and not run.refused and kept.is_sound and not kept.unacknowledged
    outcome.conclude(options, "Load: slow connections", said, body, sound=sound)


def summary(options: argparse.Namespace, figures: dict, times_slower: float, run: load.Run) -> str:
    rows = [(name, *(f"{value:.0f}" for value in figures[name])) for name in ("without", "with")]
    table = report.table(("slow ones", "p50 ms", "p99 ms", "longest ms", "open at the end"), rows)
    return (
        f"{options.connections:,} slow connections, {options.rate:g} submissions a second for {options.seconds:g} s."
        f"\n\n{table}\n\np99 with them is {times_slower:.2f} times that without; {run.refused.total()} errors."
    )


async def measure(site: sites.Site, options: argparse.Namespace) -> tuple[dict, load.Run]:
    visitors, run, figures = Visitors(site, seed=1), load.Run(), {}
    figures["without"] = (*await others(visitors, run, options), 0)
    with dripping(site.url, [half_a_form(visitors, number) for number in range(options.connections)]) as still_open:
        await asyncio.sleep(5)  # So that all are there.
        times = await others(visitors, run, options)
        figures["with"] = (*times, still_open.value)
    return figures, run


async def others(visitors: Visitors, run: load.Run, options: argparse.Namespace) -> tuple[float, ...]:
    times = await load.load(visitors, run, options.rate, options.seconds, visits=False)
    return times.percentile(0.5), times.percentile(0.99), times.percentile(1)


def half_a_form(visitors: Visitors, number: int) -> tuple[bytes, bytes]:
    """What a slow one sends at once, and what it drips: the even ones are slow from the start.

    Never the last byte: none of these becomes a form.
    """
    form = visitors.filled_in()
    request = visitors.request("POST", f"{form.path}/SEND", form.address, form.body)
    begun = 0 if number % 2 == 0 else len(request) - len(form.body)
    return request[:begun], request[begun:-1]


@contextlib.contextmanager
def dripping(url: str, halves: list[tuple[bytes, bytes]]) -> Iterator[Synchronized[int]]:
    """The slow ones, in a process of their own: they shall not slow the clock of those who are timed."""
    context = multiprocessing.get_context("spawn")
    still_open = context.Value("i", 0)
    process = context.Process(target=drip_all, args=(url, halves, still_open), daemon=True)
    process.start()
    try:
        yield still_open
    finally:
        process.terminate()
        process.join()


def drip_all(url: str, halves: list[tuple[bytes, bytes]], still_open: Synchronized[int]) -> None:
    async def all_of_them() -> None:
        await asyncio.gather(*(drip(url, at_once, dripped, still_open) for at_once, dripped in halves))

    asyncio.run(all_of_them())


async def drip(url: str, at_once: bytes, dripped: bytes, still_open: Synchronized[int]) -> None:
    """One who sends a byte a second, and takes the line again when it is cut."""
    parts = urlsplit(url)
    while True:
        with contextlib.suppress(OSError):
            _reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            still_open.value += 1
            try:
                writer.write(at_once)
                for byte in dripped:
                    writer.write(bytes([byte]))
                    await writer.drain()
                    await asyncio.sleep(1)
            finally:
                still_open.value -= 1
                writer.close()
        await asyncio.sleep(1)


if __name__ == "__main__":
    main()
