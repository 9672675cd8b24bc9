"""Files made to harm whoever reads them, by rules and a seed: how each comes in, what is to come of it."""

from __future__ import annotations

import gzip
import io
import json
import math
import random
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

from geo.tests.mutations import SHEET_PART, workbook_parts
from geo.tests.transit.feeds import FEED

SEED = 22
#: What a file outside says; no answer may.
CANARY = "chiiki-canary-7c1e"
LIST, FIGURES, ACTUALS, JOIN = "POST /v1/deployments", "PUT observations", "PUT actuals", "POST /ogc/joins"
#: What the command line reads.
BOUNDARIES, STOPS, STATIONS, TIMETABLE, GRID = "boundaries", "P11", "N02", "GTFS", "grid"
MANY = 200_000


@dataclass(frozen=True)
class Hostile:
    """A file.

    Attributes
    ----------
    way : by which it comes in
    refused : whether it must be refused; otherwise it may be read as what it says
    """

    kind: str
    name: str
    way: str
    content: bytes
    refused: bool = True


def hostile_files(canary: Path) -> Iterator[Hostile]:
    """Give all of them; ``canary`` is a file that they try to reach."""
    yield from _disguises(canary)
    yield from _archives(canary)
    yield from _workbooks(canary)
    yield from _geometries()
    yield from _tables()
    yield from _timetables()


# --- what pretends to be another format


def _pointers(canary: Path) -> dict[str, str]:
    """Return documents of GDAL's drivers that name another file."""
    source, name = f"<SrcDataSource>{canary}</SrcDataSource>", canary.stem
    document = "<OGRVRTDataSource>{}</OGRVRTDataSource>".format
    command = f"gdal vector pipeline ! read {canary} ! write /vsistdout/"
    steps = [{"name": "read", "arguments": {"input": str(canary)}}]
    return {
        "VRT": document(f'<OGRVRTLayer name="{name}">{source}</OGRVRTLayer>'),
        "VRT of SQL": document(f'<OGRVRTLayer name="x">{source}<SrcSQL>select 1</SrcSQL></OGRVRTLayer>'),
        "VRT union": document(
            f'<OGRVRTUnionLayer name="x"><OGRVRTLayer name="{name}">{source}</OGRVRTLayer></OGRVRTUnionLayer>'
        ),
        "VRT of the web": '<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/vsicurl/http://127.0.0.1:9/a'
        "</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>",
        "raster VRT": f'<VRTDataset rasterXSize="1" rasterYSize="1"><VRTRasterBand dataType="Byte" band="1">'
        f"<SimpleSource><SourceFilename>{canary}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>",
        "GDALG": json.dumps({"type": "gdal_streamed_alg", "command_line": command}),
        "GDALG steps": json.dumps(steps),
        "WFS": f"<OGRWFSDataSource><URL>file://{canary}</URL></OGRWFSDataSource>",
        "GML schema": '<?xml version="1.0"?><ogr:FeatureCollection xmlns:xsi="http://www.w3.org/2001/XMLSchema-'
        f'instance" xsi:schemaLocation="x file://{canary}" xmlns:ogr="x"/>',
        "XML entity": f'<!DOCTYPE a [<!ENTITY b SYSTEM "file://{canary}">]><kml><Document>&b;</Document></kml>',
        "MapInfo": f'!table\n!version 300\n!charset WindowsLatin1\nDefinition Table\n  File "{canary}"\n',
        "connection": f"PG:host=127.0.0.1 dbname=chiiki\n{canary}",
        "path": f"/vsizip/{canary}",
        "CSV": f"code,name\n{canary},{canary}\n",
        "service": json.dumps(
            {
                "type": "FeatureCollection",
                "links": [{"href": f"file://{canary}"}],
                "features": [{"$ref": f"file://{canary}"}],
            }
        ),
    }


