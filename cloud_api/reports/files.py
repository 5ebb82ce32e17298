"""Reports as files: CSV, XLSX and PDF, each with the same numbers."""

from __future__ import annotations

import csv
import io
from datetime import date
from functools import lru_cache
from math import ceil
from pathlib import Path

import font_roboto
from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import XPos, YPos
from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from cloud_api.kit.language import current, day_and_month, long_day, mark, moment, number
from cloud_api.kit.language import gettext as _
from cloud_api.kit.language import ngettext as _n
from cloud_api.reports.report import Report, Table, Value
from cloud_api.reports.words import words_of

DEMO_WORDS = mark("Demo: these shops and the people counted in them do not exist.")
_GREEN, _INK, _QUIET = (13, 107, 98), (29, 36, 33), (93, 103, 99)
_FONTS = Path(font_roboto.__file__).parent / "files"
_REGULAR, _BOLD = _FONTS / "Roboto-Regular.ttf", _FONTS / "Roboto-Bold.ttf"


def as_csv(report: Report) -> bytes:
    """Sections below each other, each with its title and its columns."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([safe(report.title), report.first.isoformat(), report.last.isoformat()])
    if report.is_demo:
        writer.writerow([_(DEMO_WORDS)])
    for table in report.tables:
        writer.writerow([])
        writer.writerow([table.title])
        writer.writerow(table.columns)
        writer.writerows([[_plain(v) for v in row] for row in table.rows])
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(report: Report) -> bytes:
    """A sheet per section; numbers are numbers, days are days, not known is empty."""
    book = Workbook()
    cover = book.active
    cover.title = _("About")[:31]
    for line in ([report.title], [_("From"), report.first], [_("To"), report.last], [_("Stores"), len(report.stores)],
                 [_("Made"), report.made_at.replace(tzinfo=None, microsecond=0), "UTC"]):  # fmt: skip
        cover.append([safe(v) if isinstance(v, str) else v for v in line])
    if report.is_demo:
        cover.append([_(DEMO_WORDS)])
    cover["A1"].font = Font(bold=True, size=14)
    cover.column_dimensions["A"].width = 24
    cover.column_dimensions["B"].width = 20
    for table in report.tables:
        sheet = book.create_sheet(table.title[:31])
        sheet.append(list(table.columns))
        for row in table.rows:
            sheet.append([safe(v) if isinstance(v, str) else v for v in row])
        for cell in sheet[1]:
            cell.font = Font(bold=True)
        for n, name in enumerate(table.columns, 1):
            longest = max([len(name), *(len(str(row[n - 1] or "")) for row in table.rows)])
            sheet.column_dimensions[get_column_letter(n)].width = min(40, longest + 3)
        sheet.freeze_panes = "A2"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def safe(text: str) -> str:
    """A name that begins like a formula must not become one on somebody's machine."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _plain(value: Value) -> object:
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    return safe(value) if isinstance(value, str) else value


class _Paper(FPDF):
    def __init__(self, report: Report) -> None:
        super().__init__(format="A4")
        self._report = report
        self.add_font("Roboto", "", _REGULAR)
        self.add_font("Roboto", "B", _BOLD)
        self.set_title(report.title)
        self.set_lang(current().code)
        self.set_auto_page_break(auto=True, margin=18)

    def footer(self) -> None:
        self.set_y(-13)
        self.set_font("Roboto", size=8)
        self.set_text_color(*_QUIET)
        told = _("Wink Analytics, made %(moment)s UTC", moment=moment(self._report.made_at))
        if self._report.is_demo:
            told += f". {_(DEMO_WORDS)}"
        self.cell(0, 6, f"{told}   {self.page_no()}", align="C")


def as_pdf(report: Report) -> bytes:
    """A4, with a chart where a section has one."""
    paper = _Paper(report)
    paper.add_page()
    _line(paper, report.title, size=20, style="B")
    _line(
        paper,
        _spoken_days(report),
        size=11,
        colour=_QUIET,
    )
    whom, n_more = ", ".join(report.stores[:6]), len(report.stores) - 6
    if n_more > 0:
        whom = _n("%(stores)s and %(n)s more", "%(stores)s and %(n)s more", n_more, stores=whom)
    _line(paper, whom, size=11, colour=_QUIET)
    for table in report.tables:
        paper.ln(6)
        if paper.will_page_break(60):
            paper.add_page()
        _line(paper, table.title, size=14, style="B")
        if table.chart is not None and len(table.rows) > 1:
            _chart(paper, table, table.chart)
        _table(paper, table)
        if table.note:
            _line(paper, table.note, size=9, colour=_QUIET)
    return bytes(paper.output())


