"""Operators' notes: what is planted in place of their file or its lock stops no thread."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from collectd_fedmsg_dashboard.web.notes import Mark, Marks

from collectd_fedmsg.errors import StoreError


@pytest.mark.parametrize("name", ["marks", "marks.lock"])
def test_a_pipe_in_place_of_a_file(tmp_path: Path, name: str) -> None:
    """It is refused with a reason, to read and to write; once it is gone, notes are kept again."""
    marks, planted = Marks(tmp_path / "marks"), tmp_path / name
    os.mkfifo(planted)
    with pytest.raises(StoreError, match="no regular file"):
        marks.add(Mark("1", 100, "text"))
    if name == "marks":
        with pytest.raises(StoreError, match="no regular file"):
            marks.between(0, 200)
    planted.unlink()
    marks.add(Mark("1", 100, "text"))
    assert [mark["id"] for mark in marks.between(0, 200)] == ["1"]


@pytest.mark.parametrize(
    "line",
    [
        '{"id": "1", "time": "x", "text": "t"}',
        '{"id": "1", "time": 1.5, "text": "t"}',
        '{"id": "1", "time": true, "text": "t"}',
        '{"id": "1", "time": 1, "text": ["t"]}',
        '{"id": "1", "time": 1, "text": "t", "daemon": null}',
        '{"id": "1"}',
        "[]",
        "[" * 100_000,
    ],
    ids=lambda line: line[:60],
)
def test_a_line_that_is_no_note(tmp_path: Path, line: str) -> None:
    """It is one error of the file, never an exception where times are compared."""
    (tmp_path / "marks").write_text(line)
    with pytest.raises(StoreError, match="marks: "):
        Marks(tmp_path / "marks").between(0, 200)
