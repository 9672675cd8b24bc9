"""How a child is shut in for good before it reads what a stranger made.

Run as ``python -m service.confinement MODULE ORDER WORD…`` by ``service.child``; forks of ``service.forks``
do the same. Linux has several walls, of which containers and old kernels lack some: each is tried, and told
where it does not stand. Little is imported: each child pays for it.
"""

from __future__ import annotations

import ctypes
import errno
import importlib
import json
import math
import os
import resource
import signal
import struct
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import NoReturn, TypedDict

#: The walls: Landlock, seccomp, another user or a user namespace, a network namespace.
FILES, CALLS, USER, NETWORK = "files", "calls", "user", "network"
WALLS = (FILES, CALLS, USER, NETWORK)
#: With these two a child that was taken over reads no secret and reaches no socket; the others stand behind.
NEEDED = frozenset({FILES, CALLS})
#: How a child ends that may not work without them.
NOT_SHUT_IN = 78
#: ``nobody``; taken where the service runs as root and its program can be read by everybody.
NOBODY = 65534
#: Whoever asked ends a child that takes too long; where nobody is left, it ends after this.
SPARE_S = 30

#: The walls that stand around this process.
standing: set[str] = set()

_libc = ctypes.CDLL(None, use_errno=True)
_HOME = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))


class Order(TypedDict):
    """What a child is bound to.

    Attributes
    ----------
    seconds : of processor time; somewhat later it ends by itself as well
    limits : of ``resource``, by their numbers
    reads : files and folders that it may read besides its program
    folder : where it may write; its temporary files are there too; none when empty
    user : whose rights it has from then on; None for its own
    strict : it does nothing where a wall that is needed does not stand
    """

    seconds: float
    limits: dict[str, int]
    reads: list[str]
    folder: str
    user: int | None
    strict: bool


def main(name: str, told: str, *words: str) -> NoReturn:
    """Do what a module's ``main`` does, shut in once that is imported; without a name tell what stands."""
    order: Order = json.loads(told)
    limit(order)
    answer(_work_of(name, words) if name else _tell, order)


def _work_of(name: str, words: Sequence[str]) -> Callable[[], None]:
    module = importlib.import_module(name)
    if prepare := getattr(module, "prepare", None):
        prepare(*words)

    def work() -> None:
        module.main(*words)

    return work


def _tell() -> None:
    json.dump([wall for wall in WALLS if wall in standing], sys.stdout)


def answer(work: Callable[[], object], order: Order) -> NoReturn:
    """Do the work shut in and end, without what else is done when a process ends."""
    code = 1
    try:
        limit(order)
        missing = shut_in(order)
        if missing and order["strict"]:
            code = NOT_SHUT_IN
            sys.stderr.write(
                f"This machine cannot shut children in, as CHIIKI_REQUIRE_SANDBOX wants: {', '.join(missing)}"
            )
        else:
            work()
            sys.stdout.flush()
            code = 0
    except BaseException:  # noqa: BLE001 (whatever it is, this is where the process ends and tells it)
        sys.excepthook(*sys.exc_info())  # imports nothing
    finally:
        try:
            sys.stderr.flush()
        finally:
            os._exit(code)


def limit(order: Order) -> None:
    """Bound time and what else the order says; what is bound already stays."""
    signal.alarm(math.ceil(order["seconds"]) + SPARE_S)
    for kind, most in order["limits"].items():
        _bound(int(kind), most)


def _bound(kind: int, most: int) -> None:
    """Set a limit for good, or leave a lower one that is set already."""
    already = resource.getrlimit(kind)[1]
    most = most if already == resource.RLIM_INFINITY else min(most, already)
    resource.setrlimit(kind, (most, most))


def shut_in(order: Order) -> list[str]:
    """Put up every wall that this machine has; return which of those that are needed do not stand."""
    if order["folder"]:
        os.environ["TMPDIR"] = order["folder"]
        if made := sys.modules.get("tempfile"):
            vars(made)["tempdir"] = None  # which was looked for before
    files = _ruleset([*program(), *order["reads"]], order["folder"])
    standing.update(_apart(order["user"]))
    _drop_capabilities()
    _prctl(_NO_NEW_PRIVS, 1)
    _prctl(_DUMPABLE, 0)
    _prctl(_DEATH_OF_PARENT, signal.SIGKILL)  # it ends with the thread that waits for it
    if files is not None and _restricted(files):
        standing.add(FILES)
    if _filtered(FORBIDDEN):
        standing.add(CALLS)
    return sorted(NEEDED - standing)


