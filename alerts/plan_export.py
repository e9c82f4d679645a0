"""Plans of the library as files: what each says itself, whose it is, and what it inherits from."""

from collections.abc import Iterable
from datetime import datetime

from access.places import place_codes
from alerts.plan_files_out import FilePlan, yaml_of
from alerts.plan_listing import Kept, draft_of, newest, plan_of, versions_of
from alerts.plan_sheets_out import workbook_of
from alerts.plan_whole import Template
from config.database import Connection


def file_plans(
    connection: Connection, plan_ids: Iterable[int], at: datetime, *, drafts: bool = False
) -> list[FilePlan]:
    """The versions in force (with `drafts` the drafts, where there are any); raises PlanUnknown."""
    found = [_file_plan(connection, plan_of(connection, plan_id), at, drafts=drafts) for plan_id in plan_ids]
    return [one for one in found if one is not None]


def _file_plan(connection: Connection, plan: Kept, at: datetime, *, drafts: bool) -> FilePlan | None:
    versions = versions_of(connection, plan.id)
    version = (draft_of(versions) if drafts else None) or newest(versions, at)
    if version is None:
        return None
    return FilePlan(
        code=plan.code, division=code_of(connection, plan.division_id, at), is_template=plan.is_template,
        template=template_name(connection, version.template, at), revise_by=version.revise_by, note=version.note,
        body=version.body,
    )  # fmt: skip


def code_of(connection: Connection, division_id: int | None, at: datetime) -> str:
    """The code of whose a plan is; empty for the city."""
    return "" if division_id is None else place_codes(connection, [division_id], now=at).get(division_id, "")


def template_name(connection: Connection, template: Template, at: datetime) -> str:
    """As files name a template: CODE, or CODE@division."""
    if template.plan_id is None:
        return template.code or ""
    plan = plan_of(connection, template.plan_id)
    division = code_of(connection, plan.division_id, at)
    return f"{plan.code}@{division}" if division else plan.code


def export(plans: Iterable[FilePlan], *, as_yaml: bool) -> bytes:
    """A file of them."""
    return yaml_of(plans) if as_yaml else workbook_of(plans)
