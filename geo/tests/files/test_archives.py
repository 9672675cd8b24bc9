"""Archives from strangers: nothing is unpacked unless all of it may be."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from geo.errors import InvalidFile
from geo.files.archives import MAX_MEMBERS, inflated, tarred, unpack


def archive_of(path: Path, *members: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members:
            archive.writestr(name, body)
    return path


def tar_of(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for member, body in members:
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return path


def test_a_whole_archive_is_unpacked(tmp_path: Path) -> None:
    archive = archive_of(tmp_path / "a.zip", ("N03/b.dbf", b"b"), ("N03/a.shp", b"a"))
    files = unpack(archive, tmp_path / "out")
    assert [(f.name, f.read_bytes()) for f in files] == [("a.shp", b"a"), ("b.dbf", b"b")]


@pytest.mark.parametrize(
    "name", ["../outside", "a/../../outside", "/outside", "..\\outside", "C:\\outside", "\\outside"]
)
def test_a_path_that_leads_outside_is_refused(tmp_path: Path, name: str) -> None:
    archive = archive_of(tmp_path / "a.zip", ("first.shp", b"x"), (name, b"x"))
    with pytest.raises(InvalidFile, match="a relative path inside the archive"):
        unpack(archive, tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["a.zip"]  # the first member was not written either


@pytest.mark.parametrize("kind", [0o120777, 0o010644, 0o020644], ids=["link", "pipe", "device"])
def test_what_is_no_plain_file_is_refused(tmp_path: Path, kind: int) -> None:
    member = zipfile.ZipInfo("a.shp")
    member.external_attr = kind << 16
    with pytest.raises(InvalidFile, match="no link, no device"):
        unpack(archive_of(tmp_path / "a.zip", (member, b"/etc/passwd")), tmp_path / "out")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    archive = archive_of(tmp_path / "a.zip", ("a.shp", bytes(64 << 20)))
    with pytest.raises(InvalidFile, match="at most 200 times its size"):
        unpack(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    archive = archive_of(tmp_path / "a.zip", *((f"{n}.shp", b"") for n in range(MAX_MEMBERS + 1)))
    with pytest.raises(InvalidFile, match="201 members"):
        unpack(archive, tmp_path / "out")


def test_a_name_that_comes_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.shp", b"one")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.shp", b"two")
    with pytest.raises(InvalidFile):
        unpack(path, tmp_path / "out")


@pytest.mark.parametrize("keep", [0.0, 0.01, 0.5, 0.99])
def test_a_zip_that_was_cut_off_is_refused(tmp_path: Path, keep: float) -> None:
    path = archive_of(tmp_path / "a.zip", ("a.shp", os.urandom(5000)))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    with pytest.raises(InvalidFile, match="no whole zip archive"):
        unpack(path, tmp_path / "out")


def test_a_zip_with_damaged_content_is_refused(tmp_path: Path) -> None:
    path = archive_of(tmp_path / "a.zip", ("a.shp", b"chiiki " * 2000))
    damaged = bytearray(path.read_bytes())
    damaged[40:60] = b"\xff" * 20
    path.write_bytes(damaged)
    with pytest.raises(InvalidFile, match="no whole zip archive"):
        unpack(path, tmp_path / "out")


def test_gzip_is_read_whole_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    packed = gzip.compress(os.urandom(5000))
    path.write_bytes(packed)
    assert len(inflated(path)) == 5000
    path.write_bytes(packed[:3000])
    with pytest.raises(InvalidFile, match="no whole gzip file"):
        inflated(path)
    path.write_bytes(packed[:20] + b"\xff" * 40 + packed[60:])
    with pytest.raises(InvalidFile, match="no whole gzip file"):
        inflated(path)


def test_a_gzip_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(bytes(64 << 20)))
    with pytest.raises(InvalidFile, match="200 times its size"):
        inflated(path)


def test_members_of_a_tar_are_given_without_being_written(tmp_path: Path) -> None:
    path = tar_of(tmp_path / "a.tar.gz", (tarfile.TarInfo("../../01202.json"), b"{}"))
    assert list(tarred(path)) == [("../../01202.json", b"{}")]
    assert [p.name for p in tmp_path.iterdir()] == ["a.tar.gz"]


def test_a_link_in_a_tar_is_refused(tmp_path: Path) -> None:
    link = tarfile.TarInfo("01202.json")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with pytest.raises(InvalidFile, match="no link, no device"):
        list(tarred(tar_of(tmp_path / "a.tar.gz", (link, b""))))


def test_a_tar_bomb_is_refused(tmp_path: Path) -> None:
    path = tar_of(tmp_path / "a.tar.gz", (tarfile.TarInfo("01202.json"), bytes(64 << 20)))
    with pytest.raises(InvalidFile, match="200 times its size"):
        list(tarred(path))


def test_a_tar_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    path = tar_of(tmp_path / "a.tar.gz", (tarfile.TarInfo("01202.json"), os.urandom(50_000)))
    path.write_bytes(path.read_bytes()[:30_000])
    with pytest.raises(InvalidFile, match="no whole archive"):
        list(tarred(path))


def windows_zip(path: Path, *members: tuple[bytes, bytes]) -> Path:
    """A zip as Windows in Japanese makes it: names in cp932, no flag that says so."""
    names = {f"{'x' * len(name)}{place}": name for place, (name, _) in enumerate(members)}
    with zipfile.ZipFile(path, "w") as archive:
        for plain, (_, content) in zip(names, members, strict=True):
            archive.writestr(plain, content)
    raw = path.read_bytes()
    for plain, name in names.items():
        raw = raw.replace(plain.encode(), name + plain[len(name) :].encode())
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize("encoding", ["cp932", "utf-8"])
@pytest.mark.parametrize("name", ["市区町村一覧表.shp", "能登/表/ソ.shp", "函館市.shp"])
def test_a_name_written_without_saying_how_is_read_as_windows_wrote_it(
    tmp_path: Path, name: str, encoding: str
) -> None:
    # 表, 能 and ソ end with the byte 5C, which alone is a backslash
    archive = windows_zip(tmp_path / "a.zip", (name.encode(encoding), b"1"))
    assert unpack(archive, tmp_path / "out") == [tmp_path / "out" / f"{name}0"]


def test_folders_parted_by_backslashes_are_folders(tmp_path: Path) -> None:
    archive = windows_zip(tmp_path / "a.zip", ("表\\一覧.shp".encode("cp932"), b"1"))
    assert unpack(archive, tmp_path / "out") == [tmp_path / "out" / "表" / "一覧.shp0"]


def test_a_name_that_leads_outside_is_refused_in_any_encoding(tmp_path: Path) -> None:
    archive = windows_zip(tmp_path / "a.zip", ("表\\..\\..\\一覧".encode("cp932"), b"1"))
    with pytest.raises(InvalidFile, match="not unpacked"):
        unpack(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()
