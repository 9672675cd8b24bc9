"""Addresses of the RESAS API as older clients write them, and at the root of a host."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from service.http.problems import RESAS

#: What stands behind the host in the addresses of the old service, and before its first release.
V1, CANDIDATE = "/api/v1/", "/api/v1-rc.1/"


class ResasPaths:
    """The application, with the RESAS API under the addresses that its clients ask for.

    ``v1-rc.1`` is answered as ``v1``; with ``at_root`` so is what has the host alone before it.
    """

    def __init__(self, app: ASGIApp, *, at_root: bool) -> None:
        self.app = app
        self.prefixes = (RESAS, "") if at_root else (RESAS,)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http":
            scope = self._told(scope)
        await self.app(scope, receive, send)

    def _told(self, scope: Scope) -> Scope:
        root, path = scope.get("root_path", ""), scope["path"].removeprefix(scope.get("root_path", ""))
        for prefix in self.prefixes:
            for version in (V1, CANDIDATE):
                if path.startswith(prefix + version):
                    told = f"{root}{RESAS}{V1}{path.removeprefix(prefix + version)}"
                    return {**scope, "path": told, "raw_path": told.encode()}
        return scope
