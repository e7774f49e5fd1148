"""The files of `bridges/`: what is known of the national series, and decisions about our own questionnaires.

Read as questionnaires are: everything wrong at once, with its place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from forms import files, messages
from forms.comparability import Bridge, Decision, compare
from forms.errors import BridgeError
from forms.names import entry_id
from forms.series import EVENT_SENTENCES, FACT_SENTENCES, Event, Fact, Grounds, Instrument, Series, Years
from forms.table import BROKEN_NUMBER, Notes, read_whole
from forms.verdict import Change, Evidence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from forms.definition import Questionnaire
    from forms.table import Table

__all__ = ["BridgeError", "available", "load_bridge", "load_series", "read_bridge", "read_series"]

LANGUAGES = ("vi", "en")
SET_ASIDE = (Change.POPULATION, Change.ITEMS, Change.WORDING, Change.SCALE, Change.ANSWERS)
"""What a decision can set aside: streams are never pooled, and what is missing cannot be compared."""

_SHIPPED = Path(__file__).parent / "bridges"
_FIRST_YEAR, _LAST_YEAR = 2000, 2100

T = TypeVar("T")


def available() -> tuple[str, ...]:
    """The names of the files that come with this package."""
    return files.names(_SHIPPED)


def load_series(name_or_path: str | Path) -> Series:
    """A series by the name it ships under (`national`), or from a `.toml` file of your own."""
    path = _path(name_or_path)
    return read_series(files.read_text(path, error=BridgeError), source=path.name)


def load_bridge(name_or_path: str | Path, *, questionnaires: Iterable[Questionnaire]) -> Bridge:
    """The decisions that ship under a name (`questionnaires`), or those in a `.toml` file of your own.

    Every questionnaire that a decision names must be among `questionnaires`.
    """
    path = _path(name_or_path)
    return read_bridge(files.read_text(path, error=BridgeError), source=path.name, questionnaires=questionnaires)


def read_series(text: str, *, source: str) -> Series:
    """The series written in `text`; `source` names it in errors."""
    return _read(text, _series, source=source)


def read_bridge(text: str, *, source: str, questionnaires: Iterable[Questionnaire]) -> Bridge:
    """The decisions written in `text`; `source` names it in errors."""
    book = _Book(known={questionnaire.hash: questionnaire for questionnaire in questionnaires})
    return _read(text, partial(_bridge, book=book), source=source)


def _path(name_or_path: str | Path) -> Path:
    path = Path(name_or_path)
    if path.suffix == ".toml":
        return path
    return files.shipped(str(name_or_path), _SHIPPED, error=BridgeError, unknown=messages.NO_SUCH_BRIDGE)


def _read(text: str, read: Callable[[Table], T], *, source: str) -> T:
    notes = Notes(languages=LANGUAGES)
    made = read_whole(files.read_toml(text, source=source, error=BridgeError), read, notes=notes)
    if notes.problems:
        raise BridgeError(source, tuple(notes.problems))
    return made


def _series(table: Table) -> Series:
    taken: dict[int, str] = {}
    return Series(
        id=entry_id(table),
        title=table.text("title"),
        instruments=table.tables("instruments", partial(_instrument, taken=taken), unique="id", fewest=1),
        events=table.tables("events", _event, unique="id"),
    )


def _instrument(table: Table, *, taken: dict[int, str]) -> Instrument:
    return Instrument(
        id=entry_id(table),
        document=table.text("document"),
        years=table.tables("years", partial(_years, taken=taken), unique="first", fewest=1),
        facts=table.tables("facts", _fact, unique="about"),
    )


def _years(table: Table, *, taken: dict[int, str]) -> Years:
    first, last = (table.number(key, lowest=_FIRST_YEAR, highest=_LAST_YEAR) for key in ("first", "last"))
    years = Years(first=first, last=last, grounds=_grounds(table))
    if BROKEN_NUMBER in (first, last):
        return years
    if last < first:
        table.note("last", messages.YEARS_FALL, first=first)
    for year in range(first, last + 1):
        if year in taken:
            table.note("first", messages.IN_TWO_PLACES, value=year, first=taken[year])
        taken.setdefault(year, table.path)
    return years


def _fact(table: Table) -> Fact | None:
    about = table.one_of("about", tuple(FACT_SENTENCES))
    fact = partial(Fact, value=table.string("value"), text=table.text("text"), grounds=_grounds(table))
    return fact(about=Change(about)) if about else None


def _event(table: Table) -> Event | None:
    change = table.one_of("change", tuple(EVENT_SENTENCES))
    event = partial(
        Event,
        id=entry_id(table),
        since=table.number("since", lowest=_FIRST_YEAR, highest=_LAST_YEAR),
        text=table.text("text"),
        grounds=_grounds(table),
    )
    return event(change=Change(change)) if change else None


def _grounds(table: Table) -> Grounds:
    evidence = Evidence(table.one_of("evidence", tuple(Evidence)) or Evidence.READ)
    if evidence is not Evidence.UNVERIFIED:
        return Grounds(evidence=evidence, source=table.string("source"), recorded=table.date("recorded"))
    if table.has("source"):
        table.note("source", messages.SOURCE_OF_UNVERIFIED)
        table.string("source")
    return Grounds(evidence=evidence, source="", recorded=table.date("recorded"))


@dataclass(slots=True)
class _Book:
    """The questionnaires that a decision may be about, and what was decided so far."""

    known: dict[str, Questionnaire]
    decided: dict[tuple[str, str, str], str] = field(default_factory=dict)

    @property
    def versions(self) -> str:
        return ", ".join(sorted(f"{one.id} {one.version}" for one in self.known.values())) or "–"


def _bridge(table: Table, *, book: _Book) -> Bridge:
    return Bridge(table.tables("decisions", partial(_decision, book=book), unique="id"))


def _decision(table: Table, *, book: _Book) -> Decision | None:
    old, new = (table.table(key, partial(_questionnaire, book=book)) for key in ("old", "new"))
    comparable, in_spite_of = _said(table, "comparable"), _set_aside(table)
    decision = partial(
        Decision,
        id=entry_id(table),
        comparable=bool(comparable),
        in_spite_of=in_spite_of or frozenset(),
        reason=table.text("reason"),
        decided_by=table.string("decided_by"),
        source=table.string("source"),
        date=table.date("date"),
    )
    if old is None or new is None:
        table.string("dimension")
        return None
    shared = [one.id for one in new.dimensions if one.id in {other.id for other in old.dimensions}]
    dimension = table.reference("dimension", shared, messages.UNKNOWN_DIMENSION)
    made = decision(old=old.hash, new=new.hash, dimension=dimension)
    _check_pair(table, made, book)
    if dimension and old.hash != new.hash and None not in (comparable, in_spite_of):
        _check_set_aside(table, made, {reason.change for reason in compare(old, new).dimensions[dimension].reasons})
    return made


def _questionnaire(table: Table, *, book: _Book) -> Questionnaire | None:
    """The questionnaire of an id and a version, or of a hash where two share those."""
    if table.has("hash"):
        given = table.string("hash")
        if given and given not in book.known:
            table.note("hash", messages.UNKNOWN_HASH, value=given, known=book.versions)
        return book.known.get(given)
    name, version = table.string("id"), table.string("version")
    found = [one for one in book.known.values() if (one.id, one.version) == (name, version)]
    if name and version and not found:
        table.note("id", messages.UNKNOWN_VERSION, value=f"{name} {version}", known=book.versions)
    if len(found) > 1:
        table.note("id", messages.AMBIGUOUS_VERSION, value=f"{name} {version}", count=len(found))
    return found[0] if len(found) == 1 else None


def _said(table: Table, key: str) -> bool | None:
    """True or false at `key`, which must be said; None when it is not."""
    if not table.has(key):
        table.note(key, messages.MISSING)
    return table.flag(key)


def _set_aside(table: Table) -> frozenset[Change] | None:
    """The kinds of change named; None when one of them is no such kind."""
    names = table.references("in_spite_of", SET_ASIDE, messages.UNKNOWN_CHANGE)
    return None if "" in names else frozenset(map(Change, names))


def _check_pair(table: Table, decision: Decision, book: _Book) -> None:
    if decision.old == decision.new:
        table.note("new", messages.SAME_QUESTIONNAIRE)
    about = (decision.old, decision.new, decision.dimension)
    if about in book.decided:
        table.note("dimension", messages.DECIDED_ALREADY, value=decision.dimension, first=book.decided[about])
    book.decided.setdefault(about, table.path)


def _check_set_aside(table: Table, decision: Decision, found: set[Change]) -> None:
    """A decision to compare names what changed, neither less nor more: whoever took it has seen it."""
    if not decision.comparable:
        if decision.in_spite_of:
            table.note("in_spite_of", messages.IN_SPITE_WITHOUT_COMPARABLE)
        return
    for template, kinds in (
        (messages.NO_BRIDGE_OVER, found - set(SET_ASIDE)),
        (messages.NOT_SET_ASIDE, (found & set(SET_ASIDE)) - decision.in_spite_of),
        (messages.NOTHING_TO_SET_ASIDE, decision.in_spite_of - found),
    ):
        if kinds:
            table.note("in_spite_of", template, kinds=", ".join(sorted(kinds)))
