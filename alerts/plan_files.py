"""Loading plan files: one plan or a list of plans to a file, checked before any of it is used."""

from collections.abc import Callable, Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import yaml

from alerts.edited import Step, convert
from alerts.errors import AlertsError, EditedFileError
from alerts.plan_way import wrong_way
from alerts.plans import Plan

_MEND = {
    "id": "write an id of its own, such as FLD-02 for a plan and T1 for a task",
    "name": "write the plan's name",
    "trigger": "write trigger: {any: [{rule: 6, level: yellow}]}",
    "any": "write a list with at least one condition, or use `all`",
    "all": "write a list with at least one condition, or use `any`",
    "rule": "write the rule's number in the list of default rules: {rule: 6, level: yellow}",
    "official": "write the event type code of the official warning: {official: 11B03, level: orange}",
    "report": "write in words what is reported: {report: 发现裂缝}",
    "level": "write blue, yellow, orange or red: {rule: 6, level: yellow}",
    "confirm_within_min": "write whole minutes, at least 1",
    "suppress": "write a list of reasons in words",
    "command": "write who commands, by place: command: {commander: …, a: …}",
    "levels": "write levels: {IV: …, III: …, II: …, I: …} or by colour",
    "tasks": "write at least one task: - {id: T1, post: …, do: …, limit_min: 5}",
    "post": "write the post that does it",
    "do": "write what is to be done",
    "backup": "write the post that stands in",
    "limit_min": "write whole minutes from the start of the run, at least 1: limit_min: 10",
    "limit_min_red": "write whole minutes, at least 1: limit_min_red: 10",
    "repeat_min": "write whole minutes between repeats, at least 1: repeat_min: 5",
    "evidence": "write what shows that it was done",
    "result": "write the choices for the answer as a list",
    "after": "write the ids of the tasks of this plan that come first, without a circle: after: [T3]",
    "terminate": "write terminate: {all: [预警解除], by: commander}",
    "by": "write a place that `command` of this plan has: by: commander",
    "review": "write review: {due_h: 72, items: [叫应率]}",
    "due_h": "write whole hours after the end, at least 1",
    "items": "write what the review covers as a list",
    "threatened": "write whole numbers: threatened: {households: 12, persons: 38}",
    "routes": "write routes: [{id: R1, avoid: …, to: S1}]",
    "avoid": "write what the route keeps clear of",
    "to": "write the id of a shelter of this plan: to: S1",
    "way": "write its points in their order: way: 106.571,29.557 106.579,29.560",
    "shelters": "write shelters: [{id: S1, name: …, capacity: 200}]",
    "capacity": "write a whole number of persons, at least 1",
    "resources": "write resources: [{item: 水泵, count: 3}]",
    "item": "write what it is",
    "count": "write a whole number",
    "notify": "write the parties to tell as a list",
    "upgrade": "write conditions as a list",
    "privacy": "write privacy: {show_on_wall: false, map: grid, delete_after_close_d: 30}",
    "show_on_wall": "write true or false",
    "map": "write point, grid or none",
    "delete_after_close_d": "write whole days",
}


def load_plans(folder: Path) -> list[Plan]:
    """The plans of every `*.yaml` in the folder; raises EditedFileError at the first fault."""
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise AlertsError(f"no plan files (*.yaml) in {folder}: name the folder that holds them")
    plans: list[Plan] = []
    where: dict[str, Path] = {}
    for path in paths:
        for plan in load_plan_file(path):
            if plan.id in where:
                raise EditedFileError(path, 1, f"plan `id` {plan.id} is in {where[plan.id].name} too", _MEND["id"])
            where[plan.id] = path
            plans.append(plan)
    return plans


def composed(path: Path, raw: bytes) -> tuple[object, Callable[[int], int]]:
    """What a file says, and the line that each entry of its list begins at; raises EditedFileError."""
    root = _compose(path, raw)
    _refuse_traps(path, root, set())
    return _construct(path, root), lambda number: _line_of(root, [number])