def program() -> Iterator[str]:
    """Yield what a child may read of the machine: its program, libraries, and what they look up."""
    in_checkout = os.path.isfile(f"{_HOME}/pyproject.toml")
    yield from (entry for entry in sys.path if not (in_checkout and entry == _HOME))
    yield from (f"{_HOME}/geo", f"{_HOME}/service", f"{sys.base_prefix}/lib", f"{sys.prefix}/lib")
    yield from ("/lib", "/lib64", "/usr/lib", "/usr/local/lib", "/etc/ld.so.cache")
    yield from ("/usr/share/zoneinfo", "/etc/localtime", "/dev/null", "/dev/urandom")
    yield from ("/etc/mime.types", "/etc/apache2/mime.types", "/etc/httpd/conf/mime.types")
    yield from ("/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu")


def user_for(folder: str) -> int | None:
    """Return the user whose rights a child takes, None where it keeps those it has.

    Parameters
    ----------
    folder : in which it writes; none when empty
    """
    if os.geteuid():
        return None
    ways: set[str] = set()
    for path in filter(None, (os.__file__, __file__, folder)):
        way = os.path.realpath(path)
        while way != (way := os.path.dirname(way)):
            ways.add(way)
    return NOBODY if all(os.stat(way).st_mode & 0o001 for way in ways) else None


def keep_to_itself() -> None:
    """Let no process of the same user read this one's memory or environment, where Landlock does not."""
    if landlock_version() < 1 and os.geteuid():
        _prctl(_DUMPABLE, 0)


# --- namespaces, users and capabilities: unshare(2), capabilities(7)

_NEW_USER, _NEW_NETWORK, _NEW_IPC, _NEW_UTS = 0x10000000, 0x40000000, 0x08000000, 0x04000000
_NO_NEW_PRIVS, _DUMPABLE, _DEATH_OF_PARENT = 38, 4, 1
_SECCOMP, _MODE_FILTER = 22, 2
_CAPABILITY_VERSION_3 = 0x20080522


def _prctl(option: int, value: int) -> None:
    _libc.prctl(option, value, 0, 0, 0)


def _apart(user: int | None) -> Iterator[str]:
    """Leave the machine's network and the rights of the user; yield what was left."""
    others = _NEW_NETWORK | _NEW_IPC | _NEW_UTS
    if user is None:
        # its ids are mapped to none: it is nobody there, and has no right here that it did not have
        if _libc.unshare(_NEW_USER | others) == 0:
            yield from (USER, NETWORK)
            # counted in the namespace: the service's own threads are not among them
            _bound(resource.RLIMIT_NPROC, MOST_THREADS)
        return
    if _libc.unshare(others) == 0:
        yield NETWORK
    try:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    except PermissionError:  # a container whose root may not
        return
    yield USER


#: Of one child, where they can be counted.
MOST_THREADS = 64


def _drop_capabilities() -> None:
    head = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    _libc.capset(ctypes.create_string_buffer(head), ctypes.create_string_buffer(bytes(24)))


# --- files: landlock(7); the numbers of its calls are the same on every machine

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_WRITE, _READ, _LIST, _TRUNCATE, _REFER = 1 << 1, 1 << 2, 1 << 3, 1 << 14, 1 << 13
_REMOVE, _MAKE = 1 << 4 | 1 << 5, 1 << 7 | 1 << 8 | 1 << 12
#: How many rights over files each version has; from 4 on TCP, from 6 on abstract sockets and signals.
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
_ALL_RIGHTS, _ALL_TCP, _ALL_SCOPES = 16, 3, 3


def _call(number: int, *values: object) -> int:
    return int(_libc.syscall(ctypes.c_long(number), *values))


def landlock_version() -> int:
    """Return the version of Landlock that the kernel has, 0 for none."""
    return max(0, _call(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(1)))


def _ruleset(reads: Iterable[str], folder: str) -> int | None:
    """Return rules that let files be read and the folder be written to, None where there is no Landlock."""
    version = landlock_version()
    if not version:
        return None
    handled = (1 << _RIGHTS.get(version, _ALL_RIGHTS)) - 1
    parts = struct.pack("=QQQ", handled, _ALL_TCP, _ALL_SCOPES)[
        : 8 if version < 4 else 16 if version < 6 else 24
    ]
    rules = _call(
        _CREATE_RULESET, ctypes.create_string_buffer(parts, len(parts)), ctypes.c_size_t(len(parts)), 0
    )
    if rules < 0:
        return None
    for path in dict.fromkeys(reads):
        _allow(rules, path, _READ | _LIST)
    _allow(rules, "/dev/null", _READ | _WRITE)
    if folder:
        _allow(rules, folder, (_READ | _LIST | _WRITE | _TRUNCATE | _REFER | _REMOVE | _MAKE) & handled)
    return rules


