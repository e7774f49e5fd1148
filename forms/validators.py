"""What makes an answer acceptable, one rule each; the first that fails says what to do, in the reader's language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wtforms.validators import StopValidation

from forms import messages

if TYPE_CHECKING:
    from forms.fields import OneAnswerField, SeveralAnswersField, WordsField


class Given:
    """An answer there must be; `message` says how to give one."""

    def __init__(self, message: str) -> None:
        self.message = message

    def __call__(self, _form: Any, field: OneAnswerField | SeveralAnswersField | WordsField) -> None:
        if not field.given:
            raise StopValidation(field.gettext(self.message))


class GivenOnce:
    """No second value under one name: a page cannot send it, so which one was meant is anybody's guess."""

    def __init__(self, message: str) -> None:
        self.message = message

    def __call__(self, _form: Any, field: OneAnswerField | WordsField) -> None:
        if len(field.given) > 1:
            raise StopValidation(field.gettext(self.message))


class AmongShown:
    """Nothing but the answers the page offers, written exactly as it offers them."""

    def __call__(self, _form: Any, field: OneAnswerField | SeveralAnswersField) -> None:
        if any(value not in field.accepted for value in field.given):
            raise StopValidation(field.gettext(messages.CHOOSE_AMONG_SHOWN))


class ShortEnough:
    """At most `max_length` characters, as a browser counts them: after NFC, a line end is one."""

    def __call__(self, _form: Any, field: WordsField) -> None:
        length = len(field.data or "")
        if length > field.max_length:
            sentence = field.gettext(messages.SHORTEN)
            raise StopValidation(sentence.format(maximum=field.max_length, length=length))
