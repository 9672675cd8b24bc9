"""Archives from strangers: unpacked only when every member is what it should be."""

from __future__ import annotations

import gzip
import io
import lzma
import shutil
import stat
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from geo.errors import Finding, InvalidFile

MAX_MEMBERS = 200
#: Of a tar of one file per municipality.
MAX_TAR_MEMBERS = 4000
MAX_BYTES = 4 << 30
MAX_RATIO = 200
#: Small members compress well without harm; the ratio is looked at above this size.
RATIO_FROM_BYTES = 1 << 20
#: Tables of dBASE are blanks for the most part (P11 has 73 columns of up to 254 characters, most of them
#: empty), and compress as well as a bomb does: they are bounded by their size alone.
PADDED, MAX_PADDED = ".dbf", 1 << 29
#: What a zip that is cut off, damaged, locked or packed in an unknown way raises.
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,  # a password, NotImplementedError
)
_IS_UTF_8 = 0x800


def member_name(member: zipfile.ZipInfo) -> str:
    """Return the name of a member as its author wrote it, its folders parted by ``/``.

    Windows in Japanese writes names in cp932 without saying so (APPNOTE 4.4.4 knows cp437 and UTF-8 alone),
    and there a backslash can be the second byte of a letter (表 is 95 5C).
    """
    name = member.filename
    if not member.flag_bits & _IS_UTF_8:
        for encoding in ("utf-8", "cp932"):
            try:
                name = member.filename.encode("cp437").decode(encoding)
                break
            except UnicodeError:
                continue
    return name.replace("\\", "/")


def _fault(member: zipfile.ZipInfo) -> str | None:
    """Return what is wrong with a member, or None."""
    name = PurePosixPath(member_name(member))
    if name.is_absolute() or ".." in name.parts or ":" in str(name) or "\0" in str(name):
        return "a relative path inside the archive"
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "a plain file: no link, no device"
    if member.flag_bits & 1:
        return "a member without password"
    if name.suffix.lower() == PADDED and member.file_size <= MAX_PADDED:
        return None
    if member.file_size > RATIO_FROM_BYTES and member.file_size > MAX_RATIO * max(member.compress_size, 1):
        return f"a member that unpacks to at most {MAX_RATIO} times its size"
    return None


def holds_zips(archive: Path) -> bool:
    """Return whether a file is a zip of zips: a country whose prefectures are packed one by one."""
    try:
        with zipfile.ZipFile(archive) as opened:
            return any(member_name(member).lower().endswith(".zip") for member in opened.infolist())
    except UNREADABLE:
        return False


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
                finding = Finding("archive", "members", str(len(members)), f"at most {MAX_MEMBERS}")
                raise InvalidFile(f"The archive has {len(members)} members", [finding])
            faults = [(member, fault) for member in members if (fault := _fault(member)) is not None]
            if faults:
                findings = [Finding("archive", "member", member_name(m), fault) for m, fault in faults[:20]]
                raise InvalidFile("The archive has members that are not unpacked", findings)
            return _written(opened, members, folder)
    except UNREADABLE as error:
        finding = Finding(archive.name, "file", str(error), "a whole zip without password")
        raise InvalidFile(f"{archive.name} is no whole zip archive: {error}", [finding]) from error


def _written(opened: zipfile.ZipFile, members: list[zipfile.ZipInfo], folder: Path) -> list[Path]:
    left = MAX_BYTES
    files = []
    for member in members:
        if member.is_dir() or member_name(member).endswith("/"):
            continue
        target = folder.joinpath(*PurePosixPath(member_name(member)).parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        left -= member.file_size
        if left < 0:
            finding = Finding("archive", "size", "larger", f"at most {MAX_BYTES >> 30} GiB")
            raise InvalidFile("The archive unpacks to more than is read", [finding])
        # zipfile reads no more than the size in the directory, and checks the CRC at the end
        with opened.open(member) as source, target.open("xb") as sink:
            shutil.copyfileobj(source, sink)
        files.append(target)
    return sorted(files)


def inflated(path: Path) -> bytes:
    """Return what a gzip file holds.

    Raises
    ------
    InvalidFile : cut off, or larger than ``MAX_RATIO`` times its size
    """
    most = _most(path)
    try:
        with gzip.open(path) as opened:
            content = opened.read(most + 1)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        finding = Finding(path.name, "file", str(error), "a whole gzip file")
        raise InvalidFile(f"{path.name} is no whole gzip file: {error}", [finding]) from error
    if len(content) > most:
        raise _too_large(path, most)
    return content


def gunzipped(data: bytes, most: int, name: str) -> bytes:
    """Return what gzipped bytes hold, at most so many of them; bytes that are not gzipped as they are.

    Raises
    ------
    InvalidFile : cut off, or no gzip after its first two bytes
    """
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        with gzip.open(io.BytesIO(data)) as opened:
            return opened.read(most)
    except (EOFError, OSError, zlib.error) as error:
        finding = Finding("file", "gzip", str(error), "a whole gzip file")
        raise InvalidFile(f"{name} is no whole gzip file: {error}", [finding]) from error


def text_of(path: Path) -> tuple[str, bytes]:
    """Return name and content of a text, which may be gzipped or the only file of a zip.

    The name is what refusals call it: that of the zip and of its member.

    Raises
    ------
    InvalidFile : as ``unpack`` and ``inflated``; several files in a zip
    """
    with path.open("rb") as opened:
        start = opened.read(4)
    if start.startswith(b"\x1f\x8b"):
        return path.name, inflated(path)
    if start not in (b"PK\x03\x04", b"PK\x05\x06"):
        return path.name, path.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        files = [file for file in unpack(path, Path(folder)) if not file.name.startswith(".")]
        if len(files) != 1:
            told = ", ".join(file.name for file in files) or "nothing"
            finding = Finding(path.name, "members", told, "one text: unpack it, and name the texts to read")
            raise InvalidFile(f"{path.name} holds {len(files)} files", [finding])
        return f"{path.name} {files[0].name}", files[0].read_bytes()


def tarred(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file in a .tar.gz; nothing is written anywhere.

    Raises
    ------
    InvalidFile : cut off, too many members or bytes, a link or device
    """
    most = left = _most(path)
    try:
        # tarfile's own reader of gzip breaks off with faults of its own where the head is damaged
        with gzip.open(path) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
            for count, member in enumerate(archive):
                # The bytes of a member are inflated also where they are skipped, so all of them count.
                left -= member.size
                if count >= MAX_TAR_MEMBERS or left < 0:
                    raise _too_large(path, most)
                if member.isdir():
                    continue
                opened = archive.extractfile(member) if member.isreg() else None
                if opened is None:
                    finding = Finding("archive", "member", member.name, "a plain file: no link, no device")
                    raise InvalidFile("The archive has members that are not unpacked", [finding])
                yield member.name, opened.read()
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError) as error:
        finding = Finding("archive", "file", str(error), "a whole .tar.gz")
        raise InvalidFile(f"{path.name} is no whole archive: {error}", [finding]) from error


def _most(path: Path) -> int:
    return min(MAX_BYTES, max(RATIO_FROM_BYTES, MAX_RATIO * path.stat().st_size))


def _too_large(path: Path, most: int) -> InvalidFile:
    expected = f"at most {most} bytes ({MAX_RATIO} times its size) and {MAX_TAR_MEMBERS} members"
    return InvalidFile(
        f"{path.name} unpacks to more than is read", [Finding("archive", "size", "larger", expected)]
    )