def _allow(rules: int, path: str, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # it is not there, so it is not read
        return
    if not os.path.isdir(path):
        rights &= _READ | _WRITE | _TRUNCATE
    rule = struct.pack("=Qi", rights, opened)
    _call(_ADD_RULE, ctypes.c_int(rules), 1, ctypes.create_string_buffer(rule, len(rule)), 0)
    os.close(opened)


def _restricted(rules: int) -> bool:
    """Return whether the rules hold from now on."""
    # they hold for this thread and what it begins; another one would be outside
    alone = len(os.listdir("/proc/self/task")) == 1
    done = _call(_RESTRICT_SELF, ctypes.c_int(rules), 0) == 0
    os.close(rules)
    return done and alone


# --- calls: seccomp(2)

#: No socket; no other program or process; nothing that sees, stops or changes one; no namespace, mount or
#: key; nothing that Landlock does not look at. Call → its numbers on x86-64 and arm64, None for none.
FORBIDDEN: dict[str, tuple[int | None, int | None]] = {
    "socket": (41, 198),
    "io_uring_setup": (425, 425),
    "execve": (59, 221),
    "execveat": (322, 281),
    "fork": (57, None),
    "vfork": (58, None),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "kcmp": (312, 272),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "setpriority": (141, 140),
    "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "ioprio_set": (251, 30),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "semget": (64, 190),
    "semctl": (66, 191),
    "semop": (65, 193),
    "semtimedop": (220, 192),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
    "quotactl": (179, 60),
    "syslog": (103, 116),
    "personality": (135, 92),
    "chmod": (90, None),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "truncate": (76, 45),
}
#: Calls that may be made of oneself alone: the first argument is 0 or one's own number.
_OF_ITSELF = {"kill": (62, 129), "tgkill": (234, 131), "prlimit64": (302, 261)}
_CLONE, _CLONE3, _THREAD = (56, 220), 435, 0x00010000
#: machine → its place above, and its name for seccomp
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_X32 = 0x40000000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST = 0, 4, 16
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000


#: Operation, how far to go where it holds and where not, number.
Line = tuple[int, int, int, int]


def _filtered(forbidden: Collection[str]) -> bool:
    """Return whether calls are refused from now on."""
    lines = filter_lines(forbidden, os.uname().machine)
    return bool(lines) and install(lines)


def install(lines: Iterable[Line]) -> bool:
    """Return whether a filter holds from now on."""
    lines = list(lines)
    code = b"".join(struct.pack("=HBBI", *line) for line in lines)
    kept = ctypes.create_string_buffer(code, len(code))
    told = ctypes.create_string_buffer(struct.pack("@HP", len(lines), ctypes.addressof(kept)))
    return bool(_libc.prctl(_SECCOMP, _MODE_FILTER, told, 0, 0) == 0)


def filter_lines(forbidden: Collection[str], machine: str) -> list[Line]:
    """Return the filter of a machine; none for one whose numbers are not known."""
    if machine not in _MACHINES:
        return []
    place, name = _MACHINES[machine]
    refused = (_RETURN, 0, 0, _ERROR | errno.EPERM)
    lines = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, name),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":
        lines += [(_AT_LEAST, 0, 1, _X32), refused]
    for call in forbidden:
        number = FORBIDDEN[call][place]
        if number is not None:
            lines += [(_EQUAL, 0, 1, number), refused]
    # a new thread is one's own; where its newer call is unknown, the C library takes the older one
    lines += [(_EQUAL, 0, 1, _CLONE3), (_RETURN, 0, 0, _ERROR | errno.ENOSYS)]
    allowed = (_RETURN, 0, 0, _ALLOW)
    lines += [
        (_EQUAL, 0, 4, _CLONE[place]),
        (_LOAD, 0, 0, _FIRST),
        (_ANY_BIT, 1, 0, _THREAD),
        refused,
        allowed,
    ]
    for numbers in _OF_ITSELF.values():
        lines += [(_EQUAL, 0, 5, numbers[place]), (_LOAD, 0, 0, _FIRST)]
        lines += [(_EQUAL, 2, 0, 0), (_EQUAL, 1, 0, os.getpid()), refused, allowed]
    return [*lines, allowed]


if __name__ == "__main__":
    main(*sys.argv[1:])
