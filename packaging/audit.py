"""Ask for known vulnerabilities of every pinned version; never call unasked ones good.

pip-audit itself ends with "No known vulnerabilities found" when no package could be looked up.
Ends with 0 when all were asked about and none is vulnerable, 1 when one is, 2 when any could not
be asked about.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PINS = sorted((Path(__file__).resolve().parent / "requirements").glob("*.txt"))
SERVICES = ("pypi", "osv")
CLEAN, VULNERABLE, UNKNOWN = range(3)


def judged(report: Mapping[str, Any]) -> tuple[int, list[str]]:
    """Return the exit code and what to say of a report, pip-audit's JSON."""
    audited = [
        dependency for dependency in report["dependencies"] if "skip_reason" not in dependency
    ]
    skipped = [
        dependency["name"] for dependency in report["dependencies"] if "skip_reason" in dependency
    ]
    vulnerabilities = [(dependency, flaw) for dependency in audited for flaw in dependency["vulns"]]
    lines = [
        f"{dependency['name']} {dependency['version']}: {flaw['id']}, fixed in"
        f" {', '.join(flaw['fix_versions']) or 'no version yet'}"
        for dependency, flaw in vulnerabilities
    ]
    lines.append(
        f"{len(audited)} pinned versions asked about, {len(vulnerabilities)} vulnerabilities known"
    )
    if skipped or not audited:
        lines.append(
            f"NOT AUDITED: {len(skipped)} could not be asked about"
            f" ({', '.join(skipped[:5])}{', …' if len(skipped) > 5 else ''})"
        )
    return VULNERABLE if vulnerabilities else UNKNOWN if skipped or not audited else CLEAN, lines


def ask(service: str) -> tuple[int, list[str]]:
    """Return the exit code and the lines of one advisory service about the pins."""
    done = subprocess.run(
        [sys.executable, "-m", "pip_audit", "-s", service, "-f", "json", "--no-deps",
         "--disable-pip", "--progress-spinner", "off", *(f"-r{path}" for path in PINS)],
        capture_output=True, text=True, check=False)  # fmt: skip
    try:
        return judged(json.loads(done.stdout))
    except (ValueError, KeyError, TypeError):
        reason = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        return UNKNOWN, [f"NOT AUDITED: {service} could not be asked: {reason[:300]}"]


def main() -> int:
    """Ask one service after the other until one knows."""
    code = UNKNOWN
    for service in SERVICES:
        code, lines = ask(service)
        print("\n".join(f"{service}: {line}" for line in lines), flush=True)
        if code != UNKNOWN:
            break
    return code


if __name__ == "__main__":
    sys.exit(main())
