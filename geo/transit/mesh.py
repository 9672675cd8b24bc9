"""Grid squares of JIS X 0410 (地域メッシュ), from 80 km down to 125 m, in exact integers.

A code's cell is half open: its south and west edges belong to it. Latitudes are counted in steps of 1/960
degree, longitudes in steps of 1/640 degree from 100° E: every edge of every cell is a whole number of both.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

#: Digits of a code → how many steps its cell is high and wide.
SIZES = {4: (640, 640), 6: (80, 80), 8: (8, 8), 9: (4, 4), 10: (2, 2), 11: (1, 1)}
#: What a cell of that many digits is called.
NAMES = {4: "80 km", 6: "10 km", 8: "1 km", 9: "500 m", 10: "250 m", 11: "125 m"}
LAT_STEP, LON_STEP = Fraction(1, 960), Fraction(1, 640)
WEST = 100


def edges(codes: Iterable[str]) -> tuple[Integers, Integers, Integers, Integers]:
    """Return south, west, north and east of cells in steps.

    Raises
    ------
    ValueError : a text that is no code: another length, or a digit outside its range

    Examples
    --------
    >>> [edge.tolist() for edge in edges(["533946113"])]
    [[34252], [25448], [34256], [25452]]
    """
    found = np.array([_corner(code) for code in codes], np.int64).reshape(-1, 4)
    south, west, high, wide = found.T
    return south, west, south + high, west + wide


def _corner(code: str) -> tuple[int, int, int, int]:
    if len(code) not in SIZES or not (code.isascii() and code.isdecimal()):
        raise ValueError(f"{code[:40]!r} is no mesh code")
    digits = [int(digit) for digit in code]
    y, x = int(code[:2]) * 640, int(code[2:4]) * 640
    if len(code) >= 6:
        if max(digits[4:6]) > 7:
            raise ValueError(f"{code!r} is no mesh code: digits 5 and 6 are 0 to 7")
        y, x = y + digits[4] * 80, x + digits[5] * 80
    if len(code) >= 8:
        y, x = y + digits[6] * 8, x + digits[7] * 8
    for place in range(8, len(code)):
        if not 1 <= digits[place] <= 4:
            raise ValueError(f"{code!r} is no mesh code: digit {place + 1} is 1 to 4")
        half = 4 >> (place - 8)
        y, x = y + (digits[place] - 1) // 2 * half, x + (digits[place] - 1) % 2 * half
    return (y, x, *SIZES[len(code)])


def bounds(codes: Iterable[str]) -> Floats:
    """Return (n, 4) south, west, north and east of cells in degrees.

    Examples
    --------
    >>> bounds(["5339461132"]).round(7).tolist()
    [[35.6791667, 139.765625, 35.68125, 139.76875]]
    """
    south, west, north, east = edges(codes)
    found: Floats = np.stack([south / 960.0, WEST + west / 640.0, north / 960.0, WEST + east / 640.0], axis=1)
    return found


def centres(codes: Iterable[str]) -> tuple[Floats, Floats]:
    """Return longitudes and latitudes of the middles of cells."""
    box = bounds(codes)
    return (box[:, 1] + box[:, 3]) / 2, (box[:, 0] + box[:, 2]) / 2


def code_at(lat: float | Fraction, lon: float | Fraction, digits: int) -> str:
    """Return the code of the cell that holds a point.

    Raises
    ------
    ValueError : no such level, or a point outside the grid (latitude 0 to 66 2/3, longitude 100 to 200)

    Examples
    --------
    >>> code_at(35.681236, 139.767125, 11)
    '53394611323'
    """
    if digits not in SIZES:
        raise ValueError(f"there are no cells of {digits} digits; there are {', '.join(map(str, SIZES))}")
    y, x = int(Fraction(lat) / LAT_STEP // 1), int((Fraction(lon) - WEST) / LON_STEP // 1)
    if not (0 <= y < 100 * 640 and 0 <= x < 100 * 640):
        raise ValueError(f"{lat}, {lon} lies outside the grid")
    code = f"{y // 640:02d}{x // 640:02d}"
    if digits >= 6:
        code += f"{y % 640 // 80}{x % 640 // 80}"
    if digits >= 8:
        code += f"{y % 80 // 8}{x % 80 // 8}"
    for place in range(8, digits):
        half = 4 >> (place - 8)
        code += str(1 + 2 * (y % (2 * half) // half) + x % (2 * half) // half)
    return code


def parent(code: str, digits: int) -> str:
    """Return the cell of a coarser level that holds a cell.

    >>> parent("5339461132", 8)
    '53394611'
    """
    if digits not in SIZES or digits > len(code):
        raise ValueError(f"{code!r} has no cell of {digits} digits around it")
    return code[:digits]
