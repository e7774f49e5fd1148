"""What `analysis` and `sampling` offer is explained where it stands; pyproject.toml relies on this test."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted([*(ROOT / "analysis").glob("*.py"), *(ROOT / "sampling").glob("*.py")])


def public(body):
    """The public classes and functions of a module or class, and what is in the classes."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_everything_public_has_a_docstring(path):
    module = ast.parse(path.read_text(encoding="utf8"))
    assert ast.get_docstring(module)
    assert [node.name for node in public(module.body) if ast.get_docstring(node) is None] == []
