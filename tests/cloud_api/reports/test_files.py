"""Files of reports: what they hold, whatever stores are called."""

from __future__ import annotations

import io
import re
import zlib
from datetime import UTC, date, datetime

import openpyxl

from cloud_api.kit.language import speaking
from cloud_api.reports.files import as_csv, as_pdf, as_xlsx, legible
from cloud_api.reports.report import Part, Report, Table

NAMES = ("Αθήνα Ερμού", "Łódź Piotrkowska", "İstanbul Şişli", "Київ Хрещатик", "Malmö Södergatan", "東京 銀座")


def report() -> Report:
    rows = tuple((n, name, 1000 * n + 0.5, None) for n, name in enumerate(NAMES, 1))
    table = Table(
        Part.STORES, "Stores", ("Rank", "Store", "People in", "Coverage"), rows, chart=2, note="Žádný – ‘none’"
    )
    return Report("Übersicht Ελλάδα", NAMES, date(2026, 3, 1), date(2026, 3, 31), datetime.now(UTC), True, (table,))


def test_names_in_latin_greek_and_cyrillic_print_as_they_are_and_others_as_question_marks() -> None:
    for name in NAMES[:-1]:
        assert legible(name) == name
    assert legible(NAMES[-1]) == "?? ??"


def test_a_pdf_carries_its_fonts_and_the_characters_behind_its_glyphs() -> None:
    body = as_pdf(report())
    assert body.startswith(b"%PDF-")
    assert b"/FontFile2" in body
    unpacked = b""
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", body, flags=re.DOTALL):
        try:
            unpacked += zlib.decompress(stream)
        except zlib.error:
            unpacked += stream
    # Copied text is text again: the letters stand in the table from glyphs to characters.
    for letter in "ΑθήναŁźİŞКХ":
        assert f"<{ord(letter):04X}>".encode() in unpacked.upper(), letter


def test_csv_and_xlsx_keep_every_character_and_numbers_stay_numbers() -> None:
    with speaking("de-DE"):
        text = as_csv(report()).decode("utf-8-sig")
        book = openpyxl.load_workbook(io.BytesIO(as_xlsx(report())))
    assert "6,東京 銀座,6000.5," in text
    assert book["Stores"]["B7"].value == "東京 銀座"
    assert book["Stores"]["C7"].value == 6000.5
