"""The page's scripts as one file: each module once, after what it needs, nothing left to import."""

from __future__ import annotations

import re

import pytest
from collectd_fedmsg_dashboard.web import bundles
from collectd_fedmsg_dashboard.web.static_files import FOLDER, load


@pytest.mark.parametrize("entry", bundles.ENTRIES)
def test_modules_come_after_what_they_need(entry):
    """Each has its own scope and uses earlier ones only."""
    text = bundles.joined(FOLDER, entry)
    assert not re.search(r"^(import|export)\b", text, re.M)
    order = re.findall(r"^const \$(\w+) = \(\(\) => \{", text, re.M)
    assert len(set(order)) == len(order)
    assert order[-1] == entry
    for name, body in zip(order, re.split(r"^const \$\w+ = ", text, flags=re.M)[1:]):
        needed = re.findall(r"= \$(\w+);", body)
        assert all(order.index(needed_module) < order.index(name) for needed_module in needed), name


def test_every_sheet_is_in_the_style():
    """Also plotly's, whose own style element the policy forbids."""
    style, kind = load(bundles.STYLE, "")
    assert kind.startswith("text/css")
    for sheet in FOLDER.glob("*.css"):
        assert sheet.read_bytes() in style, sheet.name


@pytest.mark.parametrize(
    "sources",
    [
        pytest.param(
            {
                "a": 'import { b } from "./b.js";\nexport const a = b;\n',
                "b": 'import { a } from "./a.js";\nexport const b = a;\n',
            },
            id="circle",
        ),
        pytest.param({"a": 'export { b } from "./b.js";\n'}, id="form-not-known"),
        pytest.param({"a": "export let a = 1;\nexport default a;\n"}, id="default"),
    ],
)
def test_what_cannot_be_joined_is_refused(tmp_path, sources):
    """A script that would fail in the browser fails when it is made."""
    for name, text in sources.items():
        (tmp_path / f"{name}.js").write_text(text, "utf-8")
    with pytest.raises(ValueError, match=r"a\.js"):
        bundles.joined(tmp_path, "a")