def load_plan_file(path: Path) -> list[Plan]:
    """The plans of one file; raises EditedFileError."""
    root = _compose(path, path.read_bytes())
    _refuse_traps(path, root, set())
    data = _construct(path, root)
    is_list = isinstance(data, list)

    def line_of(steps: Sequence[Step]) -> int:
        return _line_of(root, steps if is_list else steps[1:])

    plans = convert(data if is_list else [data], list[Plan], path=path, line_of=line_of, mend=_MEND)
    for number, plan in enumerate(plans):
        for steps, reason in _faults(plan):
            key = next(step for step in reversed(steps) if isinstance(step, str))
            raise EditedFileError(path, line_of([number, *steps]), f"plan {plan.id}: {reason}", _MEND[key])
        if plan.id in [earlier.id for earlier in plans[:number]]:
            raise EditedFileError(path, line_of([number, "id"]), f"plan `id` {plan.id} is here twice", _MEND["id"])
    return plans


def _compose(path: Path, raw: bytes) -> yaml.Node | None:
    try:
        return yaml.compose(raw.decode("utf-8-sig"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise EditedFileError(path, line, "not UTF-8", "save the file as UTF-8") from error
    except yaml.YAMLError as error:
        raise _not_yaml(path, error) from error


def _construct(path: Path, root: yaml.Node | None) -> object:
    try:
        return yaml.SafeLoader("").construct_document(root) if root else None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: 2020-99-99, which looks like a date
        raise _not_yaml(path, error) from error


def _not_yaml(path: Path, error: Exception) -> EditedFileError:
    mark = getattr(error, "problem_mark", None)
    reason = getattr(error, "problem", None) or str(error).splitlines()[0]
    mend = "check indents, brackets and colons, and put odd texts in quotes"
    return EditedFileError(path, mark.line + 1 if mark else 1, f"not YAML: {reason}", mend)


def _refuse_traps(path: Path, node: yaml.Node | None, met: set[int]) -> None:
    """Refuse aliases, and keys written twice: readers let the last one win in silence, and a task would be lost."""
    if node is None:
        return
    line = node.start_mark.line + 1
    if id(node) in met:
        raise EditedFileError(path, line, "an anchor is used again by an alias (*name)", "write the text out")
    met.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for child in node.value:
            _refuse_traps(path, child, met)
    if isinstance(node, yaml.MappingNode):
        keys = [key.value if isinstance(key, yaml.ScalarNode) else "" for key, _ in node.value]
        for number, (key, child) in enumerate(node.value):
            line = key.start_mark.line + 1
            if not keys[number]:
                raise EditedFileError(path, line, "a key is a list or is empty", "write a word before the colon")
            if keys[number] in keys[:number]:
                raise EditedFileError(path, line, f"`{keys[number]}` is written twice", "keep one of the two")
            _refuse_traps(path, child, met)


def _line_of(node: yaml.Node | None, steps: Sequence[Step]) -> int:
    """The line of a key or item, 1-based; of its nearest parent where it is missing."""
    line = node.start_mark.line + 1 if node else 1
    for step in steps:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        elif isinstance(node, yaml.MappingNode):
            found = next(((key, child) for key, child in node.value if key.value == step), None)
            if not found:
                break
            line, node = found[0].start_mark.line + 1, found[1]
    return line


def _faults(plan: Plan) -> Iterator[tuple[list[Step], str]]:
    """What does not hold together within a plan: the path of the key at fault, and why."""
    keys = [task.id for task in plan.tasks]
    for number, task in enumerate(plan.tasks):
        if task.id in keys[:number]:
            yield ["tasks", number, "id"], f"task `id` {task.id} is used twice"
        for first in task.after:
            if first not in keys:
                yield ["tasks", number, "after"], f"task {task.id} comes `after` {first}, which the plan does not have"
    try:
        TopologicalSorter({task.id: task.after for task in plan.tasks}).prepare()
    except CycleError as error:
        number = keys.index(error.args[1][0])
        yield ["tasks", number, "after"], f"tasks wait for each other: {' → '.join(error.args[1])}"
    shelters = {shelter.id for shelter in plan.shelters}
    for number, route in enumerate(plan.routes):
        if route.to not in shelters:
            yield ["routes", number, "to"], f"route {route.id} leads `to` {route.to}, which is no shelter of the plan"
        if wrong := wrong_way(route.way):
            yield ["routes", number, "way"], f"the `way` of route {route.id}: {wrong[1]}"
    if plan.terminate.by not in plan.command:
        yield ["terminate", "by"], f"ended `by` {plan.terminate.by}, which `command` does not have"
