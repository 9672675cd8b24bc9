from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from geo.errors import InvalidFile
from geo.figures.ages import CLASSES, Ages, read_ages, together

#: 皆野町 11362, census of 1980: men and women of each class as published.
MEN = (460, 541, 469, 466, 330, 437, 518, 411, 389, 425, 452, 377, 300, 230, 188, 124, 84, 28, 7, 1)
WOMEN = (420, 551, 465, 434, 370, 449, 469, 385, 368, 450, 480, 508, 342, 298, 237, 172, 117, 50, 15, 0)


def published(path: Path, classes: tuple[str, ...]) -> Path:
    lines = ["level,code,sex,age,1980,1985"]
    for place, age in enumerate(classes):
        lines += [f"city,11362,{sex},{age},{place},{place * base}" for sex, base in (("M", 2), ("F", 3))]
        lines.append(f"city,11362,T,{age},999,999")
    with gzip.open(path, "wt", encoding="utf-8") as opened:
        opened.write("\n".join(lines))
    return path


def test_the_groups_of_minano_in_1980_are_those_of_the_census() -> None:
    ages = Ages(MEN, WOMEN, "census")
    assert (ages.total, ages.unknown) == (12_817, 1)
    assert [ages.between(0, 14), ages.between(15, 64), ages.between(65, None)] == [2_906, 8_360, 1_550]


def test_people_of_two_areas_are_added_class_by_class() -> None:
    both = together([Ages(MEN, WOMEN, "census"), Ages(MEN, WOMEN, "census")])
    assert (both.men[0], both.women[-2], both.unknown) == (920, 30, 2)


def test_a_published_table_is_read_by_area_year_and_sex(tmp_path: Path) -> None:
    first, second = read_ages(published(tmp_path / "ages.csv.gz", CLASSES))
    assert first == ("11362", 1980, tuple(range(20)), tuple(range(20)))
    assert second == ("11362", 1985, tuple(range(0, 40, 2)), tuple(range(0, 60, 3)))


def test_a_table_without_unknown_ages_has_nobody_of_unknown_age(tmp_path: Path) -> None:
    _, _, men, women = next(read_ages(published(tmp_path / "ages.csv.gz", CLASSES[:-1])))
    assert (men[-1], women[-1], men[-2]) == (0, 0, 18)


def test_a_table_that_lacks_a_class_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="11362: age is 'M', expected 85-89"):
        list(read_ages(published(tmp_path / "ages.csv.gz", CLASSES[:17])))
