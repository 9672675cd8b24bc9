"""Tiles that nginx keeps, with the site that ships: how fast they are, and what chiiki still sees.

    scripts/bench proxy [--seconds 4] [--repeats 3] [--requests 30000] [--exponent 1.0] [--seed 1]

First tiles that were asked for before, in turn: nginx as deploy/nginx has it, with TLS and without, one
worker process; the same bytes as plain files of nginx; chiiki alone, one worker; Martin with its cache, where
MARTIN names its program (see ``bench.run``). CPU is that of all processes of a server, and of PostgreSQL for
it. What an address may ask nginx for in a second is off.

Then a stream of requests as readers of maps make them, from an empty cache on: tiles of all layers, the n-th
address as likely as 1 / n ** exponent. What is counted is how many of each thousand reach chiiki, and what a
request costs each of the two.
"""

from __future__ import annotations

import argparse
import os
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlsplit

import orjson
from sqlalchemy import create_engine

from api_tests.site import PROGRAM, SITE, free_port, write_certificate, write_site
from bench.client import Client, Request
from bench.load import Measured, load, together
from bench.meters import Cpu, Meter, cpu_s, descendants
from bench.peers import PIECES, QUIET, Peer, chiiki, end_cleanly, martin, martin_program, running, views
from bench.run import HOT, Question, Side, asked_before, questions_of
from service.db.database import running_database, writer_url
from service.settings import Settings

#: How many addresses there are to be asked for, a tile of a layer and a period each.
ADDRESSES = 100_000
BLOCKS = 3
FILES = """\
daemon off;
worker_processes 1;
events {}
http {
    access_log off;
    sendfile on;
    tcp_nopush on;
    server {
        listen 127.0.0.1:PORT;
        root FOLDER;
        location / { default_type application/x-protobuf; add_header Content-Encoding gzip; }
    }
}
"""


class WholeMeter(Meter):
    """Reads the clocks of a server with all its processes."""

    def cpu(self) -> Cpu:
        """Return what was used until now."""
        pid = self.peer.process.pid
        return Cpu(sum(map(cpu_s, (pid, *descendants(pid)))), super().cpu().database)


@dataclass(frozen=True)
class Site:
    """A running nginx.

    Attributes
    ----------
    secure : its address with TLS, if it has one
    """

    peer: Peer
    secure: str


@contextmanager
def site(origin: str) -> Iterator[Site]:
    """Run nginx as it ships before a service meanwhile, without TLS too, from an empty cache on."""
    with TemporaryDirectory() as name:
        folder, secure = Path(name), free_port()
        write_certificate(folder)
        places = {
            "listen 80;": f"listen 127.0.0.1:{free_port()};",
            "listen 443 ssl http2;": f"listen 127.0.0.1:PORT;\nlisten 127.0.0.1:{secure} ssl http2;",
            "127.0.0.1:8000": origin.removeprefix("http://"),
            "rate=200r/s": "rate=1000000r/s",
        }
        with nginx(write_site(folder, places)) as peer:
            yield Site(peer, f"https://127.0.0.1:{secure}")


