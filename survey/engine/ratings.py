"""The ratings of one response in one short text: a character for each rating item, in the questionnaire's order.

Level 0 is `0`, level 1 is `1`, … level 10 is `:`. It holds nothing that the answers do not; it is what the sums read,
ten times faster than the answers themselves (docs/decisions/0004).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NOT_ANSWERED = "."
NOT_APPLICABLE = "x"
ZERO = ord("0")
HIGHEST_LEVEL = 10


def encode(answers: Mapping[str, object], item_ids: Sequence[str]) -> str:
    """The text for `answers` to the rating items `item_ids`."""
    return "".join([_character(answers.get(item_id)) for item_id in item_ids])


def _character(answer: object) -> str:
    if isinstance(answer, int):
        if not 0 <= answer <= HIGHEST_LEVEL:
            raise ValueError(f"level {answer}: levels go from 0 to {HIGHEST_LEVEL}")
        return chr(ZERO + answer)
    return NOT_ANSWERED if answer is None else NOT_APPLICABLE