def _disguises(canary: Path) -> Iterator[Hostile]:
    ends = (".shp", ".gpkg", ".geojson", ".json", ".topojson", ".zip", ".geojson.gz")
    for (told, text), end in product(_pointers(canary).items(), ends):
        content = text.encode()
        if end == ".zip":
            content = zipped({"areas.shp": content, "areas.prj": b"x", "areas.dbf": content})
        elif end.endswith(".gz"):
            content = gzip.compress(content)
        yield Hostile("disguise", f"{told}{end}", BOUNDARIES, content)
        if end in (".shp", ".geojson", ".zip"):
            yield Hostile("disguise", f"{told}{end}", STOPS, content)
            yield Hostile("disguise", f"{told}{end}", LIST, content)
    for told, text in _pointers(canary).items():
        for magic in (b"SQLite format 3\0", b"PK\x03\x04"):
            yield Hostile("disguise", f"{told} after {magic[:6]!r}", LIST, magic + text.encode())


# --- archives


def zipped(members: Mapping[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip of these members."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", how) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, how)
    return held.getvalue()


def _with_kind(name: str, content: bytes, mode: int) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        member = zipfile.ZipInfo(name)
        member.external_attr = mode << 16
        archive.writestr(member, content)
    return held.getvalue()


def _patched(archive: bytes, at: int, value: bytes) -> bytes:
    """Return a zip of one member with bytes of its place in the directory changed."""
    entry = archive.rindex(b"PK\x01\x02") + at
    return archive[:entry] + value + archive[entry + len(value) :]


