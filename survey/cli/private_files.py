"""Files with names or codes in them: new, their owner's alone, and gone again where something fails."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from survey.cli import Refusal
from survey.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def private_file(path: Path, content: bytes) -> Iterator[None]:
    """Write `content` to a new file, which stays if what is done meanwhile succeeds.

    Both or neither: what is stored about it must not be stored of a file that nobody has, nor a file be used of which
    nothing is stored.
    """
    try:
        # Never over another one, and for nobody else to read.
        path.touch(mode=0o600, exist_ok=False)
    except FileExistsError as error:
        raise Refusal(_("There is a file %(file)s already: name another one.", file=path)) from error
    try:
        path.write_bytes(content)
        yield
    except BaseException:
        path.unlink()
        raise
