"""Cut an RRD's dump back to an earlier moment.

Keeps what was measured until then, in every archive, and removes the rest: RRD accepts nothing
older than its newest value, so after a clock was set back the series would not grow.
"""

from __future__ import annotations

from xml.etree import ElementTree

UNKNOWN = "NaN"


def rewound(dump: str, at: int) -> str:
    """Return the dump without what is later than ``at`` (epoch seconds).

    The step that ``at`` falls in is unknown, and so is a row of an archive that it cuts.

    Raises:
        ValueError: it is no dump of an RRD, or the RRD was updated before ``at``.
    Source: rrddump(1), rrdrestore(1).
    """
    root = _parsed(dump)
    step, last = _number(root, "step"), _number(root, "lastupdate")
    if at > last:
        raise ValueError(f"was updated at {last}, before {at}")
    _set(root, "lastupdate", at)
    for source in root.findall("ds"):
        # No value to count from: the first step after this is a gap, never a spike.
        _set(source, "last_ds", "U")
        _set(source, "value", 0)
        _set(source, "unknown_sec", at % step)
    for archive in root.findall("rra"):
        width = step * _number(archive, "pdp_per_row")
        database = archive.find("database")
        if database is None:
            raise ValueError("an archive without rows")
        _shift(database, last // width - at // width)
        for prepared in archive.iterfind("cdp_prep/ds"):
            for name in ("primary_value", "secondary_value", "value"):
                _set(prepared, name, UNKNOWN)
            _set(prepared, "unknown_datapoints", at % width // step)
    return ElementTree.tostring(root, encoding="unicode")


def _shift(database: ElementTree.Element, gone: int) -> None:
    """Take the newest rows away and put as many unknown ones before the oldest."""
    rows = database.findall("row")
    kept = rows[: max(0, len(rows) - gone)]
    cut = rows[len(kept) :]
    for row in cut:
        for value in row.findall("v"):
            value.text = UNKNOWN
    # At once: taken out one by one they cost the square of their number.
    database[:] = [*cut, *kept]


def _parsed(dump: str) -> ElementTree.Element:
    try:
        # rrdtool's own output: numbers, and names of data sources.
        return ElementTree.fromstring(dump)  # noqa: S314
    except ElementTree.ParseError as error:
        raise ValueError(f"no dump of an RRD: {error}") from error


def _number(root: ElementTree.Element, name: str) -> int:
    text = root.findtext(name)
    if text is None:
        raise ValueError(f"no dump of an RRD: it has no {name}")
    return int(text)


def _set(parent: ElementTree.Element, name: str, value: object) -> None:
    element = parent.find(name)
    if element is None:
        raise ValueError(f"no dump of an RRD: it has no {name}")
    element.text = str(value)