def _archives(canary: Path) -> Iterator[Hostile]:
    plain = zipped({"stops.txt": b"a" * 100_000})
    good = {name: text.encode() for name, text in FEED.items()}
    made = {
        "ratio": zipped({"areas.shp": bytes(64 << 20)}),
        "nested": zipped({"a.zip": zipped({"b.zip": zipped({"c.zip": bytes(32 << 20)})})}),
        "up": zipped({"../../outside.shp": b"x"}),
        "up by backslash": zipped({"..\\..\\outside.shp": b"x"}),
        "absolute": zipped({"/srv/outside.shp": b"x"}),
        "drive": zipped({"C:/outside.shp": b"x"}),
        "NUL": zipped({"areas.shp": b"x"}).replace(b"areas.shp", b"are\0s.shp"),
        "link": _with_kind("areas.shp", str(canary).encode(), 0o120777),
        "device": _with_kind("areas.shp", b"", 0o020666),
        "pipe": _with_kind("areas.shp", b"", 0o010666),
        "many": zipped({f"{n}.shp": b"" for n in range(20_000)}, zipfile.ZIP_STORED),
        "wrong CRC": _patched(plain, 16, b"\1\2\3\4"),
        "encrypted": _patched(plain, 8, b"\1\0"),
        "method": _patched(plain, 10, b"\x63\0"),
        "size lies": _patched(plain, 24, struct.pack("<I", 10)),
        "size lies more": _patched(plain, 24, struct.pack("<I", 1 << 31)),
        "offset lies": _patched(plain, 42, struct.pack("<I", 1 << 20)),
        "cut": plain[: len(plain) // 2],
        "only its end": plain[-22:],
        "empty": b"PK\x05\x06" + bytes(18),
        "twice": zipped({"areas.shp": b"x"})[:-22] + zipped({"areas.shp": b"y"}),
        "comment": zipped({"a.txt": b""})[:-2] + b"\xff\xff" + b"PK\x05\x06" * 16_000,
        "nothing": b"",
        "noise": random.Random(SEED).randbytes(20_000),
        "gzip": gzip.compress(bytes(64 << 20)),
    }
    for told, content in made.items():
        for way, name in ((BOUNDARIES, "areas.zip"), (TIMETABLE, "feed.zip"), (STOPS, "P11.zip")):
            yield Hostile("archive", f"{told} {name}", way, content)
        yield Hostile("archive", f"{told} list.xlsx", LIST, content)
    overlapping = zipped(good)
    for shift in range(3):
        places = [n for n in range(len(overlapping)) if overlapping.startswith(b"PK\x01\x02", n)]
        same = overlapping
        for place in places[shift:]:  # members that share the bytes of one
            same = same[: place + 42] + struct.pack("<I", 0) + same[place + 46 :]
        yield Hostile("archive", f"overlap {shift}", TIMETABLE, same)
    yield Hostile("archive", "a feed in a feed", TIMETABLE, zipped({"feed.zip": zipped(good)}))
    yield Hostile(
        "archive",
        "two feeds",
        TIMETABLE,
        zipped({f"{n}/{name}": body for n in "ab" for name, body in good.items()}),
    )


# --- workbooks

_COLUMNS = ["measure_id", "areas", "status", "fy_start", "source_title", "source_url", "confidence"]
ROW = ["smart-cities", "群馬県前橋市", "adopted", "2025", "前橋市", "https://example.jp/a", "official"]


def _sheet(rows: str, more: str = "", head: str = "") -> dict[str, bytes]:
    parts = {name: text.encode() for name, text in workbook_parts([_COLUMNS]).items()}
    whole = parts[SHEET_PART].decode()
    parts[SHEET_PART] = (head + whole.replace("</sheetData>", f"{rows}</sheetData>{more}")).encode()
    return parts


def _cell(text: str, place: str = "") -> str:
    return f'<c t="inlineStr"{place}><is><t>{text}</t></is></c>'


def _row(*cells: str) -> str:
    return f"<row>{''.join(cells)}</row>"


def _workbooks(canary: Path) -> Iterator[Hostile]:
    whole = _row(*map(_cell, ROW))
    entity = f'<!DOCTYPE a [<!ENTITY b SYSTEM "file://{canary}">]>'
    laughs = (
        "<!DOCTYPE a ["
        + '<!ENTITY l0 "lol">'
        + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
        + "]>"
    )
    strings = '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{}</sst>'.format
    made: dict[str, tuple[dict[str, bytes], bool]] = {
        "opposite corners": (_sheet('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'), True),
        "far column": (_sheet('<row r="2"><c r="ZZZ2"><v>1</v></c></row>'), True),
        "no such cell": (_sheet('<row r="2"><c r="A-5"><v>1</v></c></row>'), True),
        "row 0": (_sheet('<row r="0"><c r="A0"><v>1</v></c></row>'), True),
        "dimension": (_sheet(whole, '<dimension ref="A1:XFD1048576"/>'), False),
        "one text": (_sheet(_row(_cell("x" * (60 << 20)))), True),
        "text in every cell": (_sheet(_row(*[_cell("y" * 2001)] * 7) * 2000), True),
        "many rows": (_sheet(whole * 30_000), True),
        "empty rows": (_sheet("<row/>" * 2_000_000), True),
        "merged": (_sheet(whole * 3, '<mergeCells><mergeCell ref="A2:A3"/></mergeCells>'), True),
        "formula": (_sheet(_row(_cell("x"), "<c><f>1+1</f></c>")), True),
        "formula of the web": (_sheet(_row('<c t="str"><f>WEBSERVICE("http://127.0.0.1:9")</f></c>')), True),
        "entity": (_sheet(whole.replace("前橋市", "&b;", 1), head=entity), True),
        "laughs": (_sheet(whole.replace("前橋市", "&l9;", 1), head=laughs), True),
        "shared strings": (
            _sheet(_row('<c t="s"><v>0</v></c>'))
            | {"xl/sharedStrings.xml": strings("<si><t>" + "z" * (30 << 20) + "</t></si>").encode()},
            True,
        ),
        "strings without end": (_sheet(_row('<c t="s"><v>99999999999</v></c>')), True),
        "strings before the first": (_sheet(_row('<c t="s"><v>-1</v></c>')), True),
        "many strings": (
            _sheet(whole) | {"xl/sharedStrings.xml": strings("<si><t>a</t></si>" * MANY).encode()},
            False,
        ),
        "error": (_sheet(_row('<c t="e"><v>#REF!</v></c>')), True),
        "date of no day": (_sheet(_row('<c t="d"><v>9999-99-99</v></c>')), True),
        "number": (_sheet(_row(f"<c><v>{'9' * 400}</v></c>", "<c><v>1e999</v></c>")), True),
        "no number": (_sheet(_row("<c><v>one</v></c>")), True),
        "external link": (
            _sheet(whole) | {"xl/externalLinks/externalLink1.xml": f"<a>{canary}</a>".encode()},
            False,
        ),
        "sheet elsewhere": (
            _sheet(whole) | {"xl/_rels/workbook.xml.rels": _relations(f"file://{canary}")},
            True,
        ),
        "sheet above": (
            _sheet(whole) | {"xl/_rels/workbook.xml.rels": _relations("../../../../etc/passwd")},
            True,
        ),
        "macros": (_sheet(whole) | {"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0" * 1000}, False),
        "many sheets": ({**_sheet(whole), "xl/workbook.xml": _sheets(5000)}, False),
        "no sheet": ({**_sheet(whole), "xl/workbook.xml": _sheets(0)}, True),
        "broken XML": ({**_sheet(whole), SHEET_PART: b"<worksheet><sheetData><row>"}, True),
        "deep XML": ({**_sheet(whole), SHEET_PART: b"<a>" * 100_000}, True),
        "binary": ({**_sheet(whole), SHEET_PART: bytes(range(256)) * 100}, True),
        "control characters": (_sheet(whole.replace("前橋市", "&#1;&#0;", 1)), True),
        "wide characters": (_sheet(whole.replace("smart-cities", "ｓｍａｒｔ－ｃｉｔｉｅｓ", 1)), True),
    }
    for told, (parts, refused) in made.items():
        yield Hostile("workbook", told, LIST, zipped(parts), refused)
    yield Hostile("workbook", "of old", LIST, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4000))


