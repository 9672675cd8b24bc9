"""All kinds of layers but indicators: what the id of one begins with → its kind."""

from __future__ import annotations

from service.analysis import kinds as analysis
from service.figures import estimates
from service.memory.atlas import Atlas
from service.memory.catalogue import Kinds
from service.strategy import kinds as strategy

KINDS: Kinds[Atlas] = {**strategy.KINDS, **analysis.KINDS, **estimates.KINDS}
