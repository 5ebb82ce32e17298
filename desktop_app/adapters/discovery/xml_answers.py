"""XML that anybody on the network may have sent: bounded, without entities, read by local names."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator


def parse_xml(data: bytes) -> ET.Element | None:
    """The root, or None of what is no XML. Declarations of types and entities are refused: they can blow up."""
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        return None
    try:
        return ET.fromstring(data)  # noqa: S314 - entities are refused above, the caller bounds the size
    except (ET.ParseError, ValueError, LookupError):
        return None


def local_name(tag: str) -> str:
    """``{namespace}Name`` -> ``Name``."""
    return tag.rpartition("}")[2]


def all_named(parent: ET.Element, name: str) -> Iterator[ET.Element]:
    """Every element of this local name under ``parent``, in the order of the document."""
    return (child for child in parent.iter() if local_name(child.tag) == name)


def first_named(parent: ET.Element, *path: str) -> ET.Element | None:
    """The first element at a path of local names, each anywhere under the one before."""
    found: ET.Element | None = parent
    for name in path:
        found = next(all_named(found, name), None) if found is not None else None
    return found


def text_of(parent: ET.Element, *path: str) -> str:
    """The trimmed text of the first element at a path of local names; empty if there is none."""
    found = first_named(parent, *path)
    return (found.text or "").strip() if found is not None else ""
