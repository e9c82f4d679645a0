"""XML from strangers: no document type, no entities, nothing fetched, bounded in size and depth."""

from typing import Any

from lxml import etree

from alerts.warnings import WarningRefused

MOST_BYTES = 1_048_576

Element = Any  # lxml brings no types


def parse_xml(raw: bytes, what: str) -> Element:
    """The root element; raises WarningRefused with the line where it is no XML or more than may be read.

    libxml2 itself stops entity bombs, depths over 256 and texts over 10 MB while `huge_tree` is off.
    """
    if len(raw) > MOST_BYTES:
        too_large = f"it has {len(raw)} bytes, at most {MOST_BYTES} are read"
        raise WarningRefused("size", what, too_large, "send several messages, or shapes with fewer points")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        reason = str(error.msg).split("\n", maxsplit=1)[0]
        raise WarningRefused("xml", f"{what}, line {error.lineno}", reason, "send well-formed XML") from error
    except ValueError as error:  # an encoding that is not known, and such
        raise WarningRefused("xml", what, str(error), "send well-formed XML in UTF-8") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise WarningRefused("xml", what, "it has a document type (DOCTYPE)", "send it without one: CAP has none")
    return root
