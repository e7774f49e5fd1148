"""The clock of the site jumps a day ahead, back again, and a day behind.

    python tests/faults/clock.py [--citizens 40] [--write]

At each time some forms are opened and sent, some are sent that were opened before the jump, and all that were
acknowledged are sent once more. (A day is a day and an hour here, so that one is over whenever this is run.)
"""

from __future__ import annotations

import asyncio
import datetime as dt
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks"), str(ROOT / "tests" / "load")]

import outcome  # noqa: E402 - the programs' own folders come first.
import sites  # noqa: E402
import witness  # noqa: E402
from citizens import Citizens  # noqa: E402

if TYPE_CHECKING:
    from visitors import Form

FAULTY = (str(Path(__file__).with_name("faulty.py")),)
DAY = 25 * 3600
JUMPS = (0, DAY, 0, -DAY, 0)
PROVINCE_TIME = ZoneInfo("Asia/Ho_Chi_Minh")
LISTS = "SELECT day, receipts FROM receipt_days ORDER BY day"
RECEIVED = "SELECT received_at FROM responses"


@dataclass
class Opened:
    """Forms that were opened at one time and are sent at the next."""

    pending: list[Form] = field(default_factory=list)
    sent: list[Form] = field(default_factory=list)


def main() -> None:
    parser = outcome.parser(__doc__)
    parser.add_argument("--citizens", type=int, default=40, help="forms sent, and forms kept back, at each time")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        wrong = Path(folder) / "clock"
        wrong.write_text("0")
        with sites.serving("SQLite", program=FAULTY, environ={"SIPAS_FAULT_CLOCK": str(wrong)}) as site:
            told = asyncio.run(torment(site, wrong, options.citizens)).told
            kept = witness.accounts(site.settings.database_url, told.acknowledged, told.given)
            wrongly_listed = misplaced(site.settings.database_url)
            agrees = check(site)
    body = (
        f"The site's clock at {', '.join(f'{jump / 3600:+g} h' for jump in JUMPS)}; at each {options.citizens} forms "
        f"opened and sent, {options.citizens} sent that were opened before the jump, and every earlier form once more. "
        f"{told}\n\n"
        f"Afterwards: {kept}; {wrongly_listed} receipts in or out of a day's list against its number; "
        f"`sipas receipts check` {'agrees' if agrees else 'DOES NOT AGREE'}."
    )
    sound = kept.is_sound and not kept.unacknowledged and told.is_fair and told.replies.keys() <= {400}
    sound = sound and agrees and not wrongly_listed
    figures = told.figures | {"misplaced": wrongly_listed, "accounts": asdict(kept)}
    outcome.conclude(options, "Faults: a clock that jumps a day", figures, body, sound=sound)


async def torment(site: sites.Site, wrong: Path, number: int) -> Citizens:
    citizens, forms = Citizens(site), Opened()
    for jump in JUMPS:
        wrong.write_text(str(jump))  # noqa: ASYNC240 - a few bytes, before anybody sends.
        pending = [*forms.pending, *[await citizens.visitors.opened() for _ in range(number)]]
        forms.pending = [await citizens.visitors.opened() for _ in range(number)]
        # Nothing new may come of those that were acknowledged, whatever the clock says by now.
        await asyncio.gather(*(citizens.insist(form) for form in forms.sent))
        forms.sent += await asyncio.gather(*(citizens.insist(form) for form in pending))
    await asyncio.gather(*(citizens.insist(form) for form in forms.pending))
    return citizens


def misplaced(url: str) -> int:
    """By how many receipts the lists and the answers' days differ, counted by hand; the days must be in order."""
    received = sorted(dt.datetime.fromisoformat(moment) for (moment,) in witness.rows(url, RECEIVED))
    wrong, begins = 0, None
    for day, receipts in witness.rows(url, LISTS):
        after = dt.date.fromisoformat(day) + dt.timedelta(days=1)
        ends = dt.datetime.combine(after, dt.time(), PROVINCE_TIME).astimezone(dt.UTC).replace(tzinfo=None)
        among = [moment for moment in received if (begins is None or moment >= begins) and moment < ends]
        wrong, begins = wrong + abs(len(among) - receipts), ends
    return wrong if begins else len(received)


def check(site: sites.Site) -> bool:
    command = [sys.executable, *sites.SIPAS, "receipts", "check"]
    return subprocess.run(command, cwd=ROOT, env=site.environ, check=False, capture_output=True).returncode == 0


if __name__ == "__main__":
    main()