def _relations(target: str) -> bytes:
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
    return (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Target="{target}" Type="{kind}"/></Relationships>'
    ).encode()


def _sheets(count: int) -> bytes:
    whole = workbook_parts([_COLUMNS])["xl/workbook.xml"]
    begun, _, ended = whole.partition("<sheets>")
    sheet, _, rest = ended.partition("</sheets>")
    listed = "".join(sheet.replace('name="a"', f'name="s{n}"') for n in range(count))
    return f"{begun}<sheets>{listed}</sheets>{rest}".encode()


# --- geometries


def _star(vertices: int) -> list[list[float]]:
    draw = random.Random(SEED)
    ring = [[140 + draw.random() / 10, 42 + draw.random() / 10] for _ in range(vertices)]
    return [*ring, ring[0]]


def _deep(levels: int) -> dict[str, object]:
    shape: dict[str, object] = {"type": "Point", "coordinates": [140, 42]}
    for _ in range(levels):
        shape = {"type": "GeometryCollection", "geometries": [shape]}
    return shape


def _circle(vertices: int) -> list[list[float]]:
    turns = [2 * math.pi * n / vertices for n in range(vertices)]
    ring = [[140 + math.cos(turn) / 10, 42 + math.sin(turn) / 10] for turn in turns]
    return [*ring, ring[0]]


