"""Good files made bad the way the field makes them bad, and what a reader may make of one.

A reader's proof takes a good file, mutates it (cut, a row shortened, a cell emptied, a mark before it,
another encoding, quotes, order, a duplicate, a huge number, gzip) and expects a result or a refusal that
names the place and the field: never a traceback. ``CHIIKI_MUTATIONS`` says how many are tried;
``scripts/prove`` tries thousands.
"""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from xml.sax.saxutils import escape

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from geo.errors import ChiikiError

#: What a test of a reader tries: 100 mutations, or as many as are asked for.
proven = settings(
    max_examples=int(os.environ.get("CHIIKI_MUTATIONS", "100")),
    deadline=None,
    database=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.function_scoped_fixture,
        HealthCheck.data_too_large,
    ],
)

#: What stands in cells that nobody expected.
CELLS = (
    *("", " ", "　", "-", "－", "…", "△5", "▲", "X", "*", "0.", "N/A", "#REF!", "nan", "inf", "-0", "0x10"),
    *("9" * 400, "-" + "9" * 30, "1e999", "1E-999", "9007199254740993", "1.7976931348623157e309", "1_000"),
    *(
        "３４５",
        "1,234",
        "1,23",
        "12:60:00",
        "24:00:00",
        "2024-02-30",
        "20240230",
        "-1",
        "3.7",
        "999",
        "%",
        "%s",
    ),
    *("%(a)s", "{0}", "\0", "\x1b", "\u2028", "\ufeff", "\u202e", "\U00020bb7", "é", '"', '""', "'", "=1+1"),
    *(
        '="01202"',
        "null",
        "[]",
        "{}",
        "true",
        "01202",
        "012025",
        "12203",
        "x" * 3000,
        "a\nb",
        "../../etc/passwd",
    ),
)
ENCODINGS = ("utf-8", "utf-8-sig", "cp932", "euc_jp", "utf-16", "utf-16-le", "iso2022_jp", "latin-1")

Lines = list[list[str]]


def _at(draw: st.DrawFn, size: int) -> int:
    return draw(st.integers(0, max(size - 1, 0)))


def _shortened(draw: st.DrawFn, lines: Lines) -> None:
    line = lines[_at(draw, len(lines))]
    del line[_at(draw, len(line)) :]


def _lengthened(draw: st.DrawFn, lines: Lines) -> None:
    lines[_at(draw, len(lines))] += ["", *draw(st.lists(st.sampled_from(CELLS), max_size=3))]


def _replaced(draw: st.DrawFn, lines: Lines) -> None:
    line = lines[_at(draw, len(lines))]
    if line:
        line[_at(draw, len(line))] = draw(st.sampled_from(CELLS))


def _emptied(draw: st.DrawFn, lines: Lines) -> None:
    line = lines[_at(draw, len(lines))]
    if line:
        line[_at(draw, len(line))] = ""


def _doubled(draw: st.DrawFn, lines: Lines) -> None:
    lines.insert(_at(draw, len(lines)), list(lines[_at(draw, len(lines))]))


def _dropped(draw: st.DrawFn, lines: Lines) -> None:
    del lines[_at(draw, len(lines))]


def _shuffled(draw: st.DrawFn, lines: Lines) -> None:
    lines[:] = draw(st.permutations(lines))


def _columns_exchanged(draw: st.DrawFn, lines: Lines) -> None:
    here, there = _at(draw, len(lines[0])), _at(draw, len(lines[0]))
    for line in lines:
        if max(here, there) < len(line):
            line[here], line[there] = line[there], line[here]


def _column_doubled(draw: st.DrawFn, lines: Lines) -> None:
    at = _at(draw, len(lines[0]))
    for line in lines:
        line[at:at] = line[at : at + 1]


def _column_filled(draw: st.DrawFn, lines: Lines) -> None:
    at, cell = _at(draw, len(lines[0])), draw(st.sampled_from(CELLS))
    for line in lines[1:]:
        line[at : at + 1] = [cell]


def _told(draw: st.DrawFn, lines: Lines) -> None:
    """A title above the table, a note below it, a blank line in it."""
    at = draw(st.sampled_from([0, len(lines)]) | st.integers(0, len(lines)))
    lines.insert(at, draw(st.sampled_from([[""], ["出典：例"], ["表１ 例", "", ""], []])))


_OF_LINES = (
    *(_shortened, _lengthened, _replaced, _replaced, _emptied, _doubled, _dropped, _shuffled),
    *(_columns_exchanged, _column_doubled, _column_filled, _told),
)


def _cut(draw: st.DrawFn, text: str) -> str:
    return text[: _at(draw, len(text) + 1)]


