"""A small HTTP server that replays what others publish, in parts, and with the faults that they have."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

KEY = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Reply:
    """An answer to one request; ``cut`` leaves out its end, but not from what it says of its length."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False


@dataclass
class Replay:
    """What a server answers; a test changes it between two requests.

    Attributes
    ----------
    document : a whole answer of getStatsData
    part : so many values stand in one answer
    faults : the next answers, one after another, by what they stand in place of (the end of a path)
    files : path → what is published there
    asked : path, parameters and headers of every request
    """

    document: dict[str, Any] = field(default_factory=dict)
    part: int = 1000
    key: str = KEY
    faults: list[tuple[str, Reply]] = field(default_factory=list)
    files: dict[str, Reply] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)
    url: str = ""

    def reply(self, path: str, parameters: Mapping[str, str], headers: Mapping[str, str]) -> Reply:
        """Return the answer to a request."""
        if self.faults and path.endswith(self.faults[0][0]):
            return self.faults.pop(0)[1]
        if path in self.files:
            return _unless_known(self.files[path], headers)
        if path.endswith("/getMetaInfo"):
            return self._checked("GET_META_INFO", parameters) or Reply(orjson.dumps(self._metadata()))
        if path.endswith("/getStatsData"):
            return self._checked("GET_STATS_DATA", parameters) or self._values(parameters)
        return Reply(b"nothing here", 404)

    def _checked(self, root: str, parameters: Mapping[str, str]) -> Reply | None:
        if parameters.get("appId") == self.key:
            return None
        told = f"認証に失敗しました。アプリケーションIDを確認して下さい。({parameters.get('appId')})"
        return Reply(orjson.dumps({root: {"RESULT": {"STATUS": 100, "ERROR_MSG": told, "DATE": ""}}}))

    def _metadata(self) -> dict[str, Any]:
        inside = self.document["GET_STATS_DATA"]["STATISTICAL_DATA"]
        about = {"TABLE_INF": inside["TABLE_INF"], "CLASS_INF": inside["CLASS_INF"]}
        return {"GET_META_INFO": {"RESULT": {"STATUS": 0, "ERROR_MSG": ""}, "METADATA_INF": about}}

    def _values(self, parameters: Mapping[str, str]) -> Reply:
        answer = self.document["GET_STATS_DATA"]
        inside = answer["STATISTICAL_DATA"]
        wanted = {
            f"@{name[2:].lower()}": codes.split(",") for name, codes in parameters.items() if name[:2] == "cd"
        }
        values = [
            one
            for one in inside["DATA_INF"]["VALUE"]
            if all(one.get(name) in codes for name, codes in wanted.items())
        ]
        first = int(parameters["startPosition"])
        some = values[first - 1 : first - 1 + min(self.part, int(parameters["limit"]))]
        last = first + len(some) - 1
        result = {"TOTAL_NUMBER": len(values), "FROM_NUMBER": first, "TO_NUMBER": last}
        if last < len(values):
            result["NEXT_KEY"] = last + 1
        data: dict[str, Any] = {"NOTE": inside["DATA_INF"].get("NOTE", [])}
        data |= {"VALUE": some[0] if len(some) == 1 else some} if some else {}
        told = {"RESULT_INF": result, "TABLE_INF": inside["TABLE_INF"], "DATA_INF": data}
        status = {"STATUS": 0 if some else 1, "ERROR_MSG": "正常に終了しました。"}
        return Reply(orjson.dumps({"GET_STATS_DATA": {"RESULT": status, "STATISTICAL_DATA": told}}))


def _unless_known(file: Reply, headers: Mapping[str, str]) -> Reply:
    known = headers.get("if-none-match"), headers.get("if-modified-since")
    mine = file.headers.get("ETag"), file.headers.get("Last-Modified")
    is_known = any(theirs and theirs == own for theirs, own in zip(known, mine, strict=True))
    return Reply(b"", 304) if is_known else file


@contextmanager
def replaying(replay: Replay) -> Iterator[Replay]:
    """Run the server meanwhile."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            parameters = dict(parse_qsl(address.query, keep_blank_values=True))
            headers = {name.lower(): value for name, value in self.headers.items()}
            replay.asked.append((address.path, parameters, headers))
            told = replay.reply(address.path, parameters, headers)
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(told.body)))
            self.end_headers()
            self.wfile.write(told.body[: len(told.body) // 2] if told.cut else told.body)

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        replay.url = f"http://127.0.0.1:{server.server_port}"
        running = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        running.start()
        try:
            yield replay
        finally:
            server.shutdown()
            running.join()
