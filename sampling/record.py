"""What it takes to draw the same sample again: the seed, the frame, the versions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sampling.errors import SamplingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Its stream is fixed by NumPy's compatibility policy (NEP 19), and so is the way a seed is spread over its state.
GENERATOR = "PCG64"


@dataclass(frozen=True, slots=True)
class DrawRecord:
    """Everything a draw depended on.

    Attributes
    ----------
    method : str
    options : mapping of str to object
        As they were given.
    seed : int
    frame_hash : str
        SHA-256 of the frame, as :func:`frame_hash` gives it.
    population : int
        Rows of the frame.
    n : int
        Rows drawn.
    numpy_version : str
        Under which it was drawn; another one gives the same sample.
    generator : str
    """

    method: str
    options: Mapping[str, object]
    seed: int
    frame_hash: str
    population: int
    n: int
    numpy_version: str = np.__version__
    generator: str = GENERATOR


def generator(seed: int) -> np.random.Generator:
    """The generator of a seed, the same on every machine.

    Parameters
    ----------
    seed : int
        Not negative; written down beforehand, best by someone without an interest in the result.

    Returns
    -------
    numpy.random.Generator

    Raises
    ------
    SamplingError
        If the seed is negative.

    Examples
    --------
    >>> generator(2026).random()
    0.1789...
    """
    if seed < 0:
        raise SamplingError("the seed {seed} must be a whole number from 0", seed=seed)
    return np.random.Generator(np.random.PCG64(seed))


def frame_hash(chunks: Iterable[bytes]) -> str:
    r"""SHA-256 of a frame's file, as ``sha256sum`` prints it: a frame with one byte changed is another frame.

    Parameters
    ----------
    chunks : iterable of bytes
        The file, in parts.

    Returns
    -------
    str
        64 hexadecimal digits.

    Examples
    --------
    >>> frame_hash([b"code,size", b"\n1,20\n"])[:16]
    '809f2784a3242b1c'
    """
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()
