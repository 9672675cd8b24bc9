"""Colours: ColorBrewer and the viridis family, from the cmap library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import cmap
import numpy as np
from numpy.typing import NDArray

from geo.errors import InvalidParameter

UInt8s = NDArray[np.uint8]

#: A grey that no palette ends in: missing must never look like a class.
NO_DATA = (204, 204, 204)


Kind = Literal["sequential", "diverging", "qualitative"]


@dataclass(frozen=True)
class Palette:
    """A palette; ``colour_blind_safe`` is ColorBrewer's own judgement, or viridis' design."""

    name: str
    kind: Kind
    colour_blind_safe: bool
    most: int


def _listed(kind: Kind, safe: bool, most: int, names: str) -> list[Palette]:
    return [Palette(name, kind, safe, most) for name in names.split()]


#: ``most`` is the largest k for which ColorBrewer drew its own colours; beyond it they are interpolated.
PALETTES = {
    palette.name: palette
    for palette in (
        *_listed("sequential", True, 0, "viridis cividis magma inferno plasma"),
        *_listed("sequential", True, 9, "blues bugn bupu gnbu greens oranges orrd pubu pubugn purd purples"),
        *_listed("sequential", True, 9, "rdpu reds ylgn ylgnbu ylorbr ylorrd"),
        *_listed("diverging", True, 11, "brbg piyg prgn puor rdbu rdylbu"),
        *_listed("diverging", False, 11, "rdgy rdylgn spectral"),
        *_listed("qualitative", True, 4, "paired"),
        *_listed("qualitative", False, 8, "dark2 set2 accent"),
        *_listed("qualitative", False, 12, "set3"),
    )
}


@cache
def names() -> tuple[str, ...]:
    """Return every name a request may use: each palette, and reversed with ``_r``."""
    return tuple(name + suffix for name in PALETTES for suffix in ("", "_r"))


@cache
def colours(name: str, k: int) -> UInt8s:
    """Return ``k`` colours of a palette, from low to high.

    Returns
    -------
    (k, 3) red, green, blue

    Raises
    ------
    InvalidParameter : no such palette; the message lists them

    Examples
    --------
    >>> colours("ylgnbu", 3).tolist()
    [[237, 248, 177], [127, 205, 187], [44, 127, 184]]
    """
    palette = PALETTES.get(name.removesuffix("_r"))
    if palette is None:
        raise InvalidParameter(f"No palette is called {name!r}; there are: {', '.join(names())}")
    drawn = 3 <= k <= palette.most and palette.kind != "qualitative"
    prefix = "colorbrewer:" if palette.most else "bids:"
    prefix = "" if palette.name == "cividis" else prefix
    whole = cmap.Colormap(f"{prefix}{palette.name}_{k}" if drawn else f"{prefix}{palette.name}")
    places = np.linspace(0, 1, k) if k > 1 else np.array([0.5])
    if palette.kind == "qualitative":
        found = [whole.color_stops[i % len(whole.color_stops)].color for i in range(k)]
    elif drawn:
        found = [stop.color for stop in whole.color_stops]
    else:
        found = [whole(place) for place in places]
    rgb = np.array([colour.rgba8[:3] for colour in found], np.uint8)
    return rgb[::-1] if name.endswith("_r") else rgb


@cache
def is_diverging(name: str) -> bool:
    """Return whether a palette has two halves, for values below and above a middle one."""
    return PALETTES[name.removesuffix("_r")].kind == "diverging"


def diverging_colours(name: str, below: int, above: int) -> UInt8s:
    """Return the colours of the classes below and above the middle of a diverging palette, from low to high.

    The lighter ones are next to the middle. The first class on one side is as strong as the first on the
    other, the second as the second, however many there are. The two lightest of the palette are left out:
    they are hardly told from each other, or from water.

    Returns
    -------
    (below + above, 3) red, green, blue

    Examples
    --------
    >>> diverging_colours("rdbu", 2, 1).tolist()
    [[178, 24, 43], [239, 138, 98], [103, 169, 207]]
    """
    most = max(below, above)
    whole = colours(name, 2 * (most + 1))
    return np.concatenate((whole[most - below : most], whole[most + 2 : most + 2 + above]))


def rgb(hexes: Sequence[str]) -> UInt8s:
    """Return colours written ``#rrggbb`` as numbers.

    >>> rgb(["#ff0080"]).tolist()
    [[255, 0, 128]]
    """
    return np.array([list(bytes.fromhex(colour[1:])) for colour in hexes], np.uint8).reshape(-1, 3)


def to_hex(colour: Sequence[int]) -> str:
    """Return a colour as ``#rrggbb``.

    >>> to_hex((255, 0, 128))
    '#ff0080'
    """
    return "#" + bytes(colour).hex()