def _quoted(draw: st.DrawFn, text: str) -> str:
    at = _at(draw, len(text))
    return text[:at] + draw(st.sampled_from(['"', "'", '""', '"\n', "\\"])) + text[at:]


def _signed(draw: st.DrawFn, text: str) -> str:
    at = _at(draw, len(text))
    return text[:at] + draw(st.sampled_from(CELLS)) + text[at + draw(st.integers(0, 3)) :]


def _ended(draw: st.DrawFn, text: str) -> str:
    return text.replace("\n", draw(st.sampled_from(["\r\n", "\r", "\n\n", "\v"])))


def _separated(draw: st.DrawFn, text: str) -> str:
    return text.replace(",", draw(st.sampled_from(["\t", ";", "，", ",,"])))


_OF_TEXT: tuple[Callable[[st.DrawFn, str], str], ...] = (_cut, _quoted, _signed, _ended, _separated)


def _of_bytes(draw: st.DrawFn, data: bytes) -> bytes:
    kind = draw(
        st.sampled_from(["as it is", "as it is", "as it is", "cut", "packed", "packed and cut", "bytes"])
    )
    if kind.startswith("packed"):
        data = gzip.compress(data, mtime=0)
    if kind.endswith("cut"):
        data = data[: _at(draw, len(data) + 1)]
    if kind == "bytes":
        at = _at(draw, len(data))
        data = data[:at] + draw(st.binary(max_size=4)) + data[at + draw(st.integers(0, 4)) :]
    return data


@st.composite
def mutated_text(draw: st.DrawFn, good: str) -> bytes:
    """Return a file that was a good text, by lines and commas, and is one no longer, or still."""
    text = good
    for _ in range(draw(st.integers(0, 3))):
        lines = [line.split(",") for line in text.split("\n")]
        if draw(st.booleans()):
            draw(st.sampled_from(_OF_LINES))(draw, lines)
            text = "\n".join(",".join(line) for line in lines)
        else:
            text = draw(st.sampled_from(_OF_TEXT))(draw, text)
    encoding = draw(st.just("utf-8") | st.sampled_from(ENCODINGS))
    return _of_bytes(draw, text.encode(encoding, "replace"))


@st.composite
def mutated_zip(draw: st.DrawFn, good: Mapping[str, str]) -> bytes:
    """Return an archive of good texts, of which one was mutated, or left out, or named otherwise."""
    chosen = draw(st.sampled_from(sorted(good)))
    body = draw(mutated_text(good[chosen]))
    name = draw(
        st.sampled_from([chosen, chosen, chosen, chosen.upper(), f"folder/{chosen}", "", "../" + chosen])
    )
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, text in good.items():
            if member != chosen:
                archive.writestr(member, text)
        if name:
            archive.writestr(name, body)
    return _of_bytes(draw, held.getvalue())


@st.composite
def mutated_bytes(draw: st.DrawFn, good: bytes) -> bytes:
    """Return a binary file of which a few bytes were changed, left out or put in, or which was cut."""
    data = good
    for _ in range(draw(st.integers(0, 3))):
        data = _of_bytes(draw, data)
    return data


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SHEET_PART = "xl/sheet.xml"


def workbook_parts(lines: Lines, title: str = "a") -> dict[str, str]:
    """Return the members of a workbook (.xlsx) of one sheet, whose cells are texts."""
    written = '<c t="inlineStr"><is><t>{}</t></is></c>'.format
    rows = "".join(f"<row>{''.join(written(escape(cell)) for cell in line)}</row>" for line in lines)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    return {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}"/></Types>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}"><sheets>'
        f'<sheet name="{title}" sheetId="1" r:id="r1" xmlns:r="{_RELATIONS}"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="r1" Target="sheet.xml" Type="{_RELATIONS}/worksheet"/></Relationships>',
        SHEET_PART: f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>',
    }


def write_workbook(path: Path, table: bytes, title: str = "a") -> None:
    """Write a text's lines and commas as rows and cells of a workbook."""
    lines = [line.split(",") for line in table.decode("utf-8", "replace").splitlines()]
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in workbook_parts(lines, title).items():
            archive.writestr(name, text)


def refusal(read: Callable[[], object]) -> ChiikiError | None:
    """Return the refusal that a reader answers with, or None where it has a result.

    A refusal names a place and a field; anything else that is raised is a fault of the reader.
    """
    refused = _refused(read)
    if refused is not None:
        assert refused.message
        assert refused.findings, f"a refusal without a place: {refused.message}"
        for finding in refused.findings:
            assert finding.where, refused
            assert finding.field, refused
            assert finding.expected, refused
    return refused


def _refused(read: Callable[[], object]) -> ChiikiError | None:
    try:
        read()
    except ChiikiError as error:
        return error
    return None
