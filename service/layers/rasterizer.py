"""SVG on standard input to PNG on standard output, in a process of its own.

resvg keeps Python's global lock while it draws: within the serving process, one large picture would keep
every tile waiting for a second.
"""

from __future__ import annotations

import sys

import resvg_py


def main(zoom: str, *fonts: str) -> None:
    """Draw with these font files and no others, so that every machine makes the same picture."""
    svg = sys.stdin.buffer.read().decode()
    png = resvg_py.svg_to_bytes(
        svg_string=svg, zoom=int(zoom), skip_system_fonts=True, font_files=list(fonts)
    )
    sys.stdout.buffer.write(png)
