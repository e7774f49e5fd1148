# ruff: noqa: N818 - the names say what happened, as the journal and the pages call it.
"""What a service may refuse, each refusal by its own name. The edge turns them into pages and exit codes.

A message is an English template with named values; `survey.i18n.explain` says it in the reader's language.
"""

from __future__ import annotations

from survey.i18n import mark


class ServiceError(ValueError):
    """A request that a service refuses, in a sentence for the one who asked."""

    def __init__(self, template: str, **values: object) -> None:
        super().__init__(template.format(**values))
        self.template = template
        self.values = values


class NotFoundError(ServiceError):
    """Something named in an address or a command does not exist."""


class AlreadyExistsError(ServiceError):
    """A name that must be new is taken."""


class UnknownStreamError(ServiceError):
    """Streams are asked for by their names, one at a time."""

    def __init__(self, stream: str, *, choices: str) -> None:
        message = mark("There is no stream “{stream}”. Ask for one of: {choices}.")
        super().__init__(message, stream=stream[:40], choices=choices)


class CodeError(ServiceError):
    """A poster's code that does not lead to a form."""

    message: str

    def __init__(self) -> None:
        super().__init__(self.message)


class UnknownCode(CodeError):
    """It has not the form of a code, or its poster was never printed."""

    message = mark("This code is not known. Scan the QR on the poster again, or type the code exactly as printed.")


class UnknownShortCode(CodeError):
    """The digits are not those of a counter."""

    message = mark("No counter has this number. Please type the six digits exactly as they stand under the QR code.")


class ForgedCode(CodeError):
    """It has the form of a code, and another signature than ours."""

    message = mark(
        "This code was not issued by this site. Scan the QR on the poster at the counter, or tell the staff there."
    )


class ExpiredCode(CodeError):
    """The poster was printed for a time that is over."""

    message = mark("This poster is out of date. Please ask the staff at the counter for the current one.")


class RevokedCode(CodeError):
    """The poster was withdrawn, or its counter or agency is closed."""

    message = mark("This poster has been withdrawn. Please ask the staff at the counter for the current one.")


class SlipError(CodeError):
    """A return slip's one-time code that does not lead to a form."""


class UnknownSlip(SlipError):
    """It is no code, or of no batch that is still there."""

    message = mark(
        "This code is not known, or its slip was handed out too long ago. Please compare it with the slip. You can "
        "also answer with the QR code at the counter."
    )


class UsedSlip(SlipError):
    """A form has come in with it."""

    message = mark(
        "Each slip counts once, and this one has been used. If you have sent your answers, they are counted and "
        "nothing is left to do. Otherwise you can answer with the QR code at the counter."
    )


class EarlySlip(SlipError):
    """It is of a day to come."""

    message = mark("This slip is for another day. Please open it on the day on which it is handed out.")


class ExpiredSlip(SlipError):
    """The days for answering are over."""

    message = mark(
        "The days for answering with this slip are over. You can still answer with the QR code at the counter."
    )


class RevokedSlip(SlipError):
    """Its batch was withdrawn."""

    message = mark("This slip has been withdrawn. Please answer with the QR code at the counter.")


class InvitationError(CodeError):
    """An invitation's code that does not lead to a form."""


class UnknownInvitation(InvitationError):
    """It is no code, a newer letter has taken its place, or the fieldwork is closed and its codes are erased."""

    message = mark(
        "Please compare the code with your letter. If you were sent a newer letter, only the code in that one is good. "
        "When the survey is over all codes are erased."
    )


class UsedInvitation(InvitationError):
    """A form has come in with it."""

    message = mark(
        "Answers have come in with the code of this letter, and each letter counts once. If they were yours, they are "
        "counted and nothing is left to do. If they were not, please tell the office named in the letter."
    )


class ReplacedInvitation(InvitationError):
    """Somebody of the reserve has taken the place in the sample."""

    message = mark(
        "We had no answer from you in time, and somebody else has been asked in your place. Nothing is left to do. "
        "Thank you for wanting to give your opinion."
    )


class EarlyInvitation(InvitationError):
    """The survey has not begun."""

    message = mark("The survey of this letter has not begun yet. Please open the form from the day in the letter on.")


class OverInvitation(InvitationError):
    """The survey is over, or its fieldwork is closed."""

    message = mark(
        "The survey of this letter is over, and no more answers can be taken. Thank you for wanting to give your "
        "opinion."
    )


class ClosedKiosk(CodeError):
    """The kiosk was closed in the console or by `sipas kiosk close`."""

    message = mark("This kiosk has been closed. Please use the QR code at the counter, or ask the staff there.")


class NoRunningWave(CodeError):
    """The code is good, and nothing is being asked now."""

    message = mark("No survey is open at this counter today. Thank you for wanting to give your opinion.")


class TokenError(ServiceError):
    """A form that cannot be accepted as it came."""


class TokenExpired(TokenError):
    """The form was open for longer than its token lives."""

    def __init__(self) -> None:
        super().__init__(
            mark("This form was open for too long. Your answers are below: check them and send them again.")
        )


class TokenForged(TokenError):
    """The form's token is missing, damaged, or of another counter."""

    def __init__(self) -> None:
        super().__init__(
            mark("This form could not be verified. Your answers are below: check them and send them again.")
        )


class ConflictingReplay(ServiceError):
    """The same form was sent before with other answers; the first ones stand."""

    def __init__(self, receipt: str) -> None:
        super().__init__(
            mark(
                "This form was already sent with other answers. The first answers are kept under receipt {receipt}; "
                "nothing was changed. To answer again, open a new form."
            ),
            receipt=receipt,
        )
        self.receipt = receipt
