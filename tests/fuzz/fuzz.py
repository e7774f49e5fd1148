"""A hundred thousand made-up posts through the whole application: none may break it, none may get past its rules.

    python tests/fuzz/fuzz.py [--posts 100000] [--minutes 30] [--seed 1] [--write]

Posts come from hypothesis (posts.py): forms as a page sends them, with fields left out, doubled, enormous, in other
encodings, with NUL and halves of surrogate pairs, tokens altered, replayed and of other counters, raw bytes. Afterwards
every row is held to the questionnaire's file by a witness of its own (domain.py), and the rows must be those that were
acknowledged. The disk is left out: the database lies in memory where there is /dev/shm.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import logging
import secrets
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import hypothesis  # noqa: E402 - the program's own folder comes first.
from flask.testing import FlaskClient  # noqa: E402
from hypothesis import HealthCheck, Phase, given  # noqa: E402
from sqlalchemy import text  # noqa: E402

from forms import loading  # noqa: E402
from survey.app import create_app  # noqa: E402
from survey.config import Settings  # noqa: E402
from survey.db import Database  # noqa: E402
from survey.models import Entry  # noqa: E402
from survey.services import agencies, codes, counters, form_tokens, kiosks, slip_codes, slips, waves  # noqa: E402
from tests.fuzz.domain import WAYS, Domain  # noqa: E402
from tests.fuzz.posts import ANSWERS_TO, MORE_WAYS, OWN, RATINGS, Post, posts, varied  # noqa: E402

NOW = dt.datetime(2026, 10, 7, 5, 0, tzinfo=dt.UTC)
BATCH = 2_000
SLIPS = 10_000
REMEMBERED = 50
# What the site may say to a post. Nothing above is its own fault, and 503 would be none here: the database is there.
STATUSES = {200, 303, 308, 400, 403, 404, 405, 409, 410, 413, 422, 429}


@dataclass
class Findings:
    """What was sent, what came of it, and what should not have."""

    posts: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    # Where each acknowledged receipt was given, and the post that it was given for.
    acknowledged: dict[str, Post] = field(default_factory=dict)


class Site:
    """An installation with a counter wave in a folder of its own, and what a sender may have seen of it."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(
            database_url=f"sqlite:///{folder}/fuzz.db",
            public_base_url="https://hailong.example.vn",
            master_key=secrets.token_bytes(32),
            trusted_proxies=1,
            posts_per_minute=0,
        )
        self.database = Database(self.settings.database_url)
        self.database.upgrade()
        self.key = self.settings.key(form_tokens.KEY_PURPOSE)
        self._open()
        self.app = create_app(self.settings, database=self.database, clock=lambda: NOW)
        self.client = FlaskClient(self.app, use_cookies=False)
        self.seen: list[str] = [""]
        self.findings = Findings()

    def _open(self) -> None:
        key = self.settings.key(codes.KEY_PURPOSE)
        drawn = slips.draw(SLIPS, rng=secrets.token_bytes)
        with self.database.writing() as session:
            agencies.load_seed(session)
            questionnaire, days = (
                loading.load("sipas-counter"),
                {"opens_on": dt.date(2026, 1, 1), "closes_on": dt.date(2026, 12, 31)},
            )
            waves.create(session, questionnaire, code="fuzz", title="Fuzz", is_simulated=True, **days)
            here, there = (counters.make(session, agency, name="Quầy số 1") for agency in agencies.listing(session)[:2])
            poster, closed = (counters.issue_code(session, here, now=NOW) for _ in range(2))
            counters.revoke_code(session, closed, now=NOW)
            kiosk = kiosks.make(session, here, pin="482913", now=NOW)
            slip_key = self.settings.key(slip_codes.KEY_PURPOSE)
            slips.keep(session, here, drawn, opens_on=NOW.date(), key=slip_key, now=NOW)
        self.here, self.there, self.slips = here, there, drawn
        code = codes.code_for(here.id, poster.serial, key=key)
        tablet = kiosks.code_of(kiosk, key=self.settings.key(kiosks.KEY_PURPOSE))
        self.paths = {
            "R": f"/R/{code}/SEND",
            "R whole": f"/R/{code}",
            "r": f"/r/{code.lower()}",
            "R closed": "/R/" + codes.code_for(here.id, closed.serial, key=key) + "/SEND",
            "forged": f"/R/{code[:-1]}{'0' if code[-1] != '0' else '1'}/SEND",
            "N": f"/N/{here.short_code}/SEND",
            "K": f"/K/{tablet}/SEND",
            "leave": f"/K/{tablet}/LEAVE",
            "receipts": "/receipts",
            "typed": "/N",
            "login": "/console/login",
        }

    def send(self, post: Post) -> None:
        """Send one post, and note whatever should not have come of it."""
        path = self.paths.get(post.place) or f"/S/{self.slips[post.number % SLIPS]}/SEND"
        token = self._tokens(post)
        body, content_type = post.sent(token)
        try:
            answer = self.client.post(path, data=body, content_type=content_type, headers=post.headers)
        except Exception as error:  # noqa: BLE001 - what it is goes into the findings.
            self._note(post, f"raised {error!r}")
            return
        self.findings.posts += 1
        self.findings.statuses[answer.status_code] += 1
        if answer.status_code not in STATUSES:
            self._note(post, answer.status)
        receipt = _receipt(answer) if post.place in ANSWERS_TO else None
        if receipt:
            self.findings.acknowledged.setdefault(receipt, post)
            self.seen = [*self.seen, *token][-REMEMBERED:]
        elif post.is_whole and _is_sound(post):
            self._note(post, f"a form as our page sends it was refused: {answer.status}")

    def _note(self, post: Post, what: str) -> None:
        self.findings.faults.append(f"{what}: {post!r}"[:2_000])

    def _tokens(self, post: Post) -> list[str]:
        """The tokens of the kind that the post names."""
        fresh = self._mint(entry=Entry.KIOSK if post.place == "K" else Entry.PHONE)
        days = dt.timedelta(days=4)
        place = post.number % len(fresh)
        made = {
            "fresh": lambda: [fresh],
            "replayed": lambda: [self.seen[post.number % len(self.seen)]],
            "assisted": lambda: [self._mint(entry=Entry.ASSISTED)],
            "kiosk": lambda: [self._mint(entry=Entry.KIOSK)],
            "altered": lambda: [fresh[:place] + ("A" if fresh[place] != "A" else "B") + fresh[place + 1 :]],
            "cut": lambda: [fresh[:place]],
            "another counter's": lambda: [self._mint(counter=self.there.code)],
            "old": lambda: [self._mint(now=NOW - 2 * days)],
            "of tomorrow": lambda: [self._mint(now=NOW + days)],
            "none": list,
            "empty": lambda: [""],
            "two": lambda: [fresh, self._mint()],
            "words": lambda: [post.body.decode("latin-1")],
        }
        return made[post.token]()

    def _mint(self, *, entry: Entry = Entry.PHONE, counter: str = "", now: dt.datetime = NOW) -> str:
        return form_tokens.mint(counter or self.here.code, key=self.key, now=now, rng=secrets.token_bytes, entry=entry)

    def look(self) -> int:
        """Hold every row to the witness and to what was acknowledged; how many rows there are."""
        domain, acknowledged = Domain(), self.findings.acknowledged
        with self.database.engine.connect() as connection:
            rows = connection.execute(text("SELECT * FROM responses")).mappings().all()
        faults = self.findings.faults
        for row in rows:
            faults += domain.faults(row)
            post = acknowledged.get(row["receipt"])
            faults += _faults_of_way(row, post) if post else [f"nobody was told of {row['receipt']}"]
        if lost := acknowledged.keys() - {row["receipt"] for row in rows}:
            faults.append(f"acknowledged and not there: {sorted(lost)[:5]}")
        return len(rows)


