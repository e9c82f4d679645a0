"""The audit fails on what is known, and says so plainly where nothing can be known."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    path = Path(__file__).parents[1] / "tools" / "audit_dependencies.py"
    found = importlib.util.spec_from_file_location("audit_dependencies", path)
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_a_known_vulnerability_is_told_with_its_remedy(audit: ModuleType) -> None:
    """The form that pip-audit answers in."""
    answer = {
        "dependencies": [
            {"name": "a", "version": "1", "vulns": []},
            {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}, {"id": "GHSA-2"}]},
            {"name": "c", "skip_reason": "Dependency not found on PyPI and could not be audited: c (1)"},
        ]
    }
    assert audit.python_findings(answer) == (["b 2: PYSEC-1, GHSA-2 (mended in 3)"], 2, ["c"])
    assert audit.python_findings({}) == ([], 0, [])


def test_npms_answer_or_its_absence(audit: ModuleType) -> None:
    vulnerable = {"leaflet": {"severity": "high", "range": "<1.9.5"}}
    assert audit.npm_findings({"vulnerabilities": vulnerable}) == (["leaflet: high, <1.9.5"], "")
    assert audit.npm_findings({"vulnerabilities": {}}) == ([], "")
    assert audit.npm_findings({"message": "405", "statusCode": 405}) == ([], "the registry answers 405")
    assert audit.npm_findings({}) == ([], "the registry does not answer")


@pytest.mark.parametrize(
    ("answers", "status", "said"),
    [
        ({"dependencies": [{"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1"}]}]}, 1, "b 2: PYSEC-1"),
        ({"dependencies": [{"name": "b", "version": "2", "vulns": []}]}, 0, "1 packages audited"),
        ({}, 0, "not audited: requirements.txt"),
    ],
)
def test_only_what_is_known_fails(
    audit: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answers: dict[str, object],
    status: int,
    said: str,
) -> None:
    monkeypatch.setattr(audit, "_json", lambda command, _: answers if "pip_audit" in command else {})
    assert audit.main() == status
    shown = capsys.readouterr()
    assert said in shown.out + shown.err and "not audited: web/package-lock.json" in shown.out


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("BSD License", True),
        ("EPL-2.0 OR BSD-3-Clause", True),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", True),
        ("GPL-3.0-only", False),
        ("MIT AND GPL-3.0-only", False),
        ("AGPL-3.0-or-later OR Proprietary", False),
        ("", False),
        ("GNU Affero General Public License v3", False),
    ],
)
def test_which_licences_are_on_the_list(audit: ModuleType, licence: str, allowed: bool) -> None:
    assert audit.is_allowed(licence) is allowed
