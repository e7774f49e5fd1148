"""What a camera sees of a printed code: the page drawn by a renderer that is not ours, and what a hall does to it.

    view(print_of(pdf, dots_per_inch=150), ALONE["skew"](rng), rng)

In the order of the world: the page is drawn at so many dots to the inch, as a scanner or a camera from further away
takes it; things lie on the code; it is looked at aslant; the lamp stands on one side; the lens is out of focus; the
sensor is grainy. All chance comes from one generator, so that a seed gives the same pictures again.

What lies on the code covers 15 % of its square in up to three pieces, black, white or grey: a thumb, a strip of tape, a
stain. Their places are drawn evenly over the square, again and again until none touches one of the three eyes in the
corners: without an eye no decoder finds a code, whatever its error correction. BEYOND is what is more than can be asked
of a code: the same with the eyes, and the same in many small pieces, each of which spoils words of its own.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pypdfium2
import zxingcpp
from PIL import Image, ImageDraw, ImageFilter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.random import Generator

POINTS_AN_INCH = 72
# An eye is 7 modules wide, and a white line of one module parts it from the data.
EYE = 8
# The camera is as far away as two and a half times the code's width: the picture is about the code and not much more.
DISTANCE = 2.5
# How much of the page is seen around the code, in widths of the code.
AROUND = 0.3


@dataclass(frozen=True)
class Print:
    """One code of a page as pixels, where its square is in them, and what it says."""

    picture: Image.Image
    left: float
    top: float
    side: float
    modules: int
    text: str


@dataclass(frozen=True)
class Disturbance:
    """How one look at a code is spoilt; the angles are in degrees."""

    hidden: float = 0.0
    pieces: int = 1
    spares_eyes: bool = True
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    shadow: float = 0.0
    blur: float = 0.0  # The standard deviation in modules.
    grain: float = 0.0  # The standard deviation in 255ths of white.


def blurred(rng: Generator) -> Disturbance:
    return Disturbance(blur=rng.uniform(0.1, 0.4))


def skewed(rng: Generator) -> Disturbance:
    yaw, pitch = rng.uniform(-30, 30, size=2)
    return Disturbance(yaw=yaw, pitch=pitch)


def turned(rng: Generator) -> Disturbance:
    return replace(skewed(rng), roll=rng.uniform(-30, 30))


def covered(rng: Generator) -> Disturbance:
    return Disturbance(hidden=0.15, pieces=int(rng.integers(1, 4)))


def badly_lit(rng: Generator) -> Disturbance:
    return Disturbance(shadow=rng.uniform(0.2, 0.6), grain=rng.uniform(4, 16))


def together(rng: Generator) -> Disturbance:
    """Aslant and covered in full, and out of focus and badly lit by half."""
    cover, light = covered(rng), badly_lit(rng)
    return replace(
        turned(rng),
        hidden=cover.hidden,
        pieces=cover.pieces,
        blur=blurred(rng).blur / 2,
        shadow=light.shadow / 2,
        grain=light.grain / 2,
    )


def covered_anywhere(rng: Generator) -> Disturbance:
    return replace(covered(rng), spares_eyes=False)


def sprinkled(rng: Generator) -> Disturbance:
    return replace(covered(rng), pieces=int(rng.integers(4, 13)))


ALONE: Mapping[str, Callable[[Generator], Disturbance]] = {
    "nothing": lambda _: Disturbance(),
    "blur": blurred,
    "skew": skewed,
    "skew and turn": turned,
    "15 % hidden": covered,
    "shadow and grain": badly_lit,
}
TOGETHER = {"all of these": together}
BEYOND = {"15 % hidden, eyes not spared": covered_anywhere, "15 % hidden in 4 to 12 pieces": sprinkled}


def print_of(pdf: bytes, *, dots_per_inch: int, page: int = 0, which: int = 0) -> Print:
    """The code number `which` of a page, with what stands around it."""
    drawn = pypdfium2.PdfDocument(io.BytesIO(pdf))[page].render(scale=dots_per_inch / POINTS_AN_INCH).to_pil()
    found = zxingcpp.read_barcodes(drawn, formats=zxingcpp.BarcodeFormat.QRCode)[which]
    corners = found.position.top_left, found.position.bottom_right
    (left, top), (right, bottom) = ((corner.x, corner.y) for corner in corners)
    margin = AROUND * (right - left)
    box = (max(0, int(left - margin)), max(0, int(top - margin)), int(right + margin), int(bottom + margin))
    return Print(
        picture=drawn.convert("L").crop(box),
        left=left - box[0],
        top=top - box[1],
        side=(right - left + bottom - top) / 2,
        modules=17 + 4 * int(found.extra["Version"]),
        text=found.text,
    )


def view(code: Print, how: Disturbance, rng: Generator) -> Image.Image:
    """The picture that a camera takes of `code` so disturbed."""
    picture = code.picture.copy()
    if how.hidden:
        _cover(picture, code, how, rng)
    if how.yaw or how.pitch or how.roll:
        picture = _aslant(picture, code, how)
    if how.blur:
        picture = picture.filter(ImageFilter.GaussianBlur(how.blur * code.side / code.modules))
    return _lit(picture, how, rng) if how.shadow or how.grain else picture


def _cover(picture: Image.Image, code: Print, how: Disturbance, rng: Generator) -> None:
    """Lay pieces on the code until they hide as much of its square as they should."""
    grey = int(rng.choice([0, 255, rng.integers(64, 192)]))
    whole, eyes = Image.new("1", (round(code.side), round(code.side))), _eyes(code)
    while (left := how.hidden - np.asarray(whole).mean()) > 0.002:
        piece = _piece(whole.size, min(left, how.hidden / how.pieces), rng)
        if not how.spares_eyes or not np.asarray(piece)[eyes].any():
            whole.paste(1, mask=piece)
    picture.paste(grey, (round(code.left), round(code.top)), mask=whole)


def _piece(size: tuple[int, int], share: float, rng: Generator) -> Image.Image:
    """An ellipse or a rectangle of that share of a square, up to twice as long as wide, wholly inside of it."""
    side, stretch = size[0], 2 ** rng.uniform(-0.5, 0.5)
    is_round = rng.random() < 0.5
    length = math.sqrt(share * (4 / math.pi if is_round else 1))
    width, height = side * min(length * stretch, 1), side * min(length / stretch, 1)
    left, top = rng.uniform(0, side - width), rng.uniform(0, side - height)
    piece = Image.new("1", size)
    draw = ImageDraw.Draw(piece)
    (draw.ellipse if is_round else draw.rectangle)((left, top, left + width - 1, top + height - 1), fill=1)
    return piece


def _eyes(code: Print) -> np.ndarray:
    """Where the three eyes are in the square of the code."""
    side, eye = round(code.side), round(EYE * code.side / code.modules)
    mask = np.zeros((side, side), dtype=bool)
    for rows, columns in ((slice(eye), slice(eye)), (slice(eye), slice(-eye, None)), (slice(-eye, None), slice(eye))):
        mask[rows, columns] = True
    return mask


def _aslant(picture: Image.Image, code: Print, how: Disturbance) -> Image.Image:
    """The page turned about the middle of its code, before a pinhole camera."""
    yaw, pitch, roll = np.radians([how.yaw, how.pitch, how.roll])
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    middle = np.array([code.left + code.side / 2, code.top + code.side / 2])
    width, height = picture.size
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=float)
    flat = np.column_stack([corners - middle, np.zeros(4)])
    space = flat @ (about_z @ about_x @ about_y).T
    far = DISTANCE * code.side
    seen = space[:, :2] * (far / (far + space[:, 2:]))
    seen -= seen.min(axis=0)
    size = tuple(int(extent) for extent in np.ceil(seen.max(axis=0)))
    return picture.transform(
        size, Image.Transform.PERSPECTIVE, _mapping(seen, corners), Image.Resampling.BICUBIC, fillcolor=255
    )


def _mapping(target: np.ndarray, source: np.ndarray) -> list[float]:
    """The eight numbers with which Pillow finds, for a point of the target, the one of the source."""
    rows, values = [], []
    for (x, y), (u, v) in zip(target, source, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return list(np.linalg.solve(np.array(rows), np.array(values)))


def _lit(picture: Image.Image, how: Disturbance, rng: Generator) -> Image.Image:
    """Light from one side, so that the other is darker by `shadow`, and grain."""
    light = np.asarray(picture, dtype=float)
    angle = rng.uniform(0, 2 * math.pi)
    across = np.linspace(-0.5, 0.5, light.shape[1]) * math.cos(angle)
    down = np.linspace(-0.5, 0.5, light.shape[0]) * math.sin(angle)
    slope = across[None, :] + down[:, None]
    slope = (slope - slope.min()) / np.ptp(slope)
    light = light * (1 - how.shadow * slope) + rng.normal(0, how.grain, size=light.shape)
    return Image.fromarray(np.clip(light, 0, 255).astype(np.uint8))