def _receipt(answer) -> str | None:
    if answer.status_code == 303 and answer.headers["Location"].startswith("/receipts/"):
        return answer.headers["Location"].removeprefix("/receipts/").partition("?")[0]
    if answer.status_code == 200 and answer.mimetype == "application/json":
        return answer.json.get("receipt")
    return None


def _is_sound(post: Post) -> bool:
    """Whether a page of ours could have sent it: each rating once and plain, no comment that may be too long."""
    given = dict(post.fields)
    return (
        post.place in {"R", "N", "K"}
        and post.token == "fresh"
        and post.headers == OWN
        and len(given) == len(post.fields)
        and set(given) <= {*RATINGS, "gioi_tinh", "do_tuoi", "y_kien"}
        and all(given.get(name) in {"1", "2", "3", "4", "5"} for name in RATINGS)
        and given.get("gioi_tinh", "nu") in {"nam", "nu"}
        and given.get("do_tuoi", "35-60") in {"duoi-35", "35-60", "tren-60"}
        and len(given.get("y_kien", "")) < 1_000
    )


def _faults_of_way(row, post: Post) -> list[str]:
    """Whether the row is trusted as its way in says, and holds no rating that the post does not."""
    trust, entries = WAYS[post.place]
    faults = [] if row["trust"] == trust and row["entry"] in entries else [f"{row['trust']} {row['entry']}: {post!r}"]
    answers = json.loads(row["answers"])
    for name in RATINGS if post.is_whole else ():
        given = {value.strip() for key, value in post.fields if key == name}
        if name in answers and not any(str(answers[name]) in value for value in given):
            faults.append(f"{name} = {answers[name]}, which nobody gave: {post!r}")
    return faults


