"""The site of deploy/nginx somewhere else than where it ships to: what tests and benchmarks let nginx run."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path

from service.settings import HOME

CONFIGURATION = HOME / "deploy/nginx/chiiki.conf"
SITE = "chiiki.example"
PROGRAM = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin")
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def write_certificate(folder: Path) -> Path:
    """Write a key and a certificate of the site that signs itself; return the certificate's path."""
    subject = ["-subj", f"/CN={SITE}", "-addext", f"subjectAltName=DNS:{SITE}"]
    files = ["-keyout", f"{folder}/privkey.pem", "-out", f"{folder}/fullchain.pem"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, *files],
        check=True,
        capture_output=True,
    )
    return folder / "fullchain.pem"


def write_site(folder: Path, places: Mapping[str, str], shipped: Path = CONFIGURATION) -> Path:
    """Write nginx's configuration with everything in ``folder``; return its path.

    Parameters
    ----------
    places : what of the shipped text is to be something else; the cache and the certificate are already
    """
    told = shipped.read_text(encoding="utf-8")
    own = {"/var/cache/nginx/chiiki": f"{folder}/cache", f"/etc/letsencrypt/live/{SITE}": str(folder)}
    for ours, here in {**own, **places}.items():
        assert ours in told, ours
        told = told.replace(ours, here)
    folders = "".join(f"{name}_temp_path {folder}/{name};\n" for name in TEMPORARY)
    around = f"daemon off;\npid {folder}/pid;\nerror_log {folder}/errors;\nworker_processes 1;\n"
    if os.geteuid() == 0:
        around = f"user root;\n{around}"  # the folder of a test belongs to root
    path = folder / "nginx.conf"
    path.write_text(
        f"{around}events {{ worker_connections 1024; }}\nhttp {{\naccess_log off;\n{folders}{told}\n}}\n"
    )
    return path
