"""A refusal repeats what a person wrote, but never much of it."""

from __future__ import annotations

import pytest

from geo.errors import MOST_FINDINGS, SHOWN, Finding, Findings, InvalidRows


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


def faults(count: int) -> list[Finding]:
    return [Finding(f"line {line}", "value", "x", "a number") for line in range(2, count + 2)]


def test_the_first_of_many_faults_are_kept_and_all_are_counted() -> None:
    found = Findings()
    for fault in faults(900_000):
        found.append(fault)
    assert ([*found], found.total) == (faults(MOST_FINDINGS), 900_000)
    refused = InvalidRows("900000 faults", found)
    assert len(refused.findings) == MOST_FINDINGS
    assert str(refused).splitlines()[-1] == "and 899,900 more"


def test_faults_of_two_parts_are_counted_together() -> None:
    found = Findings(faults(70))
    found += Findings(faults(500))
    found += faults(3)
    assert (len([*found]), found.total) == (MOST_FINDINGS, 573)
    assert not Findings()
