"""What is known of the packages that are locked, and what could not be asked for.

    python scripts/advisories.py FOLDER

reads the answers in FOLDER, each called like its lock: of ``npm audit`` for ``package-lock.json``, else of
pip-audit. Both also end well where they have looked up nothing. Exit code 0: no weakness is known, 1: those
told are, 3: not everything could be looked up.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

KNOWN, NOT_ASKED = 1, 3


def of_pip_audit(answer: dict[str, list[dict[str, object]]]) -> Iterator[tuple[int, str]]:
    """Give what pip-audit found, and whom it left out."""
    packages = answer["dependencies"]
    for package in packages:
        for found in package.get("vulns", ()):
            mended = ", ".join(found["fix_versions"]) or "no version"
            yield KNOWN, f"{package['name']} {package['version']}: {found['id']}, mended in {mended}"
    left_out = sum("skip_reason" in package for package in packages)
    if left_out or not packages:
        yield NOT_ASKED, f"{left_out} of {len(packages)} packages could not be looked up"


def of_npm_audit(answer: dict[str, object]) -> Iterator[tuple[int, str]]:
    """Give what ``npm audit`` found, or why it found nothing."""
    if "vulnerabilities" not in answer:
        yield NOT_ASKED, str(answer.get("message") or "npm told nothing")
        return
    for name, found in answer["vulnerabilities"].items():
        yield KNOWN, f"{name} {found['range']}: {found['severity']}"


def told(path: Path) -> Iterator[tuple[int, str]]:
    """Give what stands in an answer."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    try:
        answer = json.loads(text)
    except ValueError:
        yield NOT_ASKED, "there was no answer"
        return
    yield from of_npm_audit(answer) if path.name == "package-lock.json" else of_pip_audit(answer)


def main(folder: Path) -> int:
    """Print what was found of each lock; return the exit code."""
    codes = set[int]()
    for name in ("requirements.lock", "requirements-dev.lock", "web/package-lock.json"):
        found = list(told(folder / name)) or [(0, "no weakness is known")]
        for code, text in found:
            print(f"{'!' if code == NOT_ASKED else '✗' if code else '✓'} {name}: {text}")  # noqa: T201
            codes.add(code)
    return KNOWN if KNOWN in codes else max(codes)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
