"""No case of the reference is left out: each key is asked for by some oracle test."""

from __future__ import annotations

import ast
from pathlib import Path

# What describes the cases, and what belongs before the fieldwork (tests/sampling).
NOT_RESULTS = {"meta", "population", "designs", "allocation"}


def words_of(path):
    """The parts between dots of every string in a test, f-strings included."""
    texts = [
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return {word for text in texts for word in text.split(".") if word}


def test_every_case_of_the_reference_is_asked_for(r):
    tests = [path for path in Path(__file__).parent.glob("test_*.py") if path != Path(__file__)]
    spoken = {path.name: words_of(path) for path in tests}
    left_out = [
        key
        for key in r.cases()
        if key not in NOT_RESULTS and not any(set(key.split(".")) <= words for words in spoken.values())
    ]
    assert left_out == []
