"""A refusal repeats what a person wrote, but never much of it."""

from __future__ import annotations

import pytest

from geo.errors import SHOWN, Finding, InvalidRows


@pytest.mark.parametrize("length", [0, SHOWN, SHOWN + 1, 10_000_000])
def test_a_finding_keeps_the_beginning_of_what_was_written(length: int) -> None:
    finding = Finding("line 2", "列" * length, "値" * length, "a number")
    assert finding.field == "列" * min(length, SHOWN)
    assert finding.value == "値" * min(length, SHOWN)


def test_a_refusal_tells_its_message_and_each_fault_in_a_line() -> None:
    faults = [Finding("line 2", "value", "x", "a number"), Finding("line 3", "code", "", "five digits")]
    assert str(InvalidRows("2 faults", faults)).splitlines() == [
        "2 faults",
        "line 2: value is 'x', expected a number",
        "line 3: code is '', expected five digits",
    ]