def shapes() -> dict[str, tuple[str, bool]]:
    """Return geometries as JSON, and whether each must be refused."""
    square = [[140.7, 41.7], [140.8, 41.7], [140.8, 41.8], [140.7, 41.8], [140.7, 41.7]]

    def polygon(*rings: list[list[float]]) -> str:
        return json.dumps({"type": "Polygon", "coordinates": rings})

    holes = [
        [[140.7 + a / 1e4, 41.7 + b / 1e4] for a, b in ((n, n), (n + 1, n), (n, n + 1), (n, n))]
        for n in range(900)
    ]
    return {
        "self-crossing, 40": (polygon(_star(40)), False),
        "self-crossing, 400": (polygon(_star(400)), False),
        "self-crossing, 3,000": (polygon(_star(3000)), False),
        "a bow": (polygon([[140, 42], [140.1, 42.1], [140.1, 42], [140, 42.1], [140, 42]]), False),
        "NaN": ('{"type":"Polygon","coordinates":[[[NaN,42],[140,42],[141,43],[NaN,42]]]}', True),
        "Infinity": ('{"type":"Polygon","coordinates":[[[Infinity,42],[140,42],[141,43],[140,42]]]}', True),
        "1e308": (polygon([[1e308, 1e308], [-1e308, 1e308], [1e308, -1e308], [1e308, 1e308]]), True),
        "1e999": ('{"type":"Point","coordinates":[1e999,1e999]}', True),
        "300 digits": ('{"type":"Point","coordinates":[' + "9" * 300 + ",42]}", True),
        "deep, 20": (json.dumps(_deep(20)), True),
        "deep, 400": (json.dumps(_deep(400)), True),
        "deep, text": ('{"type":"GeometryCollection","geometries":[' * 20_000 + "]}" * 20_000, True),
        "deep list": ('{"type":"Polygon","coordinates":' + "[" * 50_000 + "]" * 50_000 + "}", True),
        "200,000 vertices and more": (polygon(_circle(MANY + 1000)), False),
        "a line": ('{"type":"LineString","coordinates":[[140,42],[141,43]]}', True),
        "one vertex": (polygon([[140, 42]]), True),
        "two vertices": (polygon([[140, 42], [141, 42]]), True),
        "open ring": (polygon(square[:-1]), False),
        "no area": (polygon([[140, 42]] * 5), True),
        "empty": ('{"type":"Polygon","coordinates":[]}', True),
        "empty ring": ('{"type":"Polygon","coordinates":[[]]}', True),
        "texts": (
            '{"type":"Polygon","coordinates":[[["140","42"],["141","42"],["141","43"],["140","42"]]]}',
            True,
        ),
        "null": ('{"type":"Polygon","coordinates":null}', True),
        "an object": ('{"type":"Polygon","coordinates":{"a":1}}', True),
        "booleans": ('{"type":"Point","coordinates":[true,false]}', True),
        "latitude first": (polygon([[one[1], one[0]] for one in square]), True),
        "metres": (polygon([[-7000 + 100 * one[0], 5000 * one[1]] for one in square]), True),
        "web metres": (
            polygon([[15660000.0, 5120000], [15670000, 5120000], [15670000, 5130000], [15660000.0, 5120000]]),
            True,
        ),
        "of no type": ('{"type":"Sphere","coordinates":[140,42]}', True),
        "type is a list": ('{"type":["Polygon"],"coordinates":[[[140,42]]]}', True),
        "many holes": (polygon(square, *holes), False),
        "a hole outside": (polygon(square, [[one[0] + 1, one[1]] for one in square]), False),
        "the same hole 500 times": (polygon(square, *[square] * 500), False),
        "four dimensions": ('{"type":"Point","coordinates":[140,42,1,2,3,4,5]}', False),
        "one dimension": ('{"type":"Point","coordinates":[140]}', True),
    }


def _geometries() -> Iterator[Hostile]:
    n03 = {"N03_001": "北海道", "N03_002": None, "N03_003": None, "N03_004": "函館市", "N03_007": "01202"}
    row = dict(zip(_COLUMNS, ROW, strict=True))
    for told, (shape, refused) in shapes().items():
        for way, properties in ((BOUNDARIES, n03), (LIST, row)):
            text = (
                '{"type":"FeatureCollection","features":[{"type":"Feature","properties":'
                f'{json.dumps(properties)},"geometry":{shape}}}]}}'
            )
            is_point = way == LIST and ('"Point"' in shape or "LineString" in shape)
            yield Hostile(
                "geometry", told, way, text.encode(), refused and not (is_point and "LineString" in shape)
            )
    for system in (
        "EPSG:99999",
        "urn:ogc:def:crs:EPSG::4978",
        "+proj=pipeline +step +proj=axisswap",
        "EPSG:" + "9" * 80,
        "/etc/passwd",
        "file:///etc/passwd",
        "http://127.0.0.1:9/crs",
        "ESRI:0",
        "EPSG:4326+5773",
        "\\x00",
    ):
        text = json.dumps(
            {
                "type": "FeatureCollection",
                "crs": {"type": "name", "properties": {"name": system}},
                "features": [
                    {
                        "type": "Feature",
                        "properties": n03,
                        "geometry": {"type": "Polygon", "coordinates": [_circle(8)]},
                    }
                ],
            }
        )
        yield Hostile("geometry", f"CRS {system[:40]}", BOUNDARIES, text.encode())


