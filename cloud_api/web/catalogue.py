"""Collects every text of the pages into the template that translators begin with: ``make texts``.

A new language: ``pybabel init -i cloud_api/web/texts/messages.pot -d cloud_api/web/texts -l xx``, translate, then
``pybabel compile -d cloud_api/web/texts``.
"""

from __future__ import annotations

import io
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

from cloud_api.kit.language import TEXTS
from shared_models.metrics import METRICS

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = TEXTS / "messages.pot"
_KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "mark": None,
    "gettext": None,
    "ngettext": (1, 2),
    "_n": (1, 2),
}
_FILES = [("**/templates/**.html", "jinja2"), ("**.py", "python")]
_OPTIONS = {"**/templates/**.html": {"extensions": "jinja2.ext.i18n", "newstyle_gettext": "true", "silent": "false"}}


def catalogue() -> Catalog:
    """All texts: of templates, of Python, and the definitions that both programs share."""
    made = Catalog(project="wink-analytics", charset="utf-8", fuzzy=False)
    for folder in ("web", "insights", "reports", "kit"):
        found = extract_from_dir(
            str(ROOT / folder), method_map=_FILES, options_map=_OPTIONS, keywords=_KEYWORDS, comment_tags=(),
        )  # fmt: skip
        for name, _line, message, _comments, _context in sorted(found, key=lambda f: (f[0], f[1])):
            del name
            made.add(message)
    for metric in METRICS:
        made.add(metric.title)
        made.add(metric.definition)
    return made


def template() -> bytes:
    """The file, the same for the same texts."""
    file = io.BytesIO()
    write_po(file, catalogue(), no_location=True, omit_header=True, sort_output=True, width=0)
    return file.getvalue()


def main() -> None:
    """Write it."""
    TEMPLATE.parent.mkdir(exist_ok=True)
    TEMPLATE.write_bytes(template())


if __name__ == "__main__":
    main()
