"""The container without Docker: what compose.yaml and the Dockerfile say, done with a mount namespace.

    unshare --mount --propagation private -- python -m api_tests.container VOLUMES ACCOUNT COMMAND…

The machine's own files take the place of the image's: they are read-only where the container's are, what is
declared writable is empty and writable, and the command runs as an account without rights.
"""

from __future__ import annotations

import json
import os
import pwd
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from service.settings import HOME

#: Where the image has the folder of this project, at the beginning of a path.
APPLICATION = re.compile(r"(?<![^:])/chiiki(?=/|$)")
#: Of the system: a container has them as well, made by its runtime.
KERNEL = ("/proc", "/sys", "/dev")
#: The interpreter may lie in a folder that only its owner enters, unlike the image's. Reading is allowed.
CAPABILITY = "-all,+dac_read_search"


@dataclass(frozen=True)
class Container:
    """What is declared of the service's container.

    Attributes
    ----------
    command : what it runs
    environment : what the image sets, and ``compose.yaml`` the address that readers know
    user : whom the image runs as
    own_folders : folders of the image that belong to the user
    temporary : folders that are empty at each start and writable
    volumes : folders that stay, and are writable for whom they belong to
    """

    command: tuple[str, ...]
    environment: dict[str, str]
    user: str
    own_folders: frozenset[str]
    is_read_only: bool
    temporary: tuple[str, ...]
    volumes: tuple[str, ...]


def _instructions(stage: str) -> Iterator[tuple[str, str]]:
    """Yield the instructions of a Dockerfile's stage, each on one line."""
    joined = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", stage, flags=re.MULTILINE))
    for line in filter(None, map(str.strip, joined.splitlines())):
        name, _, rest = line.partition(" ")
        yield name, rest.strip()


def container() -> Container:
    """Return the service's container as it is declared."""
    service = yaml.safe_load((HOME / "compose.yaml").read_text(encoding="utf-8"))["services"]["chiiki"]
    last_stage = re.split(r"^FROM ", (HOME / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)[
        -1
    ]
    told = list(_instructions(last_stage))
    environment = dict(
        pair.split("=", 1) for name, rest in told if name == "ENV" for pair in shlex.split(rest)
    )
    named, _, usual = service["environment"]["CHIIKI_PUBLIC_URL"].strip("${}").partition(":-")
    environment[named] = usual
    user = next(rest for name, rest in told if name == "USER")
    made = re.compile(rf"install -d -o {user} -g {user} (\S+)")
    temporary = service.get("tmpfs", [])
    return Container(
        command=tuple(json.loads(next(rest for name, rest in told if name == "CMD"))),
        environment={name: APPLICATION.sub(str(HOME), value) for name, value in environment.items()},
        user=user,
        own_folders=frozenset(found for name, rest in told if name == "RUN" for found in made.findall(rest)),
        is_read_only=bool(service.get("read_only")),
        temporary=tuple(
            one.split(":")[0] for one in ([temporary] if isinstance(temporary, str) else temporary)
        ),
        volumes=tuple(one.split(":")[1] for one in service.get("volumes", [])),
    )


def _mount(*words: str | Path) -> None:
    subprocess.run(["mount", *map(str, words)], check=True)


def _bind_volume(target: Path, source: Path) -> None:
    if not target.is_dir():  # made in memory, so that the machine's own folder stays as it is
        parent = next(one for one in target.parents if one.is_dir())
        _mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", parent)
        target.mkdir(parents=True)
    _mount("--bind", source, target)


def _protect(writable: Sequence[Path]) -> None:
    """Make everything read-only but the kernel's folders and those that are writable."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        _, _, _, _, escaped, options, *_ = line.split(" ")
        target = Path(escaped.encode().decode("unicode_escape"))
        if target in writable or any(target.is_relative_to(kernel) for kernel in KERNEL):
            continue
        if target.exists():  # and is not hidden by what was mounted over it
            kept = [option for option in options.split(",") if option not in ("rw", "ro")]
            _mount("-o", ",".join(["remount", "bind", "ro", *kept]), target)


def main(volumes: Path, account: str, *command: str) -> None:
    """Mount what is declared and become the command."""
    declared = container()
    runs_as = pwd.getpwnam(account)
    is_root = os.geteuid() == 0 and runs_as.pw_uid != 0
    for number, target in enumerate(declared.volumes):
        source = volumes / str(number)
        source.mkdir()
        if is_root and target in declared.own_folders:
            os.chown(source, runs_as.pw_uid, runs_as.pw_gid)
        elif target not in declared.own_folders:
            source.chmod(0o555)
        _bind_volume(Path(target), source)
    for temporary in declared.temporary:
        _mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", temporary)
    if declared.is_read_only:
        _protect([Path(one) for one in (*declared.volumes, *declared.temporary)])
    rights = [f"--{kind}={CAPABILITY}" for kind in ("bounding-set", "inh-caps", "ambient-caps")]
    becoming = [f"--reuid={account}", f"--regid={runs_as.pw_gid}", "--clear-groups"] if is_root else []
    words = ["setpriv", "--no-new-privs", *rights, *becoming, "--", *command]
    os.execvp(words[0], words)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
