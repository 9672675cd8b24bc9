"""Archives from strangers: unpacked only when every member is what it should be."""

from __future__ import annotations

import shutil
import stat
import zipfile
from pathlib import Path, PurePosixPath

from geo.errors import Finding, InvalidFile

MAX_MEMBERS = 200
MAX_BYTES = 4 << 30
MAX_RATIO = 200
#: Small members compress well without harm; the ratio is looked at above this size.
RATIO_FROM_BYTES = 1 << 20


def _fault(member: zipfile.ZipInfo) -> str | None:
    """Return what is wrong with a member, or None."""
    name = PurePosixPath(member.filename.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts or ":" in member.filename or "\0" in member.filename:
        return "a relative path inside the archive"
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "a plain file: no link, no device"
    if member.flag_bits & 1:
        return "a member without password"
    if member.file_size > RATIO_FROM_BYTES and member.file_size > MAX_RATIO * max(member.compress_size, 1):
        return f"a member that unpacks to at most {MAX_RATIO} times its size"
    return None


def unpack(archive: Path, folder: Path) -> list[Path]:
    """Unpack a zip into an empty folder and return its files, sorted.

    Every member is looked at before the first byte is written, and the bytes written are counted: a
    header may lie.

    Raises
    ------
    InvalidFile : no zip, cut off, too many members or bytes, a path or link that leads outside
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = opened.infolist()
            if len(members) > MAX_MEMBERS:
                raise InvalidFile(f"The archive has {len(members)} members, at most {MAX_MEMBERS} are read")
            faults = [(member, fault) for member in members if (fault := _fault(member)) is not None]
            if faults:
                findings = [Finding("archive", "member", m.filename[:80], fault) for m, fault in faults[:20]]
                raise InvalidFile("The archive has members that are not unpacked", findings)
            return _written(opened, members, folder)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError) as error:
        raise InvalidFile(f"{archive.name} is no whole zip archive: {error}") from error


def _written(opened: zipfile.ZipFile, members: list[zipfile.ZipInfo], folder: Path) -> list[Path]:
    left = MAX_BYTES
    files = []
    for member in members:
        if member.is_dir():
            continue
        target = folder.joinpath(*PurePosixPath(member.filename.replace("\\", "/")).parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        left -= member.file_size
        if left < 0:
            raise InvalidFile(f"The archive unpacks to more than {MAX_BYTES >> 30} GiB")
        # zipfile reads no more than the size in the directory, and checks the CRC at the end
        with opened.open(member) as source, target.open("xb") as sink:
            shutil.copyfileobj(source, sink)
        files.append(target)
    return sorted(files)
