"""How a picture is painted on the tiles that its values are poured into."""

from __future__ import annotations

from urllib.parse import urlencode

from geo.layers.style import Painting, circle_layer, fill_of_land, fill_of_poured
from service.layers.views import Picture
from service.memory.atlas import POINT


def painting_of(picture: Picture, base: str) -> Painting:
    """Return how a picture is painted: areas in their classes' colours, or circles over plain land.

    Parameters
    ----------
    base : address of the service
    """
    if picture.circles is None:
        return Painting(fill_of_poured(picture.hex_colours))
    query = urlencode(picture.view.parameters | {"detail": POINT, "rev": picture.revision}, safe=",")
    return Painting(
        fill_of_land(picture.hex_colours),
        f"{base}/v1/layers/{picture.view.indicator.id}/areas.geojson?{query}",
        [circle_layer(picture.circles, len(picture.gazetteer))],
    )
