"""The same results for programs."""

from survey.web.api.views import blueprint

__all__ = ["blueprint"]
