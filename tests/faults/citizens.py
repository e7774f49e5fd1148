"""Citizens who send the same form until they are told a receipt, each time by the button of the page that came back."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from visitors import TOKEN, Visitors, key_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import sites
    from visitors import Form, Reply

PAUSE = 0.1
FIRST_OF_OURS = 500
# Some send once more what was acknowledged already, as people in doubt do.
IN_DOUBT = 0.1


@dataclass
class Told:
    """What the citizens of a site were told."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    given: dict[str, dict[str, int]] = field(default_factory=dict)
    changed: int = 0  # receipts that were another one the second time
    counted_twice: int = 0  # forms sent once more that became another form
    replies: Counter[int] = field(default_factory=Counter)  # those without a receipt; 0 where the line was cut
    without_answers: int = 0  # pages that did not hold every answer
    without_hint: int = 0  # pages about a fault of ours that did not say when to come back
    longest: float = 0.0  # seconds until a reply of any kind

    @property
    def is_fair(self) -> bool:
        """Whether nobody lost an answer on the way, and no receipt changed."""
        return not (self.changed or self.counted_twice or self.without_answers or self.without_hint)

    @property
    def figures(self) -> dict:
        return {name: value for name, value in vars(self).items() if name not in {"acknowledged", "given"}}

    def __str__(self) -> str:
        replies = ", ".join(
            f"{number:,} × {status or 'connection cut'}" for status, number in sorted(self.replies.items())
        )
        return (
            f"Replies other than a receipt: {replies or 'none'}. Of these, {self.without_answers} did not give every "
            f"answer back and {self.without_hint} did not say when to come back; the longest wait for a reply was "
            f"{self.longest:.1f} s. {self.changed} receipts changed, {self.counted_twice} forms "
            "sent once more were counted twice."
        )


class Citizens:
    """Those of one site."""

    def __init__(self, site: sites.Site) -> None:
        self.visitors = Visitors(site, seed=1)
        self.told = Told()
        self.over = False
        # Set whenever somebody was told a receipt.
        self.news = asyncio.Event()
        self._chance = random.Random(1)

    @contextlib.asynccontextmanager
    async def coming(self, number: int) -> AsyncIterator[None]:
        """So many at a time send form after form meanwhile; in the end all forms begun are sent to their receipts."""
        self.over = False
        at_work = [asyncio.create_task(self._one()) for _ in range(number)]
        try:
            yield
        finally:
            self.over = True
            await asyncio.gather(*at_work)

    async def _one(self) -> None:
        while not self.over:
            form = await self.insist(self.visitors.filled_in())
            if self._chance.random() < IN_DOUBT:
                await self.insist(form)

    async def insist(self, form: Form) -> Form:
        """Send `form` until its receipt is shown; the form as it was then, which may be a later showing of it."""
        known = form.key if form.key in self.told.acknowledged else None
        while (reply := await self.timed(form)).receipt is None:
            form = self._again(form, reply)
            await asyncio.sleep(PAUSE)
        self.told.counted_twice += known not in {None, form.key}
        self.told.changed += self.told.acknowledged.setdefault(form.key, reply.receipt) != reply.receipt
        self.told.given[form.key] = form.ratings
        self.news.set()
        return form

    async def timed(self, form: Form) -> Reply:
        begun = time.monotonic()
        try:
            return await self.visitors.send(form)
        finally:
            self.told.longest = max(self.told.longest, time.monotonic() - begun)

    async def acknowledgement(self) -> None:
        """Wait until one more is told a receipt."""
        self.news.clear()
        await self.news.wait()

    def _again(self, form: Form, reply: Reply) -> Form:
        """The form as the page that came back would send it; as it was, where none came."""
        self.told.replies[reply.status] += 1
        if reply.status == 0:
            return form
        self.told.without_hint += reply.status >= FIRST_OF_OURS and "\nretry-after: " not in reply.head.lower()
        fields = fields_of(reply.body)
        if not _holds(fields, form):
            self.told.without_answers += 1
            return form
        found = TOKEN.search(reply.body)
        return dataclasses.replace(form, body=urlencode(fields).encode(), key=key_of(found[1]) if found else form.key)


def _holds(fields: dict[str, str], form: Form) -> bool:
    """Whether all answers are there, and the key of the form, or of a fresh showing of it."""
    return (
        "form_token" in fields and form.fields.items() - {("form_token", form.fields["form_token"])} <= fields.items()
    )


def fields_of(page: bytes) -> dict[str, str]:
    """What a browser would send for the form in a page that posts."""
    reader = _Fields()
    reader.feed(page.decode("utf8", errors="replace"))
    return {name: value for name, value in reader.fields.items() if value}


class _Fields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._posts = False
        self._text: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._posts = given.get("method") == "post"
        if not self._posts or "name" not in given:
            return
        if tag == "textarea":
            self._text = given["name"]
        elif tag == "input" and (given.get("type") not in {"radio", "checkbox"} or "checked" in given):
            self.fields[given["name"]] = given.get("value") or ""

    def handle_data(self, data: str) -> None:
        if self._text:
            # A browser drops the line feed after the tag.
            self.fields[self._text] = self.fields.get(self._text, "") + data.removeprefix("\n")

    def handle_endtag(self, tag: str) -> None:
        self._text = None if tag == "textarea" else self._text
        self._posts = self._posts and tag != "form"