def run(site: Site, number: int, *, seed: int) -> None:
    """Send `number` posts, made up in the same way for a seed."""

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=-(-number // (MORE_WAYS + 1)),
        phases=(Phase.generate,),
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(posts)
    def send(post: Post) -> None:
        for one in varied(post):
            site.send(one)

    send()


def folder() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - memory, for a folder that mkdtemp makes.


def main() -> None:
    options = arguments()
    logging.disable(logging.CRITICAL)
    home = Path(tempfile.mkdtemp(prefix="sipas-fuzz-", dir=folder()))
    try:
        site, start = Site(home), time.monotonic()
        batch = 0
        until = start + 60 * options.minutes
        while site.findings.posts < options.posts and time.monotonic() < until:
            batch += 1
            run(site, min(BATCH, options.posts - site.findings.posts), seed=options.seed * 1_000 + batch)
            rate = site.findings.posts / (time.monotonic() - start)
            say(f"{site.findings.posts:,} posts, {rate:.0f} a second, {len(site.findings.faults)} faults")
        seconds = time.monotonic() - start
        rows = site.look()
    finally:
        shutil.rmtree(home, ignore_errors=True)
    conclude(site.findings, rows, seconds, write=options.write)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=100_000)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so many, however many posts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="replace the section in docs/benchmarks.md")
    return parser.parse_args()


def conclude(findings: Findings, rows: int, seconds: float, *, write: bool) -> None:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    import report

    counts = report.table(
        ("status", "posts"), [(status, f"{count:,}") for status, count in sorted(findings.statuses.items())]
    )
    broken = sum(count for status, count in findings.statuses.items() if status >= 500)
    body = (
        f"{findings.posts:,} posts made up by hypothesis through the application on SQLite in {seconds:.0f} s "
        f"({findings.posts / seconds:.0f} a second): {broken} answers of 500 or more, "
        f"{len(findings.acknowledged):,} receipts given, {rows:,} rows, {len(findings.faults)} faults (rows outside "
        f"the questionnaire, receipts without a row, rows without a receipt, whole forms refused).\n\n{counts}"
    )
    say("\n".join([body, *findings.faults[:20]]))
    if write:
        report.write("Fuzzed posts", body, date=dt.datetime.now(dt.UTC).date().isoformat())
    sys.exit(bool(findings.faults or rows != len(findings.acknowledged)))


def say(words: str) -> None:
    print(words, flush=True)  # noqa: T201 - a program.


if __name__ == "__main__":
    main()
