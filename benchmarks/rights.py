"""`shijing bench rights`: people, rights and rosters of a whole city, one after the other on databases of their own."""

from typing import Any

from benchmarks import rights_people, rights_roster, rights_scope


def run() -> dict[str, Any]:
    """`duty_lookup_ms` {p50, p95}, `scope_overhead_ms`, `roster_import_s`, and what each of them is made of."""
    duty, scope, roster = rights_people.run(), rights_scope.run(), rights_roster.run()
    return {
        "duty_lookup_ms": duty["duty_lookup_ms"],
        "scope_overhead_ms": scope["scope_overhead_ms"],
        "roster_import_s": roster["roster_import_s"],
        "duty": duty,
        "scope": scope,
        "roster": roster,
    }


def lines(result: dict[str, Any]) -> list[str]:
    """For people."""
    return [
        *rights_people.lines(result["duty"]),
        *rights_scope.lines(result["scope"]),
        *rights_roster.lines(result["roster"]),
    ]
