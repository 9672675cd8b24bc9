"""Pages about the service: the API reference and what each problem means."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from geo.errors import NotFound
from service.http.forms import ProblemType, answers
from service.http.problem_pages import problem_page
from service.http.problems import PAGE, TITLES
from service.http.responses import HTML, JSON, Told, answer, preferred, to_json

router = APIRouter(tags=["documentation"])

VARY = "Accept, Accept-Language"
DOCS_PAGE = Path(__file__).parent.parent / "static" / "docs.html"


@router.get("/docs", include_in_schema=False)
async def docs() -> Response:
    """Return the API reference, built into the service: it loads nothing from elsewhere."""
    if not DOCS_PAGE.is_file():
        raise NotFound("The front-end is not built: run scripts/serve. /openapi.json describes the API")
    return FileResponse(DOCS_PAGE)


@router.get(
    "/problems/{slug}", summary="What a problem type means", responses=answers(JSON, HTML, form=ProblemType)
)
async def problem_type(request: Request, slug: str) -> Response:
    """Return the titles of a problem type (the last part of `type` in an error answer).

    For a browser it is a page that says what to do about it.
    """
    if slug not in TITLES:
        raise NotFound(f"No problem type is called {slug!r}; there are: {', '.join(TITLES)}")
    title_ja, title_en = TITLES[slug]
    if preferred(request.headers.get("accept", ""), [JSON, PAGE]) == PAGE:
        body = problem_page(request, slug, {"ja": title_ja, "en": title_en})
        return answer(request, body, Told(HTML, vary=VARY))
    told: ProblemType = {"type": f"/problems/{slug}", "title": {"ja": title_ja, "en": title_en}}
    return answer(request, to_json(told), Told(JSON, vary=VARY))
