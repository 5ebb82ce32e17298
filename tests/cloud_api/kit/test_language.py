"""Numbers as readers write them."""

from __future__ import annotations

import random

import pytest
from babel import numbers

from cloud_api.kit.language import LOCALES, number, speaking


@pytest.mark.parametrize("locale", [*LOCALES, "hi_IN", "ja_JP"])
@pytest.mark.parametrize("digits", [0, 1, 2])
def test_numbers_are_written_as_babel_writes_them(locale: str, digits: int) -> None:
    source = random.Random(digits)
    pattern = f"#,##0.{'0' * digits}" if digits else "#,##0"
    values = [0, 7, 999, 1000, 9999, 10_000, 1_234_567, 0.5, 1.5, 2.5, 2.675, 0.05, 0.25, 999.96, -3, -0.2, 1e21, 1e-7]
    values += [round(source.uniform(0, 10**e), source.randint(0, 4)) for e in range(7) for _ in range(30)]
    with speaking(locale) as language:
        assert [number(v, digits=digits) for v in values] == [
            numbers.format_decimal(v, format=pattern, locale=language.numbers) for v in values
        ]
