"""The disk under the database is full, and later it is not.

    python tests/faults/disk_full.py [--seconds 20] [--citizens 12] [--limit] [--write]

The disk is a real one of 8 MB in memory, filled to its last byte, where this user may mount it; otherwise, and with
--limit, the kernel lets the site's processes write no file beyond the size that the write-ahead log has. Citizens send
their forms until they are told a receipt.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks"), str(ROOT / "tests" / "load")]

import outcome  # noqa: E402 - the programs' own folders come first.
import sites  # noqa: E402
import witness  # noqa: E402
from citizens import Citizens  # noqa: E402

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

DISK = "size=8m"
FILLING = bytes(4096)


def main() -> None:
    parser = outcome.parser(__doc__)
    parser.add_argument("--seconds", type=float, default=20, help="how long the disk is full")
    parser.add_argument("--citizens", type=int, default=12)
    parser.add_argument("--limit", action="store_true", help="a limit on the size of files instead of a full disk")
    options = parser.parse_args()
    with small_disk(wanted=not options.limit) as disk, sites.serving("SQLite", place=disk) as site:
        told = asyncio.run(torment(site, disk, options)).told
        kept = witness.accounts(site.settings.database_url, told.acknowledged, told.given)
    way = "A full disk of 8 MB" if disk else "Files that may not grow"
    body = f"{way} for {options.seconds:g} s under {options.citizens} citizens. {told}\n\nAfterwards: {kept}."
    sound = kept.is_sound and not kept.unacknowledged and told.is_fair and told.replies.keys() == {503}
    figures = told.figures | {"disk": disk is not None, "accounts": asdict(kept)}
    outcome.conclude(options, f"Faults: {way[0].lower()}{way[1:]}", figures, body, sound=sound)


async def torment(site: sites.Site, disk: Path | None, options: argparse.Namespace) -> Citizens:
    citizens = Citizens(site)
    async with citizens.coming(options.citizens):
        await citizens.acknowledgement()
        with full(disk) if disk else small_files(site):
            await asyncio.sleep(options.seconds)
    return citizens


@contextlib.contextmanager
def small_disk(*, wanted: bool) -> Iterator[Path | None]:
    """A disk of its own, or None where this user may not mount one."""
    with tempfile.TemporaryDirectory(prefix="sipas-disk-") as folder:
        mounted = wanted and os.geteuid() == 0 and run("mount", "-t", "tmpfs", "-o", DISK, "sipas", folder)
        try:
            yield Path(folder) if mounted else None
        finally:
            if mounted:
                run("umount", folder)


def run(*command: str) -> bool:
    return subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode == 0


@contextlib.contextmanager
def full(disk: Path) -> Iterator[None]:
    """Nothing more can be written on the disk."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(FILLING)
    yield
    ballast.unlink()


@contextlib.contextmanager
def small_files(site: sites.Site) -> Iterator[None]:
    """The site's processes may write no file beyond the size of the write-ahead log as it is."""
    largest = Path(witness.sqlite_file(site.settings.database_url) + "-wal").stat().st_size
    limit(site, largest)
    yield
    limit(site, resource.RLIM_INFINITY)


def limit(site: sites.Site, size: int) -> None:
    for process in witness.family(site.process.pid):
        resource.prlimit(process, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
