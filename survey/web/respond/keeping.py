"""The one transaction that keeps an answer, whichever page it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from survey.i18n import current
from survey.services import collect
from survey.web.respond import form
from survey.web.respond.closing import close_days_over
from survey.web.site import site

if TYPE_CHECKING:
    from forms.answers import Submission
    from survey.services.collect import FormAccess, Receipt
    from survey.services.form_tokens import Showing


def keep(access: FormAccess, showing: Showing, submission: Submission) -> Receipt:
    """Store a submission without errors and commit it: what the receipt says is true once this returns."""
    with site().database.writing() as session:
        receipt = collect.record(
            session,
            access,
            submission_key=showing.submission_key,
            answers=submission.answers,
            language=current().code,
            received_at=site().clock(),
            **form.facts(access, showing),
        )
        close_days_over(session)
    return receipt
