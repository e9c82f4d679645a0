"""Rules for people: their sentences, and whom they judge."""

from collections.abc import Collection, Sequence
from typing import Any

from alerts.registry_columns import Registry, load_registry
from alerts.rule_phrases import LANGUAGES
from alerts.rule_scope import Scope, scopes, with_counted
from alerts.rule_sentences import form_of, sentences
from alerts.rules import AnyRule
from config.database import Connection


def rules_in_words(
    connection: Connection,
    rules: Sequence[AnyRule],
    only: Collection[str] | None = None,
    registry: Registry | None = None,
) -> list[dict[str, Any]]:
    """The rules of a set by number, or those of certain ids; the sensors are those of the registry."""
    wanted = [rule for rule in rules if only is None or rule.id in only]
    registry = registry or load_registry(connection)
    scope = scopes(connection, registry, rules if only is None else with_counted(rules, only))
    return [_told(rule, scope[rule.id]) for rule in sorted(wanted, key=lambda rule: (rule.number, rule.id))]


def _told(rule: AnyRule, scope: Scope) -> dict[str, Any]:
    form = form_of(rule)
    return {
        "id": rule.id,
        "file": f"{rule.id}.toml",
        "number": rule.number,
        "kind": form["kind"],
        "label": form["label"],
        "first_action": form["first_action"],
        "said": {language: sentences(rule, language) for language in LANGUAGES},
        "scope": scope,
    }
