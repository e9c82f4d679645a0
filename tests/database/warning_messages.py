"""CAP messages that the tests of official warnings send."""

AREA = "<area><areaDesc>{0}</areaDesc><geocode><valueName>code</valueName><value>{0}</value></geocode></area>"


def info(
    *,
    event: str = "11B37",
    severity: str = "Severe",
    effective: str = "2020-08-18T12:00:00+08:00",
    expires: str | None = "2020-08-19T12:00:00+08:00",
    area: str = AREA.format("500114005"),
    more: str = "",
) -> str:
    ends = "" if expires is None else f"<expires>{expires}</expires>"
    return f"""<info><language>zh-CN</language><category>Geo</category><event>{event}</event>{more}
<urgency>Expected</urgency><severity>{severity}</severity><certainty>Likely</certainty>
<eventCode><valueName>type</valueName><value>{event}</value></eventCode>
<effective>{effective}</effective>{ends}<headline>预警 {event}</headline>{area}</info>"""


def cap(identifier: str = "one", *infos: str, sent: str = "2020-08-18T12:00:00+08:00", **changed: str) -> bytes:
    said = {
        "identifier": identifier,
        "sender": "50011441600000",
        "sent": sent,
        "status": "Actual",
        "msgType": "Alert",
        "scope": "Public",
    } | changed
    head = "".join(f"<{tag}>{text}</{tag}>" for tag, text in said.items())
    return f'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">{head}{"".join(infos)}</alert>'.encode()


def ends(*identifiers: str) -> str:
    """The references of an update or a cancel."""
    return " ".join(f"50011441600000,{identifier},2020-08-18T12:00:00+08:00" for identifier in identifiers)
