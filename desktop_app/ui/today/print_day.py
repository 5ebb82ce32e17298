"""A day on paper: the figures, the hours as bars, and each line and area, as PDF."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from PySide6.QtCore import QBuffer, QCoreApplication, QIODevice, QMarginsF, QRectF, QSizeF, Qt, QUrl
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QImage,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
    QTextDocument,
    QTransform,
)  # fmt: skip

from desktop_app.services.today_figures import FULL_COVERAGE, HourFigures, ZoneDay
from desktop_app.ui.theme import LIGHT
from desktop_app.ui.today.event_table import seconds_words

translate = QCoreApplication.translate
MARGIN_MM, DPI = 16.0, 300
CHART_PX = (2100, 620)
"""A picture of the hours at 300 dots an inch, as wide as the text."""
CHART_WIDTH, CHART_HEIGHT = 670, 198
"""The same in the points of the page's text, 96 an inch."""
CHART_URL = "chart:hours"
WIDTHS = (28, 18, 7, 7, 8, 12, 10, 10)
"""Of the table's columns, in percent."""
STYLE = f"""
body {{ font-size: 10pt; color: {LIGHT.text}; }}
h1 {{ font-size: 19pt; margin: 0; }}
p.soft, td.soft {{ color: {LIGHT.soft}; }}
td.figure {{ font-size: 22pt; font-weight: 600; }}
th {{ color: {LIGHT.soft}; font-weight: 600; text-align: left; }}
"""