# --- tables

Lines = list[list[str]]
TABLES: dict[str, Lines] = {
    LIST: [_COLUMNS, ROW, [*ROW[:1], "群馬県高崎市", *ROW[2:]]],
    FIGURES: [
        ["indicator", "area_code", "period", "value", "status"],
        ["libraries", "10201", "2025", "7", ""],
    ],
    ACTUALS: [["area", "period", "value", "source_title"], ["10201", "2025", "-1080", "x"]],
    JOIN: [["code", "visitors"], ["10201", "12"], ["10202", "13"]],
    GRID: [["code", "pop", "pop65"], ["533946113", "120", "40"], ["533946114", "7", "1"]],
}


def _csv(lines: Lines) -> bytes:
    return "\n".join(",".join(line) for line in lines).encode("utf-8", "surrogatepass")


def _with(lines: Lines, cell: str) -> Lines:
    """Return a table with another text in the last cell of its second line."""
    return [lines[0], [*lines[1][:-2], cell, lines[1][-1]], *lines[2:]]


#: What stands in a cell; a number or an area is none of these.
CELLS = {
    "control character": "a\x01b",
    "escape": "\x1b[31m",
    "NUL": "a\0b",
    "lone surrogate": "\ud800",
    "huge": "x" * 140_000,
    "300 digits": "9" * 300,
    "1e999": "1e999",
    "not a number": "NaN",
    "infinite": "Infinity",
    "hexadecimal": "0x10",
    "underscored": "1_000",
    "a formula": "=cmd|' /C calc'!A0",
    "a date": "2025-02-30",
    "many lines": '"a\nb\nc"',
    "an open quote": '"a',
    "a quote inside": 'a"b',
    "right to left": "\u202e1202",
    "a format": "%s%s%n{0}",
    "a comma more": "1,2,3,4,5,6,7,8,9",
    "a noncharacter": "\ufffe",
}


def _recoded(lines: Lines) -> Iterator[tuple[str, bytes, bool]]:
    text = _csv(lines).decode()
    for encoding in ("utf-16", "utf-16-be", "utf-32", "euc_jp", "iso2022_jp", "utf-7"):
        same = encoding in ("iso2022_jp", "utf-7", "euc_jp") and text.isascii()
        yield encoding, text.encode(encoding), not same
    yield "two marks", "\ufeff\ufeff".encode() + text.encode(), True
    yield "a mark and UTF-16", b"\xff\xfe" + text.encode(), True
    yield "cut sign", text.encode() + "あ".encode()[:2], True


def _headers(lines: Lines) -> Iterator[tuple[str, Lines]]:
    head, *rest = lines
    for told, name in {
        "a format": "%99999999d{0:>99999999}",
        "huge": "h" * 70_000,
        "NUL": "a\0",
        "control": "a\x1b",
        "empty": "",
        "markup": "<script>x</script>",
        "dunder": "__class__",
        "SQL": "a'); drop table area;--",
        "a path": "../../x",
    }.items():
        yield f"header {told}", [[name, *head[1:]], *rest]
    yield "a column twice", [[head[0], head[0], *head[2:]], *rest]
    yield "no header", rest
    yield "columns turned", [[*head[1:], head[0]], *rest]
    yield "header alone, wrong", [["a", "b", "c"]]
    yield "10,000 columns", [[f"c{n}" for n in range(10_000)], ["1"] * 10_000]


