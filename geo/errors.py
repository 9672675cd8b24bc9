"""What can go wrong with regional data, as a tree of named refusals.

A refusal carries findings: where the fault lies (a line, a feature), which field, what stood there
and what was expected. ``geo`` raises them; the service turns them into HTTP problems and the command
line into a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from geo.text import Text

#: Characters of a person's text that a refusal repeats.
SHOWN = 80
#: Findings that are kept and told; of those beyond, how many they are.
MOST_FINDINGS = 100


@dataclass(frozen=True)
class Finding:
    """One fault in an input.

    Attributes
    ----------
    where : the place as its author sees it: ``"line 12"``, ``"feature 3 (01100)"``, ``"file"``
    field : the column, attribute or parameter at fault
    value : what stood there, as text
    expected : what would have been right

    Field and value are a person's, of any length: 80 characters of them are kept.
    """

    where: str
    field: str
    value: str
    expected: str

    def __post_init__(self) -> None:
        """Cut what is longer."""
        for name in ("field", "value"):
            object.__setattr__(self, name, getattr(self, name)[:SHOWN])

    def __str__(self) -> str:
        return f"{self.where}: {self.field} is {self.value!r}, expected {self.expected}"


class Findings:
    """What is wrong with an input: the first ``MOST_FINDINGS`` of it, and how much there is.

    However much is wrong, what is kept of it does not grow.

    >>> found = Findings(Finding(f"line {n}", "value", "x", "a number") for n in range(1, 1001))
    >>> len([*found]), found.total
    (100, 1000)
    """

    def __init__(self, findings: Iterable[Finding] = ()) -> None:
        self._first: list[Finding] = []
        self.total = 0
        self += findings

    def append(self, finding: Finding) -> None:
        """Note one more."""
        self.total += 1
        if self.total <= MOST_FINDINGS:
            self._first.append(finding)

    def __iadd__(self, findings: Iterable[Finding]) -> Findings:
        total = findings.total if isinstance(findings, Findings) else None
        before = self.total
        for one in findings:
            self.append(one)
        if total is not None:
            self.total = before + total
        return self

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._first)

    def __bool__(self) -> bool:
        return self.total > 0


class ChiikiError(Exception):
    """The root of every refusal that chiiki raises on purpose.

    Attributes
    ----------
    found : what is wrong
    findings : the first ``MOST_FINDINGS`` of it
    """

    def __init__(self, message: str, findings: Iterable[Finding] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.found = findings if isinstance(findings, Findings) else Findings(findings)
        self.findings = tuple(self.found)

    def __str__(self) -> str:
        more = self.found.total - len(self.findings)
        told = [self.message, *map(str, self.findings)]
        return "\n".join([*told, f"and {more:,} more"] if more else told)


class NotFound(ChiikiError):
    """What was asked for does not exist; the message tells what does.

    Attributes
    ----------
    near : id and name of what is spelt nearly as what was asked for
    """

    def __init__(
        self, message: str, findings: Iterable[Finding] = (), near: Sequence[tuple[str, Text]] = ()
    ) -> None:
        super().__init__(message, findings)
        self.near = tuple(near)


class InvalidAreaCode(ChiikiError):
    """A text is no area code of JIS X 0401/0402, or its check digit is wrong."""


class InvalidParameter(ChiikiError):
    """A request parameter is none of the values that exist."""


class InvalidFile(ChiikiError):
    """A file is not what it should be: format, encoding, archive layout, missing columns or CRS."""


class InvalidGeometry(ChiikiError):
    """A geometry cannot be used or repaired."""


class InvalidRows(ChiikiError):
    """Rows of a table are wrong; the findings tell each, up to ``MOST_FINDINGS``."""


class UnmatchedName(ChiikiError):
    """A place name fits no area of its date, or several; the findings name the candidates."""


class UnclassifiableValues(ChiikiError):
    """There are too few finite values to make classes from."""


class NotEnoughData(ChiikiError):
    """Too few areas or years for an answer that would mean anything; the findings say what lacks."""


class NotConvertible(ChiikiError):
    """A value cannot be carried to other boundaries (a split, a median, an index)."""


class OutOfReach(ChiikiError):
    """Who writes may change other areas or indicators than these; the findings name them."""
