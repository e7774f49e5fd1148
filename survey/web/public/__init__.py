"""Results for everyone: what runs now, the indices of a wave, and those of one agency."""

from survey.web.public import receipts
from survey.web.public.views import blueprint

__all__ = ["blueprint", "receipts"]
