"""Figures as they were known at a moment: what stands in the database, with what a load replaced put back."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import TextClause, text

from geo.errors import Finding, InvalidParameter

#: A date means the whole day in Japan.
JAPAN = dt.timezone(dt.timedelta(hours=9))

#: Within it, ``observation`` is the table; after it, what the table held.
_THEN = """
    with later as (
        select distinct on (period, area_code) * from superseded
        where indicator = :indicator and until > :at order by period, area_code, until
    ),
    unknown as (
        select unnest(first_periods) as period from figure_change where indicator = :indicator and at > :at
    ),
    observation as (
        select indicator, period, area_code, value, status, boundary_date, source from later
        where status <> 'not_loaded' and period not in (select period from unknown)
        union all
        select indicator, period, area_code, value, status, boundary_date, source from observation o
        where indicator = :indicator and period not in (select period from unknown)
          and not exists (select from later l where (l.period, l.area_code) = (o.period, o.area_code))
    )
"""
#: Whether any figure of some indicators is not what it was.
REVISED_SINCE = text("select exists (select from figure_change where indicator = any(:names) and at > :at)")


@dataclass(frozen=True)
class Known:
    """Until when figures count: all that was loaded after ``at`` does not; None for all of them."""

    at: dt.datetime | None = None

    def asked(self, statement: TextClause, **values: object) -> tuple[TextClause, dict[str, object]]:
        """Return a statement about the ``observation`` of ``:indicator`` as it was, and its parameters."""
        given = {**statement.compile().params, **values}
        if self.at is None:
            return statement, given
        return text(_THEN + statement.text), {**given, "at": self.at}


NOW = Known()


def moment(name: str, written: str) -> dt.datetime:
    """Return the moment that a parameter means: a time with its zone, or the end of a day in Japan.

    >>> moment("as_of", "2025-06-30").isoformat(), moment("as_of", "2025-06-30T12:00:00Z").isoformat()
    ('2025-07-01T00:00:00+09:00', '2025-06-30T12:00:00+00:00')

    Raises
    ------
    InvalidParameter : neither
    """
    try:
        if "T" not in written:
            day = dt.datetime.combine(dt.date.fromisoformat(written), dt.time(), JAPAN)
            return day + dt.timedelta(days=1)
        found = dt.datetime.fromisoformat(written)
        if found.tzinfo is not None and dt.MINYEAR < found.year < dt.MAXYEAR:
            return found
    except (ValueError, OverflowError):
        pass
    expected = "a date such as 2025-06-30, or a time such as 2025-06-30T12:00:00Z"
    finding = Finding("query", name, written, expected)
    raise InvalidParameter(f"{name} is no date and no time with its zone", [finding])