@contextmanager
def files(bodies: Sequence[bytes]) -> Iterator[Peer]:
    """Run nginx with bytes as files meanwhile, each called by its place."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for at, body in enumerate(bodies):
            (folder / str(at)).write_bytes(body)
        written = folder / "nginx.conf"
        user = "" if os.geteuid() else "user root;\n"
        written.write_text(f"{user}pid {folder}/pid;\n{FILES.replace('FOLDER', name)}")
        (folder / "healthz").touch()
        with nginx(written) as peer:
            yield peer


@contextmanager
def nginx(configuration: Path) -> Iterator[Peer]:
    """Run nginx meanwhile; PORT in its configuration is a free port."""
    assert PROGRAM is not None
    log = configuration.with_name("errors")
    begin = f"sed -i s/PORT/{{port}}/ {configuration}; exec {PROGRAM} -c {configuration} -e {log}"
    with running("nginx", ["sh", "-c", begin], "/healthz", {}) as peer:
        yield peer


@dataclass(frozen=True)
class Way:
    """A server, and what it is asked for again and again."""

    name: str
    meter: Meter
    lines: Sequence[str]


def compared(ways: Sequence[Way], repeats: int, seconds: float) -> None:
    """Measure tiles that were asked for before, and print a line for each way."""
    runs: dict[str, list[Measured]] = {}
    for way in [*ways] * repeats:
        runs.setdefault(way.name, []).append(load(way.meter, way.lines, seconds, gzip=True))
    heads = f"{'a second':>12}{'p50, ms':>10}{'p99':>10}{'CPU, ms: server + PostgreSQL':>32}"
    print(f"\n{f'{HOT} tiles again, gzip':<36}{heads}")
    for name, several in runs.items():
        one = together(several)
        cpu = f"{one.service:.4f} + {one.database:.4f}"
        print(f"  {name:<34}{one.per_second:>12,.0f}{one.p50:>10.2f}{one.p99:>10.2f}{cpu:>32}", flush=True)


def stream(count: int, exponent: float, addresses: Sequence[str], draw: random.Random) -> list[str]:
    """Return so many addresses, the n-th as likely as 1 / n ** exponent."""
    weights = accumulate(place**-exponent for place in range(1, len(addresses) + 1))
    return draw.choices(addresses, cum_weights=list(weights), k=count)


def kept_addresses(client: Client, questions: Sequence[Question]) -> list[str]:
    """Return the addresses of tiles with the revision that a TileJSON hands out, as maps ask for them."""
    revisions = dict[str, str]()
    for name in {one.indicator for one in questions}:
        (template,) = orjson.loads(client.ask(Request(f"/v1/layers/{name}/tiles.json", {})).body)["tiles"]
        revisions[name] = parse_qs(urlsplit(template).query)["rev"][0]
    return [f"{one.chiiki()}&rev={revisions[one.indicator]}" for one in questions]


def answered(client: Client) -> int:
    """Return how many requests chiiki has answered, this one not yet."""
    told = client.ask(Request("/metrics", {})).body.decode().splitlines()
    return round(sum(float(line.split()[-1]) for line in told if line.startswith("chiiki_requests_total")))


def streamed(front: Meter, behind: Meter, asked: Sequence[str]) -> None:
    """Ask nginx for one after another, and print for each part how many reached chiiki and what that cost."""
    heads = f"{'reach chiiki':>15}{'CPU, ms: nginx':>18}{'chiiki + PostgreSQL':>22}"
    print(f"\n{'a stream, from an empty cache on':<36}{heads}")
    size = len(asked) // BLOCKS
    with closing(Client(front.peer.url)) as client, closing(Client(behind.peer.url)) as direct:
        for place in range(0, size * BLOCKS, size):
            reached, before = answered(direct), (front.cpu(), behind.cpu())
            statuses = Counter(client.ask(Request(path)).status for path in asked[place : place + size])
            if not set(statuses) <= {200, 204}:  # a tile may be empty
                raise SystemExit(f"nginx answered {statuses}")
            of_nginx, _ = front.cpu().since(before[0])
            of_others = sum(behind.cpu().since(before[1]))
            share = (answered(direct) - reached - 1) / size
            name = f"  requests {place + 1:,} to {place + size:,}"
            costs = f"{of_nginx / size * 1e3:>18.4f}{of_others / size * 1e3:>22.4f}"
            print(f"{name:<36}{share * 1e3:>9.0f} ‰    {costs}", flush=True)


def main() -> None:
    """Measure and print it."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--seconds", type=float, default=4, help="length of each run")
    options.add_argument("--repeats", type=int, default=3, help="of each way")
    options.add_argument("--requests", type=int, default=30_000, help="of the stream")
    options.add_argument("--exponent", type=float, default=1.0, help="how uneven the stream is")
    options.add_argument("--seed", type=int, default=1, help="of what is asked")
    chosen = options.parse_args()
    end_cleanly()
    settings = Settings()
    url = writer_url(settings)
    with running_database(settings), ExitStack() as stack:
        admin = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
        conn = stack.enter_context(create_engine(url).connect())
        ours = stack.enter_context(chiiki(url, **QUIET, CHIIKI_PUBLIC_URL=f"https://{SITE}"))
        questions = questions_of(conn, chosen.seed, HOT + ADDRESSES)
        before = stack.enter_context(site(ours.url))
        with closing(Client(ours.url)) as client:
            addresses = kept_addresses(client, questions)
            paths = addresses[:HOT]
            bodies = [client.ask(Request(path)).body for path in paths]

        def way(name: str, peer: Peer, lines: Sequence[str]) -> Way:
            meter = WholeMeter(peer, admin, url.database or "")
            asked_before(peer, Side(name, lambda _: lines, gzip=True), lines)
            return Way(name, meter, lines)

        plain = way("nginx, as it ships, without TLS", before.peer, paths)
        secure = replace(before.peer, url=before.secure)
        ways = [
            Way("nginx, as it ships", WholeMeter(secure, admin, url.database or ""), paths),
            plain,
            way("nginx, files", stack.enter_context(files(bodies)), [f"/{at}" for at in range(len(bodies))]),
            way("chiiki", ours, paths),
        ]
        program = martin_program()
        if program is None:
            print("Martin is not at hand: MARTIN names its program")
        else:
            stack.enter_context(views(conn, "medium"))
            conn.exec_driver_sql(PIECES)
            conn.commit()
            peer = stack.enter_context(martin(url, program))
            ways.append(way("Martin", peer, [one.martin() for one in questions[:HOT]]))
        sizes = sorted(map(len, bodies))
        print(f"Load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        mean, median = sum(sizes) / len(sizes), sizes[len(sizes) // 2]
        print(f"Bytes of a tile: {mean:,.0f} on average, {median:,} in the middle")
        compared(ways, chosen.repeats, chosen.seconds)
        draw = random.Random(chosen.seed)
        asked = stream(chosen.requests, chosen.exponent, addresses[HOT:], draw)
        streamed(plain.meter, ways[3].meter, asked)


if __name__ == "__main__":
    main()
