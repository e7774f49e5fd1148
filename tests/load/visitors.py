"""Visitors of a served site: forms filled in by somebody, and the few bytes of HTTP that send them.

A visitor opens a connection of its own, as a phone does, and names an address of its own, as the proxy before a real
site would: the limit on posts from one address stays on.
"""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import random
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from survey.services import form_tokens

if TYPE_CHECKING:
    import sites

ITEMS = ("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu")
# What people do write: it must be redacted before it is stored, which is a part of the work to be measured.
TELEPHONE = "0905 123 456"
COMMENTS = (
    "",
    "Cán bộ hướng dẫn tận tình.",
    "Phải chờ lâu, thiếu ghế ngồi cho người già.",
    f"Cần gặp xin gọi {TELEPHONE}, hồ sơ còn thiếu gì xin báo sớm.",
)
# Longer than anybody needs to read the form, so that it is not marked as quick.
READING_TIME = dt.timedelta(minutes=2)
TOKEN = re.compile(rb'name="form_token" value="([^"]+)"')
RECEIPT = re.compile(r"^location: \S*/receipts/([0-9A-Z]+)", re.IGNORECASE | re.MULTILINE)
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Form:
    """One citizen's form, filled in: sent again, it is the same one."""

    key: str
    path: str
    body: bytes
    address: str

    @property
    def fields(self) -> dict[str, str]:
        """What is in it."""
        return dict(parse_qsl(self.body.decode()))

    @property
    def ratings(self) -> dict[str, int]:
        """What must be in its row."""
        return {item: int(self.fields[item]) for item in ITEMS}


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; status 0 where nothing did."""

    status: int
    head: str = ""
    body: bytes = b""

    @property
    def receipt(self) -> str | None:
        """The receipt, where this is the redirect to one."""
        found = RECEIPT.search(self.head) if self.status == 303 else None
        return found[1] if found else None


class Visitors:
    """Those of one site."""

    def __init__(self, site: sites.Site, *, seed: int) -> None:
        parts = urlsplit(site.url)
        self._host, self._port = parts.hostname, parts.port
        self._signing_key = site.settings.key(form_tokens.KEY_PURPOSE)
        self._counters = site.counters
        self._chance = random.Random(seed)

    def filled_in(self) -> Form:
        """A form with a fresh token, as if it had been shown a while ago."""
        counter, path = self._chance.choice(self._counters)
        key = secrets.token_bytes(16)
        shown = dt.datetime.now(dt.UTC) - READING_TIME
        token = form_tokens.mint(counter, key=self._signing_key, now=shown, rng=lambda _: key)
        return Form(key.hex(), path, self._answers(token), self.address())

    async def send(self, form: Form) -> Reply:
        """Post the form."""
        return await self.exchange("POST", f"{form.path}/SEND", form.address, form.body)

    async def opened(self) -> Form | None:
        """A form as the site shows it now, filled in and not yet sent; None where there is none to be had."""
        _counter, path = self._chance.choice(self._counters)
        address = self.address()
        token = TOKEN.search((await self.exchange("GET", path, address)).body)
        return token and Form(key_of(token[1]), path, self._answers(token[1].decode()), address)

    async def visit(self) -> tuple[bytes, Reply]:
        """Open a counter's form, fill it in, send it and look at the receipt; the token, and the reply to the post."""
        _counter, path = self._chance.choice(self._counters)
        address = self.address()
        page = await self.exchange("GET", path, address)
        token = TOKEN.search(page.body)
        if token is None:
            return b"", Reply(page.status if page.status != 200 else 0)
        sent = await self.exchange("POST", f"{path}/SEND", address, self._answers(token[1].decode()))
        if sent.receipt:
            shown = await self.exchange("GET", f"/receipts/{sent.receipt}", address)
            sent = sent if shown.status == 200 and sent.receipt.encode() in shown.body else Reply(shown.status)
        return token[1], sent

    def address(self) -> str:
        """One of 2²⁴ made-up addresses."""
        return f"10.{self._chance.randrange(256)}.{self._chance.randrange(256)}.{self._chance.randrange(256)}"

    async def exchange(self, method: str, path: str, address: str, body: bytes = b"") -> Reply:
        """One request on a connection of its own."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._exchange(self.request(method, path, address, body))
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
            return Reply(0)

    def request(self, method: str, path: str, address: str, body: bytes = b"") -> bytes:
        """The bytes of a request."""
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: {self._host}:{self._port}",
            f"X-Forwarded-For: {address}",
            "Sec-Fetch-Site: same-origin",
            "Connection: close",
        ]
        if method == "POST":
            lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + body

    async def _exchange(self, request: bytes) -> Reply:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(request)
            head, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
            return _reply(head.decode("latin1"), body)
        finally:
            writer.close()

    def _answers(self, token: str) -> bytes:
        answers = {item: self._chance.choice("2344455") for item in ITEMS}
        return urlencode({"form_token": token, **answers, "y_kien": self._chance.choice(COMMENTS)}).encode()


def key_of(token: bytes) -> str:
    """The submission key in a form's token, as the database has it."""
    return base64.urlsafe_b64decode(token + b"==")[:16].hex()


def _reply(head: str, body: bytes) -> Reply:
    length = re.search(r"^content-length: (\d+)", head, re.IGNORECASE | re.MULTILINE)
    if not head.startswith("HTTP/") or length is None or int(length[1]) != len(body):
        return Reply(0)  # Cut off: nobody was told anything.
    return Reply(int(head.split(" ", 2)[1]), head, body)
