"""The Merkle tree of RFC 9162, section 2.1 (the same in RFC 6962): a short path proves that a leaf is in a long list.

Pure: hashes in, hashes out. A leaf is hashed behind a byte 0x00 and two subtrees behind a byte 0x01, so that no inner
node can pass for a leaf. The left subtree of n leaves holds the largest power of two below n; building level by level
and letting a node without a neighbour rise as it is gives the same tree.

References
----------
.. [1] Laurie, Messeri & Stradling (2021), RFC 9162, Certificate Transparency Version 2.0, sections 2.1.1 and 2.1.3.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

HASH_BYTES = 32
_LEAF, _NODE = b"\x00", b"\x01"


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry of a list.

    Parameters
    ----------
    entry : bytes
        What the list is of.

    Returns
    -------
    bytes
        SHA-256 over 0x00 and the entry.

    Examples
    --------
    The hash of the empty entry, as the reference implementations of Certificate Transparency have it:

    >>> leaf_hash(b"").hex()
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'
    """
    return hashlib.sha256(_LEAF + entry).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The hash that stands for all leaves in their order.

    Parameters
    ----------
    leaves : sequence of bytes
        Hashes of the entries (`leaf_hash`).

    Returns
    -------
    bytes
        32 bytes; for no leaves at all SHA-256 of nothing.

    Examples
    --------
    >>> root([leaf_hash(b""), leaf_hash(bytes([0]))]).hex()
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'
    """
    if not leaves:
        return hashlib.sha256(b"").digest()
    level = list(leaves)
    while len(level) > 1:
        level = _above(level)
    return level[0]


def path(leaves: Sequence[bytes], place: int) -> list[bytes]:
    """The proof that the leaf at `place` is in the list: the neighbours on its way up, the nearest first.

    Parameters
    ----------
    leaves : sequence of bytes
        Hashes of the entries.
    place : int
        The leaf's position, from 0.

    Returns
    -------
    list of bytes
        PATH(place, leaves) of the RFC; about log2 of the list's length.

    Raises
    ------
    IndexError
        Where the list has no such place.

    Examples
    --------
    >>> a, b, c = (leaf_hash(entry) for entry in (b"a", b"b", b"c"))
    >>> path([a, b, c], 2) == [root([a, b])]
    True
    """
    if not 0 <= place < len(leaves):
        raise IndexError(f"place {place} is not in a list of {len(leaves)}")
    level, steps = list(leaves), []
    while len(level) > 1:
        neighbour = place ^ 1
        if neighbour < len(level):
            steps.append(level[neighbour])
        level, place = _above(level), place // 2
    return steps


def root_by_path(leaf: bytes, *, place: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that `path` leads to from `leaf`, after the RFC's section 2.1.3.2.

    Parameters
    ----------
    leaf : bytes
        The hash of the entry.
    place, size : int
        Its position from 0, and the length of the list.
    path : sequence of bytes
        As `path` gives it.

    Returns
    -------
    bytes or None
        None where the path is too long or too short for that place. The leaf is in the list exactly if this equals
        the list's root.

    Examples
    --------
    >>> a, b, c = (leaf_hash(entry) for entry in (b"a", b"b", b"c"))
    >>> root_by_path(c, place=2, size=3, path=[root([a, b])]) == root([a, b, c])
    True
    >>> root_by_path(c, place=1, size=3, path=[root([a, b])]) is None
    True
    """
    if not 0 <= place < size:
        return None
    last, reached = size - 1, leaf
    for step in path:
        if last == 0:
            return None
        if place & 1 or place == last:
            reached = _node(step, reached)
            # A node without a neighbour rises until it is somebody's right neighbour.
            while place & 1 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            reached = _node(reached, step)
        place, last = place >> 1, last >> 1
    return reached if last == 0 else None


def _above(level: list[bytes]) -> list[bytes]:
    paired = [_node(level[place], level[place + 1]) for place in range(0, len(level) - 1, 2)]
    return paired + level[len(level) - len(level) % 2 :]


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE + left + right).digest()