def legible(text: str) -> str:
    """Text in the characters that the fonts of the PDF have; others are shown as "?"."""
    return "".join(c if ord(c) in _drawn() else "?" for c in text)


@lru_cache(maxsize=1)
def _drawn() -> frozenset[int]:
    with TTFont(_REGULAR, lazy=True) as regular, TTFont(_BOLD, lazy=True) as bold:
        return frozenset(regular.getBestCmap()) & frozenset(bold.getBestCmap())


def _line(paper: FPDF, text: str, *, size: int, style: str = "", colour: tuple[int, int, int] = _INK) -> None:
    paper.set_font("Roboto", style=style, size=size)
    paper.set_text_color(*colour)
    paper.multi_cell(0, size * 0.5 + 1.5, legible(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _chart(paper: FPDF, table: Table, column: int) -> None:
    values = [float(v) if isinstance(v, (int, float)) else 0.0 for v in (row[column] for row in table.rows)]
    highest, height, width = max([*values, 1.0]), 36.0, paper.epw
    top, step = paper.get_y() + 2, width / max(8, len(values))
    paper.set_fill_color(*_GREEN)
    for n, value in enumerate(values):
        size = height * value / highest
        paper.rect(paper.l_margin + n * step + step * 0.15, top + height - size, step * 0.7, size, style="F")
    _names_below(paper, table, step=step, y=top + height + 0.8)
    paper.set_draw_color(*_QUIET)
    paper.line(paper.l_margin, top + height, paper.l_margin + width, top + height)
    paper.set_y(top + height + 5)
    _line(
        paper,
        _("%(column)s; the tallest is %(n)s", column=table.columns[column], n=number(highest)),
        size=8,
        colour=_QUIET,
    )


def _names_below(paper: FPDF, table: Table, *, step: float, y: float) -> None:
    """What each bar is of: the first column of words or days; as many as there is room for."""
    place = next((n for n, value in enumerate(table.rows[0]) if isinstance(value, (str, date))), 0)
    paper.set_font("Roboto", size=6)
    paper.set_text_color(*_QUIET)
    names = [legible(day_and_month(v) if isinstance(v, date) else words_of(v)) for v in (r[place] for r in table.rows)]
    is_days = isinstance(table.rows[0][place], date)
    widest = max(paper.get_string_width(name) for name in names) + 1
    every = max(1, ceil(widest / step)) if is_days else 1
    for n, name in enumerate(names):
        if n % every == 0:
            shown = name if is_days else _cut(paper, name, step - 0.5)
            x = paper.l_margin + (n + 0.5) * step - paper.get_string_width(shown) / 2
            paper.text(max(paper.l_margin, x), y + 2.4, shown)


def _spoken_days(report: Report) -> str:
    """One day is no span."""
    first = long_day(report.first)
    return first if report.first == report.last else _("%(first)s to %(last)s", first=first, last=long_day(report.last))


def _cut(paper: FPDF, name: str, width: float) -> str:
    """A name, shortened to fit under its bar; the table beside has it whole."""
    if paper.get_string_width(name) <= width:
        return name
    while name and paper.get_string_width(name + ".") > width:
        name = name[:-1]
    return name.rstrip() + "."


def _table(paper: FPDF, table: Table) -> None:
    paper.set_font("Roboto", size=9)
    paper.set_text_color(*_INK)
    paper.set_draw_color(200, 200, 195)
    paper.set_fill_color(255, 255, 255)  # a chart before it has filled its bars
    is_text = [all(isinstance(row[n], (str, date)) for row in table.rows) for n in range(len(table.columns))]
    widths = tuple(
        max(6, min(28, max([len(name) * 4 // 5, *(len(words_of(row[n])) for row in table.rows)])))
        for n, name in enumerate(table.columns)
    )
    with paper.table(
        col_widths=widths, text_align=tuple("LEFT" if t else "RIGHT" for t in is_text), borders_layout="HORIZONTAL_LINES",
        line_height=5.5,
    ) as drawn:  # fmt: skip
        for cells in (table.columns, *([words_of(v) for v in row] for row in table.rows)):
            row = drawn.row()
            for cell in cells:
                row.cell(legible(cell))
