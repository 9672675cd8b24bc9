"""The pages of the documentation's site: docs/, the documents beside it, and Mermaid diagrams as SVG.

    python scripts/docs_pages.py FOLDER

In the repository a document lies where its readers look for it; on the site all lie side by side, so links
lose their folders.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
#: The documents of the project's own folder, and what their pages are called.
DOCUMENTS = {
    "README.md": "index.md",
    "README.ja.md": "index.ja.md",
    "CHANGELOG.md": "changes.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "reporting.md",
    "LICENSE": "licence.md",
    "NOTICE": "notice.md",
}
LINK = re.compile(r"(?<=\]\()(?:docs/|\.\./)?([A-Za-z][\w./-]*)(?=[)#])")
DIAGRAM = re.compile(r"^```mermaid\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def page(text: str) -> str:
    """Return a document as a page: links lead to pages of the site, diagrams need no script."""
    text = LINK.sub(lambda found: DOCUMENTS.get(found[1], found[1]), text)
    return DIAGRAM.sub(lambda found: svg(found[1]), text)


def svg(diagram: str) -> str:
    """Return a diagram as SVG in a box that scrolls; an empty line would end the HTML in Markdown."""
    command = [os.environ["NODE"], HOME / "web" / "diagram.mjs"]
    done = subprocess.run(  # noqa: S603 (the program is our own, the text goes to its input)
        command, input=diagram, stdout=subprocess.PIPE, text=True, check=True
    )
    lines = "\n".join(line for line in done.stdout.splitlines() if line.strip())
    return f'<div style="overflow-x: auto">\n{lines}\n</div>'


def write_pages(folder: Path) -> None:
    """Write every page into ``folder``, which is emptied before."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(HOME / "docs", folder)
    for path in folder.glob("*.md"):
        path.write_text(page(path.read_text(encoding="utf-8")), encoding="utf-8")
    for name, target in DOCUMENTS.items():
        text = (HOME / name).read_text(encoding="utf-8")
        if not name.endswith(".md"):
            text = f"# {name.capitalize()}\n\n```text\n{text}```\n"
        (folder / target).write_text(page(text), encoding="utf-8")


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
