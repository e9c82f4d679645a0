"""Known vulnerabilities and licences of everything that is pinned; part of `make check`.

Exit status 1 for a known vulnerability and for a licence that is not on the list. Where the advisories cannot be
asked (a closed network, a mirror without them) it says plainly that nothing was audited, and that is no failure.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ("requirements.txt", "requirements-dev.txt")
LOCKS = ("web/package-lock.json", "tests/timescale/package-lock.json")
_PATIENCE_S = 60

# Licences that the product may be given on with; the copyleft ones (LGPL, MPL) bind changes to those files alone.
ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BlueOak-1.0.0",
    "CC0-1.0",
    "ISC",
    "LGPL-2.1-or-later",
    "LGPL-3.0-only",
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "MPL-2.0",
    "OFL-1.1",
    "PSF-2.0",
    "PostgreSQL",
    "Unlicense",
    "Zlib",
}
# What packages write that do not use the SPDX names.
SPELLINGS = {
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "BSD 2-Clause License": "BSD-2-Clause",
    "BSD License": "BSD-3-Clause",
    # pypdfium2, for tests only: its own two, and those of what PDFium is built of, all of them permissive.
    "BSD-3-Clause, Apache-2.0, dependency licenses": "BSD-3-Clause AND Apache-2.0",
    "ISC License": "ISC",
    "BDS-3-Clause": "BSD-3-Clause",  # as splaytree-ts spells it; its LICENSE is the BSD one
    "ISC License (ISCL)": "ISC",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.1-or-later",
    "MIT License": "MIT",
    "Mozilla Public License 1.1 (MPL 1.1)": "MPL-1.1",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "PSFL": "PSF-2.0",
    "Python Software Foundation License": "PSF-2.0",
}


def python_findings(answer: Mapping[str, Any]) -> tuple[list[str], int, list[str]]:
    """Of pip-audit's JSON: what is vulnerable, how many were audited, which were not."""
    rows = answer.get("dependencies", [])
    vulnerable = [
        f"{row['name']} {row['version']}: {', '.join(one['id'] for one in row['vulns'])}"
        f" (mended in {', '.join(row['vulns'][0].get('fix_versions', [])) or 'no version yet'})"
        for row in rows
        if row.get("vulns")
    ]
    skipped = [row["name"] for row in rows if "skip_reason" in row]
    return vulnerable, len(rows) - len(skipped), skipped


def npm_findings(answer: Mapping[str, Any]) -> tuple[list[str], str]:
    """Of npm audit's JSON: what is vulnerable, and why nothing is known ("" where it is)."""
    if "vulnerabilities" not in answer:
        status = answer.get("statusCode")
        return [], f"the registry answers {status}" if status else "the registry does not answer"
    found = answer["vulnerabilities"].items()
    return [f"{name}: {row['severity']}, {row['range']}" for name, row in found], ""


def is_allowed(licence: str) -> bool:
    """Whether an SPDX expression, or another spelling, is on the list; of alternatives one is enough."""
    plain = SPELLINGS.get(licence, licence)
    alternatives = [plain] if "(" in plain else plain.split(" OR ")
    return any(set(_words(one)) <= ALLOWED and bool(_words(one)) for one in alternatives)


def _words(expression: str) -> list[str]:
    return [word for word in re.split(r"[\s()]+", expression) if word and word not in ("AND", "OR")]


def licence_of(name: str) -> str:
    """What an installed package says of itself."""
    found = metadata(name)
    classifiers = [one.split(" :: ")[-1] for one in found.get_all("Classifier") or [] if one.startswith("License ::")]
    if len(classifiers) > 1:  # as everybody writes them who gives a choice
        classifiers = [" OR ".join(SPELLINGS.get(one, one) for one in classifiers)]
    told = [found.get("License-Expression"), *classifiers, found.get("License")]
    return next((one.strip() for one in told if one and one.strip()), "")


def pins(path: Path) -> list[str]:
    """The names in a requirements file."""
    return [line.split("==")[0] for line in path.read_text(encoding="utf-8").splitlines() if "==" in line]


def _audit_python() -> list[str]:
    faults = []
    for name in REQUIREMENTS:
        command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "--progress-spinner", "off"]
        answer = _json([*command, "--format", "json", "--requirement", str(PROJECT / name)], PROJECT)
        vulnerable, audited, skipped = python_findings(answer)
        faults += vulnerable
        if not audited:
            print(f"not audited: {name}: the advisories cannot be asked here")
        else:
            print(f"{name}: {audited} packages audited, {len(vulnerable)} with known vulnerabilities")
            if skipped:
                print(f"not audited: {', '.join(skipped)}: no advisories for them here")
    return faults


def _audit_npm() -> list[str]:
    npm = shutil.which("npm")
    faults = []
    for name in LOCKS:
        if npm is None:
            print(f"not audited: {name}: there is no npm on this machine")
            continue
        vulnerable, why = npm_findings(_json([npm, "audit", "--json"], (PROJECT / name).parent))
        faults += vulnerable
        print(f"not audited: {name}: {why}" if why else f"{name}: audited, {len(vulnerable)} known vulnerabilities")
    return faults


def _json(command: list[str], folder: Path) -> Mapping[str, Any]:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=_PATIENCE_S, check=False)
        found = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _licences() -> Iterator[tuple[str, str]]:
    for name in [name for file in REQUIREMENTS for name in pins(PROJECT / file)]:
        try:
            yield name, licence_of(name)
        except PackageNotFoundError:  # for another Python or system than this one
            continue
    for lock in LOCKS:
        packages = json.loads((PROJECT / lock).read_text(encoding="utf-8"))["packages"]
        yield from ((path.split("node_modules/")[-1], row.get("license", "")) for path, row in packages.items() if path)


def _check_licences() -> list[str]:
    found = list(_licences())
    faults = [f"{name}: licence {licence or 'not told'!r}" for name, licence in found if not is_allowed(licence)]
    print(f"licences of {len(found)} packages looked at, {len(faults)} not on the list of {Path(__file__).name}")
    return faults


def main() -> int:
    """Audit all of it; 1 where something is wrong."""
    faults = [*_audit_python(), *_audit_npm(), *_check_licences()]
    for fault in faults:
        print(f"  {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
