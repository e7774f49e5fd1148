"""Another program holds the database and does not let go of it for a while.

    python tests/faults/locked.py [--seconds 30] [--citizens 12] [--patience SECONDS] [--write]

Citizens send their forms until they are told a receipt; others only open a form meanwhile, which must go on.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks"), str(ROOT / "tests" / "load")]

import outcome  # noqa: E402 - the programs' own folders come first.
import sites  # noqa: E402
import timing  # noqa: E402
import witness  # noqa: E402
from citizens import Citizens  # noqa: E402

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

FAULTY = (str(Path(__file__).with_name("faulty.py")),)
LOOK_EVERY = 0.25


def main() -> None:
    parser = outcome.parser(__doc__)
    parser.add_argument("--seconds", type=float, default=30, help="how long it is held")
    parser.add_argument("--citizens", type=int, default=12)
    parser.add_argument("--patience", help="how long the site waits, where not as long as it does by itself")
    options = parser.parse_args()
    own = {"program": FAULTY, "environ": {"SIPAS_FAULT_PATIENCE": options.patience}} if options.patience else {}
    with sites.serving("SQLite", **own) as site:
        citizens, opened = asyncio.run(torment(site, options))
        told = citizens.told
        kept = witness.accounts(site.settings.database_url, told.acknowledged, told.given)
    body = (
        f"The database was held for {options.seconds:g} s under {options.citizens} citizens. {told} Forms were opened "
        f"{len(opened)} times meanwhile, in {timing.percentile(opened, 0.5):.2f} s (median) and {max(opened):.1f} s at "
        f"most.\n\nAfterwards: {kept}."
    )
    sound = kept.is_sound and not kept.unacknowledged and told.is_fair and told.replies.keys() == {503}
    figures = told.figures | {"opened": len(opened), "accounts": asdict(kept)}
    outcome.conclude(options, "Faults: a database that another program holds", figures, body, sound=sound)


async def torment(site: sites.Site, options: argparse.Namespace) -> tuple[Citizens, list[float]]:
    citizens, opened = Citizens(site), []
    async with citizens.coming(options.citizens):
        await citizens.acknowledgement()
        with held(witness.sqlite_file(site.settings.database_url)):
            before = len(citizens.told.acknowledged)
            end = time.monotonic() + options.seconds
            while (begun := time.monotonic()) < end:
                if await citizens.visitors.opened():
                    opened.append(time.monotonic() - begun)
                await asyncio.sleep(LOOK_EVERY)
            if len(citizens.told.acknowledged) > before + options.citizens:
                raise RuntimeError("the database was not held")
    return citizens, opened


@contextlib.contextmanager
def held(file: str) -> Iterator[None]:
    connection = sqlite3.connect(file, timeout=10, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


if __name__ == "__main__":
    main()
