from __future__ import annotations

import pytest

from geo.errors import InvalidParameter
from geo.files.formats import FORMATS, check_encodable
from geo.files.writers import WRITERS


def test_every_format_has_a_writer() -> None:
    assert list(WRITERS) == list(FORMATS)


def test_a_sign_that_an_encoding_lacks_is_refused_by_name() -> None:
    columns: dict[str, list[object]] = {"code": ["10201", 1, None], "name": ["前橋市", "𠮷野町"]}
    check_encodable(columns, "utf-8")
    check_encodable({"name": ["前橋市", "㈱①髙"]}, "cp932")
    with pytest.raises(InvalidParameter) as refused:
        check_encodable(columns, "cp932")
    assert "'𠮷' of the column name" in refused.value.findings[0].expected
