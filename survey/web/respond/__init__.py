"""The citizen's side: the form behind a counter's QR, and the receipt."""

from survey.web.respond.views import blueprint

__all__ = ["blueprint"]
