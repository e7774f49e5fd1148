"""Settings, read once at the edge; every problem is reported at once."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from survey.i18n import mark

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DATABASE_SCHEMES = ("sqlite", "postgresql")
SHORTEST_KEY = 32
MOST_PROXIES = 9
LONGEST_HOTLINE = 60
# Two a second: more than a hall of people sends, and of no use to a machine.
POSTS_PER_MINUTE = 120
MOST_POSTS_PER_MINUTE = 1_000_000

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One setting that is missing or wrong: an English template and what belongs in it."""

    template: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.template.format(**self.values)


class ConfigError(ValueError):
    """One or more settings are missing or wrong; `problems` has them all."""

    template = mark("See README, 'Configuration'.")

    def __init__(self, problems: tuple[ConfigProblem, ...]) -> None:
        super().__init__("\n".join([*map(str, problems), self.template]))
        self.problems = problems
        self.values: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an installation decides. The master key never shows in a log or a traceback."""

    database_url: str = field(repr=False)
    public_base_url: str
    master_key: bytes = field(repr=False)
    trusted_proxies: int = 0
    office_networks: tuple[Network, ...] = ()
    hotline: str = ""
    posts_per_minute: int = POSTS_PER_MINUTE

    def __post_init__(self) -> None:
        problems = (*_database_problems(self.database_url), *_base_url_problems(self.public_base_url))
        if len(self.master_key) < SHORTEST_KEY:
            problems += (_short_key(self.master_key),)
        if not 0 <= self.trusted_proxies <= MOST_PROXIES:
            problems += (_proxies_problem(self.trusted_proxies),)
        if not 0 <= self.posts_per_minute <= MOST_POSTS_PER_MINUTE:
            problems += (_posts_problem(self.posts_per_minute),)
        problems += _hotline_problems(self.hotline)
        if problems:
            raise ConfigError(problems)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """The settings of a real installation, or one ConfigError that names all that is missing or wrong."""
        problems = [*_missing(environ), *_wrong(environ)]
        if problems:
            raise ConfigError(tuple(problems))
        url = environ["SIPAS_DATABASE_URL"]
        named = environ.get("SIPAS_SECRET_FILE")
        return cls(
            database_url=url,
            public_base_url=environ["SIPAS_PUBLIC_BASE_URL"].rstrip("/"),
            master_key=_read_key(Path(named)) if named else _read_or_make_key(_key_file_beside(_sqlite_path(url))),
            trusted_proxies=int(environ.get("SIPAS_TRUSTED_PROXIES") or 0),
            office_networks=tuple(map(ipaddress.ip_network, _office_networks(environ))),
            hotline=environ.get("SIPAS_HOTLINE", "").strip(),
            posts_per_minute=int(environ.get("SIPAS_POSTS_PER_MINUTE") or POSTS_PER_MINUTE),
        )

    @classmethod
    def embedded(cls, database_path: Path, *, public_base_url: str) -> Self:
        """The settings of an installation in one SQLite file, whose keys lie in a file beside it."""
        path = Path(database_path).resolve()
        return cls(
            database_url=f"sqlite:///{path}",
            public_base_url=public_base_url.rstrip("/"),
            master_key=_read_or_make_key(_key_file_beside(path)),
        )

    def key(self, purpose: str) -> bytes:
        """A key of its own for each purpose, so that no signature can stand in for another."""
        return hmac.digest(self.master_key, purpose.encode(), hashlib.sha256)


def _missing(environ: Mapping[str, str]) -> Iterator[ConfigProblem]:
    for name, example in (
        ("SIPAS_DATABASE_URL", "sqlite:////var/lib/sipas/sipas.db, postgresql://…"),
        ("SIPAS_PUBLIC_BASE_URL", "https://hailong.daklak.gov.vn"),
        ("SIPAS_SECRET_FILE", "/etc/sipas/secret"),
    ):
        # A database in one file has its key in a file beside it; any other must be told where the key is.
        beside = name == "SIPAS_SECRET_FILE" and _is_sqlite(environ)
        if not environ.get(name) and not beside:
            yield ConfigProblem(mark("Set {name}, for example {example}."), {"name": name, "example": example})


def _wrong(environ: Mapping[str, str]) -> Iterator[ConfigProblem]:
    if url := environ.get("SIPAS_DATABASE_URL"):
        yield from _database_problems(url)
    if url := environ.get("SIPAS_PUBLIC_BASE_URL"):
        yield from _base_url_problems(url.rstrip("/"))
    if path := environ.get("SIPAS_SECRET_FILE"):
        yield from _key_problems(Path(path))
    proxies = environ.get("SIPAS_TRUSTED_PROXIES") or "0"
    if not _is_count(proxies, most=MOST_PROXIES):
        yield _proxies_problem(proxies)
    posts = environ.get("SIPAS_POSTS_PER_MINUTE") or "0"
    if not _is_count(posts, most=MOST_POSTS_PER_MINUTE):
        yield _posts_problem(posts)
    for network in _office_networks(environ):
        yield from _network_problems(network)
    yield from _hotline_problems(environ.get("SIPAS_HOTLINE", "").strip())


def _is_count(text: str, *, most: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= len(str(most)) and int(text) <= most


def _office_networks(environ: Mapping[str, str]) -> list[str]:
    parts = (part.strip() for part in environ.get("SIPAS_OFFICE_NETWORKS", "").split(","))
    return [part for part in parts if part]


def _is_sqlite(environ: Mapping[str, str]) -> bool:
    return environ.get("SIPAS_DATABASE_URL", "").startswith("sqlite:")


def _sqlite_path(url: str) -> Path:
    """The file that `sqlite:////path` names; one slash fewer is a path from here."""
    return Path(url.removeprefix("sqlite:///").partition("?")[0]).resolve()


def _key_file_beside(database: Path) -> Path:
    return database.with_name(database.name + ".secret")


def _database_problems(url: str) -> tuple[ConfigProblem, ...]:
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in DATABASE_SCHEMES:
        # The address may hold a password, so that the message shows the scheme alone.
        template = mark("SIPAS_DATABASE_URL begins with {scheme!r}: begin it with sqlite:/// or postgresql://.")
        return (ConfigProblem(template, {"scheme": scheme[:20]}),)
    if scheme == "sqlite" and rest.strip("/") in {"", ":memory:"}:
        return (ConfigProblem(mark("SIPAS_DATABASE_URL names no file: write sqlite:////path/to/sipas.db.")),)
    return ()


def _base_url_problems(url: str) -> tuple[ConfigProblem, ...]:
    try:
        parts = urlsplit(url)
        proper = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        proper = False
    if not proper or parts.path or parts.query or parts.fragment or parts.username:
        # A path would not survive the posters' upper-case addresses.
        template = mark("SIPAS_PUBLIC_BASE_URL is {url!r}: write https://HOST, without a path.")
        return (ConfigProblem(template, {"url": url}),)
    return ()


def _proxies_problem(given: object) -> ConfigProblem:
    template = mark("SIPAS_TRUSTED_PROXIES is {given!r}: give a number from 0 to {most}.")
    return ConfigProblem(template, {"given": given, "most": MOST_PROXIES})


def _posts_problem(given: object) -> ConfigProblem:
    template = mark("SIPAS_POSTS_PER_MINUTE is {given!r}: give a number from 0 (no limit) to {most}.")
    return ConfigProblem(template, {"given": given, "most": MOST_POSTS_PER_MINUTE})


def _hotline_problems(hotline: str) -> tuple[ConfigProblem, ...]:
    if hotline.isprintable() and len(hotline) <= LONGEST_HOTLINE:
        return ()
    template = mark("SIPAS_HOTLINE is {hotline!r}: write one line of {most} characters or fewer, such as 1900 0000.")
    return (ConfigProblem(template, {"hotline": hotline[: LONGEST_HOTLINE + 1], "most": LONGEST_HOTLINE}),)


def _network_problems(network: str) -> Iterator[ConfigProblem]:
    try:
        ipaddress.ip_network(network)
    except ValueError:
        # 10.1.2.3/16 is refused too: whether the network or its one machine is meant must not be guessed.
        template = mark(
            "SIPAS_OFFICE_NETWORKS has {network!r}: write networks with commas between them, as "
            "203.0.113.0/24, 2001:db8::/48."
        )
        yield ConfigProblem(template, {"network": network[:60]})


def _short_key(key: bytes) -> ConfigProblem:
    template = mark("The master key has {length} bytes: {shortest} or more are needed.")
    return ConfigProblem(template, {"length": len(key), "shortest": SHORTEST_KEY})


def _key_problems(path: Path) -> Iterator[ConfigProblem]:
    try:
        _read_key(path)
    except (OSError, ValueError) as error:
        template = mark(
            "SIPAS_SECRET_FILE {path!r} holds no key ({reason}): write 64 hexadecimal digits into it, mode 0600."
        )
        yield ConfigProblem(template, {"path": str(path), "reason": error})


def _read_key(path: Path) -> bytes:
    key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    if len(key) < SHORTEST_KEY:
        raise ValueError(f"{len(key)} bytes, {SHORTEST_KEY} or more are needed")
    return key


def _read_or_make_key(path: Path) -> bytes:
    """Two processes starting at once end with the same key: the file appears whole or not at all."""
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            _make_key(path)
        return _read_key(path)
    except (OSError, ValueError) as error:
        template = mark("The key file {path!r} cannot be used: {reason}.")
        raise ConfigError((ConfigProblem(template, {"path": str(path), "reason": error}),)) from error


def _make_key(path: Path) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(SHORTEST_KEY) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # Another process was first; its key is the key.
    finally:
        draft.unlink()
