"""So many posts a minute from one address, and what is remembered for that: counts, under hashes, in memory.

A hall of people behind one network shares an address, so that the limit is far above what a hall does and far below
what a machine can. An address is personal data: none is kept. A post counts in the slot that a keyed hash of its
address falls into; the key is made when the site starts and is nowhere else, and the slots end with the site
(docs/decisions/0020).
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import logging
import mmap
import struct
import threading
from typing import TYPE_CHECKING, cast

from flask import current_app, request
from werkzeug.exceptions import TooManyRequests

from survey.web.site import site

if TYPE_CHECKING:
    import datetime as dt

    from flask import Flask

logger = logging.getLogger(__name__)

MINUTE = 60
# Two addresses fall into one slot only by chance, another one at every start.
SLOTS = 1 << 16
# When the minute of a slot began, and how many posts it has had. A slot is half a word of the machine or less, so that
# another process reads it whole.
_SLOT = struct.Struct("=II")
# Whoever is given an IPv6 address is given all 2^64 that begin like it.
_IPV6_NETWORK = 64


class PostLimit:
    """Counts posts by address, for all processes that were forked from the one that made it.

    Threads take turns; processes do not, and may miss a post that two of them count at the same instant. Nothing that a
    process which is killed can leave behind, such as a lock, is worth that one post.
    """

    def __init__(self, a_minute: int, *, key: bytes) -> None:
        self._limit = a_minute
        self._key = key
        self._slots = mmap.mmap(-1, SLOTS * _SLOT.size)
        self._lock = threading.Lock()

    def seconds_to_wait(self, address: str | None, *, now: dt.datetime) -> int:
        """Count one post from `address`: 0, or how many seconds of its minute are left where it has had too many."""
        place = self._place(address)
        second = int(now.timestamp())
        with self._lock:
            began, posts = _SLOT.unpack_from(self._slots, place)
            # A clock that was set back has left a minute in the future: it is over too.
            if not 0 <= second - began < MINUTE:
                began, posts = second, 0
            if posts >= self._limit:
                return int(began + MINUTE - second)
            _SLOT.pack_into(self._slots, place, began, posts + 1)
        return 0

    def _place(self, address: str | None) -> int:
        digest = hmac.digest(self._key, network_of(address).encode(), hashlib.sha256)
        return int.from_bytes(digest[:8]) % SLOTS * _SLOT.size


def network_of(address: str | None) -> str:
    """Whom an address stands for: itself, or the network that one holder of an IPv6 address has.

    >>> network_of("2001:db8:1:2:aaaa::1"), network_of("::ffff:203.0.113.7")
    ('2001:db8:1:2::', '203.0.113.7')
    """
    try:
        sender = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    # A server that listens for both kinds writes an IPv4 visitor as ::ffff:203.0.113.7.
    sender = getattr(sender, "ipv4_mapped", None) or sender
    if sender.version == 4:  # noqa: PLR2004 - the name of a protocol.
        return str(sender)
    return str(ipaddress.IPv6Network((int(sender), _IPV6_NETWORK), strict=False).network_address)


class TooManyPosts(TooManyRequests):
    """An address has sent as much within a minute as it may."""


def register_post_limit(app: Flask) -> None:
    settings = app.extensions["sipas"].settings
    if settings.posts_per_minute:
        key = app.extensions["sipas"].random_bytes(hashlib.sha256().digest_size)
        app.extensions["sipas_post_limit"] = PostLimit(settings.posts_per_minute, key=key)


def count_post() -> None:
    """Count the current post; raises TooManyPosts where its address has had too many within a minute."""
    limit = cast("PostLimit | None", current_app.extensions.get("sipas_post_limit"))
    seconds = limit.seconds_to_wait(request.remote_addr, now=site().clock()) if limit else 0
    if not seconds:
        return
    if not site().settings.trusted_proxies and "X-Forwarded-For" in request.headers:
        logger.warning("Posts come through a proxy while SIPAS_TRUSTED_PROXIES is 0: all count as one address.")
    raise TooManyPosts(retry_after=seconds)