def _tables() -> Iterator[Hostile]:
    nothing = gzip.compress(bytes(64 << 20), 1)
    for way, lines in TABLES.items():
        for told, cell in CELLS.items():
            yield Hostile("table", f"{told} in a cell", way, _csv(_with(lines, cell)), refused=False)
        for told, content, refused in _recoded(lines):
            yield Hostile("table", told, way, content, refused and way != JOIN)
        for told, changed in _headers(lines):
            yield Hostile("table", told, way, _csv(changed), refused=way not in (JOIN, GRID, LIST))
        yield Hostile("table", "2,000,000 empty lines", way, _csv(lines) + b"\n" * 2_000_000, refused=False)
        yield Hostile("table", "one line without end", way, b"," * (6 << 20))
        yield Hostile("table", "quotes without end", way, b'"' + b"a\n" * (3 << 20))
        yield Hostile(
            "table", "gzip in gzip", way, gzip.compress(gzip.compress(_csv(lines))), way not in (JOIN, GRID)
        )
        yield Hostile("table", "gzip of nothing but nothing", way, nothing)
    deep: list[tuple[str, str]] = [
        ("deep", "[" * 100_000),
        ("deep and whole", "[" * 900 + "]" * 900),
        ("deep objects", '{"a":' * 5000 + "1" + "}" * 5000),
        ("a number of 5,000 digits", '[{"value":' + "9" * 5000 + "}]"),
        ("a name twice", '[{"area":"1","area":"2"}]'),
        ("surrogate", '["\\ud800"]'),
        ("NaN", '[{"value":NaN}]'),
        ("300,000 members", "{" + ",".join(f'"m{n}":1' for n in range(300_000)) + "}"),
        ("half", '[{"a":'),
        ("two documents", "[] []"),
        ("a text", '"a"'),
        ("null", "null"),
        ("a comment", "[/* a */]"),
    ]
    for way, (told, text) in product((LIST, FIGURES, ACTUALS), deep):
        yield Hostile("JSON", told, way, text.encode())


# --- timetables


def _feed(**changed: str) -> bytes:
    tables = FEED | {name.replace("_txt", ".txt"): text for name, text in changed.items()}
    return zipped({name: text.encode("utf-8", "surrogatepass") for name, text in tables.items() if text})


