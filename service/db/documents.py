"""Strategies, deployments, KPIs and gap definitions to and from the JSON of their tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from pydantic import TypeAdapter
from sqlalchemy import Row

from geo.strategy.deployments import Deployment
from geo.strategy.kpis import Actual, Kpi
from geo.strategy.plan import Strategy
from geo.strategy.rating import Target
from geo.transit.access import Definition

_DEPLOYMENT = TypeAdapter(Deployment)
_KPI = TypeAdapter(Kpi)
_TARGET = TypeAdapter(Target)
_ACTUAL = TypeAdapter(Actual)
_STRATEGY = TypeAdapter(Strategy)
_DEFINITION = TypeAdapter(Definition)

Body = dict[str, object]


def _plain(document: bytes) -> Body:
    body: Body = orjson.loads(document)
    return body


def deployment_to_body(one: Deployment) -> Body:
    """Return a deployment as JSON; its id and its geometry have columns of their own."""
    return _plain(_DEPLOYMENT.dump_json(one, exclude={"id", "geometry"}))


def deployment_from_row(row: Row[Any]) -> Deployment:
    """Return the deployment that a row holds."""
    return _DEPLOYMENT.validate_python({**row.body, "id": row.id, "geometry": row.geometry or ""})


def kpi_to_body(one: Kpi) -> Body:
    """Return a KPI as JSON; its id has a column of its own."""
    return _plain(_KPI.dump_json(one, exclude={"id"}))


def kpi_from_row(row: Row[Any]) -> Kpi:
    """Return the KPI that a row holds."""
    return _KPI.validate_python({**row.body, "id": row.id})


def kpi_from_json(document: Mapping[str, object]) -> Kpi:
    """Return the KPI that somebody sends.

    Raises
    ------
    pydantic.ValidationError : a value of another type, a field missing
    """
    return _KPI.validate_python(document)


def check_target(entry: object) -> None:
    """Refuse what is no target of a KPI.

    Raises
    ------
    pydantic.ValidationError : it is none
    """
    _TARGET.validate_python(entry)


def check_actual(entry: object) -> None:
    """Refuse what is no actual of a KPI.

    Raises
    ------
    pydantic.ValidationError : it is none
    """
    _ACTUAL.validate_python(entry)


def strategy_to_body(one: Strategy) -> Body:
    """Return a strategy as JSON."""
    return _plain(_STRATEGY.dump_json(one))


def strategy_from_body(body: Mapping[str, object]) -> Strategy:
    """Return the strategy that ``strategy_to_body`` wrote."""
    return _STRATEGY.validate_python(body)


def definition_to_body(one: Definition) -> Body:
    """Return a definition of the transport gap as JSON."""
    return _plain(_DEFINITION.dump_json(one))


def definition_from_body(body: Mapping[str, object]) -> Definition:
    """Return the definition that ``definition_to_body`` wrote."""
    return _DEFINITION.validate_python(body)
