"""Addresses of the RESAS API as older clients write them, and at the root of a host."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from service.http.problems import RESAS

#: What stands behind the host in the addresses of the old service, and before its first release.
V1, CANDIDATE = "/api/v1", "/api/v1-rc.1"


def answer_as_before(api: FastAPI, *, at_root: bool) -> None:
    """Answer ``v1-rc.1`` as ``v1``, and with ``at_root`` also what has the host alone before it.

    Called before the routes are added: the last of those of RESAS takes every address.
    """
    for prefix in [RESAS + CANDIDATE, *([V1, CANDIDATE] if at_root else [])]:
        api.mount(prefix, _Renamed(api))


class _Renamed:
    """The RESAS API under another address; it is told of errors under that of its own."""

    def __init__(self, api: FastAPI) -> None:
        self.api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        root = scope["app_root_path"]
        path = f"{root}{RESAS}{V1}{scope['path'].removeprefix(scope['root_path'])}"
        scope.update(path=path, raw_path=path.encode(), root_path=root, path_params={})
        await self.api.router(scope, receive, send)
