"""The citizen's side: the form behind a counter's QR, and the receipt."""

from survey.web.respond import assisted, offline, typed
from survey.web.respond.views import blueprint

__all__ = ["assisted", "blueprint", "offline", "typed"]