def _timetables() -> Iterator[Hostile]:
    def replaced(table: str, old: str, new: str, times: int = 1) -> bytes:
        assert old in FEED[table], (table, old)
        return _feed(**{table.replace(".txt", "_txt"): FEED[table].replace(old, new, times)})

    wrong: list[tuple[str, Callable[[], bytes], bool]] = [
        *(
            (f"time {time}", partial(replaced, "stop_times.txt", "7:20:00,7:20:00", f"{time},{time}"), True)
            for time in (
                "-1:00:00",
                "99999999:00:00",
                "7:99:00",
                "7",
                "1e5",
                "7:20:00:00",
                "nan",
                "七時",
                "7:20",
                "\x00",
            )
        ),
        *(
            (f"latitude {number}", partial(replaced, "stops.txt", "36.12", number), True)
            for number in ("1e308", "NaN", "inf", "91", "-36", "三六", "", "9" * 300, "36.12\x01")
        ),
        *(
            (f"sequence {number}", partial(replaced, "stop_times.txt", "C,3,0", f"C,{number},0"), True)
            for number in ("-1", "9" * 30, "x", "1e3", "")
        ),
        *(
            (f"date {date}", partial(replaced, "calendar.txt", "20190630", date), True)
            for date in ("20190631", "99999999", "2019-06-30", "0", "20190230", "-20190630")
        ),
        *(
            (f"day {day}", partial(replaced, "calendar.txt", "平日,1,1", f"平日,{day},1"), True)
            for day in ("2", "-1", "x", "")
        ),
        *(
            (f"kind {kind}", partial(replaced, "routes.txt", "R,3", f"R,{kind}"), kind in ("x", "", "9" * 30))
            for kind in ("x", "", "-1", "99999", "9" * 30)
        ),
        *(
            (
                f"without {table}",
                partial(_feed, **{table.replace(".txt", "_txt"): ""}),
                table not in ("agency.txt", "routes.txt", "calendar.txt", "calendar_dates.txt"),
            )
            for table in FEED
        ),
        ("time back", partial(replaced, "stop_times.txt", "7:20:00,7:20:00", "6:00:00,6:00:00"), False),
        ("a parent that is none", partial(replaced, "stops.txt", "0,A\nA2", "0,ZZ\nA2"), False),
        (
            "a parent that is itself",
            partial(
                replaced,
                "stops.txt",
                "location_type,parent_station\nA,役場,36.1,139.1,1,",
                "location_type,parent_station\nA,役場,36.1,139.1,1,A",
            ),
            False,
        ),
        (
            "parents in a ring",
            partial(
                replaced,
                "stops.txt",
                "B,駅前,36.12,139.12,0,\nC,病院,36.14,139.14,0,",
                "B,駅前,36.12,139.12,1,C\nC,病院,36.14,139.14,1,B",
            ),
            False,
        ),
        ("a stop twice", partial(replaced, "stops.txt", "C,病院", "B,病院"), True),
        ("a trip twice", partial(replaced, "trips.txt", "R,平日,T2", "R,平日,T1"), True),
        ("a call at no stop", partial(replaced, "stop_times.txt", "B,2,0", "ZZ,2,0"), False),
        ("a call of no trip", partial(replaced, "stop_times.txt", "T3,9:00", "T9,9:00"), False),
        (
            "frequency of 0 s",
            partial(
                _feed, frequencies_txt="trip_id,start_time,end_time,headway_secs\nT1,06:00:00,08:00:00,0\n"
            ),
            True,
        ),
        (
            "frequency of a second for years",
            partial(
                _feed, frequencies_txt="trip_id,start_time,end_time,headway_secs\nT1,00:00:00,99999:00:00,1\n"
            ),
            True,
        ),
        (
            "frequency back",
            partial(
                _feed, frequencies_txt="trip_id,start_time,end_time,headway_secs\nT1,08:00:00,06:00:00,60\n"
            ),
            False,
        ),
        (
            "frequency of minus",
            partial(
                _feed, frequencies_txt="trip_id,start_time,end_time,headway_secs\nT1,06:00:00,08:00:00,-60\n"
            ),
            True,
        ),
        (
            "300,000 stops of one place",
            partial(
                _feed,
                stops_txt=FEED["stops.txt"] + "".join(f"s{n},a,36.1,139.1,0,A\n" for n in range(300_000)),
            ),
            False,
        ),
        (
            "a service of 7,000 years",
            partial(replaced, "calendar.txt", "20190401,20190630", "20190401,99991231"),
            False,
        ),
        ("a mark in a row", partial(_feed, stops_txt="\ufeff\ufeff" + FEED["stops.txt"]), False),
        ("UTF-16", lambda: zipped({name: text.encode("utf-16") for name, text in FEED.items()}), True),
        ("huge cell", partial(replaced, "stops.txt", "駅前", "x" * 200_000), False),
        ("open quote", partial(replaced, "stops.txt", "駅前", '"駅前'), True),
        ("NUL", partial(replaced, "stops.txt", "駅前", "駅\0前"), False),
    ]
    for told, made, refused in wrong:
        yield Hostile("GTFS", told, TIMETABLE, made(), refused)


def drawn(files: list[Hostile], count: int) -> list[Hostile]:
    """Return so many of them, some of each kind and way."""
    draw, groups = random.Random(SEED), dict[tuple[str, str], list[Hostile]]()
    for one in files:
        groups.setdefault((one.kind, one.way), []).append(one)
    for group in groups.values():
        draw.shuffle(group)
    chosen: list[Hostile] = []
    while len(chosen) < min(count, len(files)):
        chosen += [group.pop() for group in groups.values() if group]
    return chosen[:count]
