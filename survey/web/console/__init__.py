"""The console of Sở Nội vụ and of each agency: posters and imports, behind a sign-in."""

from survey.web.console import imports, kiosks, overview, posters, signing_in
from survey.web.console.access import blueprint

__all__ = ["blueprint", "imports", "kiosks", "overview", "posters", "signing_in"]
