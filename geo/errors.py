"""What can go wrong with regional data, as a tree of named refusals.

A refusal carries findings: where the fault lies (a line, a feature), which field, what stood there
and what was expected. ``geo`` raises them; the service turns them into HTTP problems and the command
line into a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from geo.text import Text

#: Characters of a person's text that a refusal repeats.
SHOWN = 80


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


class ChiikiError(Exception):
    """The root of every refusal that chiiki raises on purpose."""

    def __init__(self, message: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.findings = tuple(findings)

    def __str__(self) -> str:
        return "\n".join([self.message, *map(str, self.findings)])


class NotFound(ChiikiError):
    """What was asked for does not exist; the message tells what does.

    Attributes
    ----------
    near : id and name of what is spelt nearly as what was asked for
    """

    def __init__(
        self, message: str, findings: Sequence[Finding] = (), near: Sequence[tuple[str, Text]] = ()
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
    """Rows of a table are wrong; every one of them is in the findings."""


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