@dataclass(frozen=True, slots=True)
class DayPaper:
    """What is printed, in the owner's words.

    Attributes:
        figures: (name, value) as the screen shows them.
        rows: the table of lines and areas, heads first.
        file_name: what a file of it is called, without its ending.
        note: what is to be known of these figures; may be empty.
    """

    store: str
    day: str
    figures: tuple[tuple[str, str], ...]
    hours: tuple[HourFigures, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    made: str = ""
    file_name: str = "day"


def zone_rows(
    zones: Sequence[ZoneDay], *, heads: Sequence[str], label: Callable[[str, str | None], str]
) -> tuple[tuple[str, ...], ...]:
    """The table as the screen has it; what a zone does not measure stays empty."""
    rows = [tuple(heads)]
    for zone in zones:
        stays = zone.stays
        rows.append(
            (
                label(zone.camera_id, zone.zone_id),
                label(zone.camera_id, None),
                str(zone.in_count) if zone.is_line else "",
                str(zone.out_count) if zone.is_line else "",
                str(stays.n) if stays else "",
                seconds_words(stays.p50_s) if stays else "",
                seconds_words(stays.p90_s) if stays else "",
                "" if zone.peak_people is None else str(zone.peak_people),
            )
        )
    return tuple(rows)


def paper_html(paper: DayPaper) -> str:
    """The page; the hours' picture is the resource ``CHART_URL``."""
    values = "".join(f'<td class="figure">{escape(value)}</td>' for _, value in paper.figures)
    names = "".join(f'<td class="soft">{escape(name)}</td>' for name, _ in paper.figures)
    legend = translate(
        "DayPaper", "People per hour: in (dark), out (light). Hatched: the cameras did not see all of the hour."
    )
    return (
        f'<body><h1>{escape(paper.day)}</h1><p class="soft">{escape(paper.store)}</p>'
        f'<table width="100%" cellpadding="3"><tr>{values}</tr><tr>{names}</tr></table>'
        f'<p><img src="{CHART_URL}" width="{CHART_WIDTH}" height="{CHART_HEIGHT}"></p><p class="soft">{escape(legend)}</p>'
        f'{_table(paper.rows)}<p class="soft">{escape(paper.note)}</p><p class="soft">{escape(paper.made)}</p></body>'
    )


def _table(rows: Sequence[Sequence[str]]) -> str:
    if len(rows) < 2:
        return ""
    heads = "".join(
        f'<th align="{_side(i)}" width="{WIDTHS[i]}%">{escape(words)}</th>' for i, words in enumerate(rows[0])
    )
    body = "".join(
        "<tr>" + "".join(f'<td align="{_side(i)}">{escape(words)}</td>' for i, words in enumerate(row)) + "</tr>"
        for row in rows[1:]
    )
    return f'<table width="100%" cellpadding="4" cellspacing="0"><thead><tr>{heads}</tr></thead>{body}</table>'


def _side(column: int) -> str:
    return "left" if column < 2 else "right"


def day_pdf(paper: DayPaper) -> bytes:
    """The page as a PDF of A4. May run in any thread."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setTitle(f"{paper.store} {paper.day}".strip())
    writer.setCreator("Wink Analytics")
    writer.setResolution(DPI)
    margins = QMarginsF(MARGIN_MM, MARGIN_MM, MARGIN_MM, MARGIN_MM)
    writer.setPageLayout(
        QPageLayout(
            QPageSize(QPageSize.PageSizeId.A4), QPageLayout.Orientation.Portrait, margins, QPageLayout.Unit.Millimeter
        )
    )
    document = QTextDocument()
    document.setDefaultFont(QFont("Sans Serif", 10))
    document.setDocumentMargin(0)
    document.addResource(QTextDocument.ResourceType.ImageResource, QUrl(CHART_URL), hours_picture(paper.hours))
    document.setDefaultStyleSheet(STYLE)
    document.setHtml(paper_html(paper))
    # Laid out in the printer's dots, else Qt adds a margin and a page number of its own.
    document.documentLayout().setPaintDevice(writer)
    document.setPageSize(QSizeF(writer.width(), writer.height()))
    document.print_(writer)
    buffer.close()
    return bytes(buffer.data().data())


def hours_picture(hours: Sequence[HourFigures]) -> QImage:
    """Bars per hour, dark for in, light for out; hours that were not wholly seen are hatched."""
    width, height = CHART_PX
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor("#ffffff"))
    image.setDotsPerMeterX(round(DPI / 0.0254))
    image.setDotsPerMeterY(round(DPI / 0.0254))
    if not hours:
        return image
    painter = QPainter(image)
    font = QFont("Sans Serif")
    font.setPixelSize(34)
    painter.setFont(font)
    below, left = 56, 90
    area = QRectF(left, 16, width - left, height - below - 16)
    top = max(4, *(max(hour.in_count, hour.out_count) for hour in hours))
    _scale(painter, area, top)
    slot = area.width() / len(hours)
    for index, hour in enumerate(hours):
        x = area.left() + index * slot
        if hour.coverage is not None and hour.coverage < FULL_COVERAGE:
            painter.fillRect(QRectF(x, area.top(), slot, area.height()), _hatch(1.0 - hour.coverage))
        if not hour.is_blind:
            for part, count, colour in ((0.12, hour.in_count, LIGHT.accent), (0.5, hour.out_count, "#d9a441")):
                tall = area.height() * count / top
                painter.fillRect(QRectF(x + part * slot, area.bottom() - tall, 0.36 * slot, tall), QColor(colour))
        painter.setPen(QColor(LIGHT.soft))
        painter.drawText(
            QRectF(x, area.bottom() + 4, slot, below - 4), Qt.AlignmentFlag.AlignCenter, f"{hour.starts_at:%H}"
        )
    painter.end()
    return image


def _scale(painter: QPainter, area: QRectF, top: int) -> None:
    for share in (0.0, 0.5, 1.0):
        y = area.bottom() - share * area.height()
        painter.setPen(QColor(LIGHT.edge))
        painter.drawLine(round(area.left()), round(y), round(area.right()), round(y))
        painter.setPen(QColor(LIGHT.soft))
        box = QRectF(0, y - 20, area.left() - 12, 40)
        painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{round(share * top)}")


def _hatch(missing: float) -> QBrush:
    colour = QColor(LIGHT.faint)
    colour.setAlpha(60 + round(110 * missing))
    brush = QBrush(colour, Qt.BrushStyle.BDiagPattern)
    brush.setTransform(QTransform().scale(3, 3))
    return brush
