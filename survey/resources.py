"""Where the shipped data lies, in a checkout and in an installed wheel alike."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent

MIGRATIONS = PACKAGE / "migrations"
SEED = PACKAGE / "seed"
STATIC = PACKAGE / "static"
TRANSLATIONS = PACKAGE / "translations"
FONTS = PACKAGE / "fonts"
TYPST = PACKAGE / "exports" / "typst"


def templates() -> Path:
    """The Jinja templates: inside the package when installed, beside it in a checkout."""
    shipped = PACKAGE / "templates"
    return shipped if shipped.is_dir() else PACKAGE.parent / "templates"
