"""Words of what a draft does, in both languages."""

from collections.abc import Mapping

from web.pages import Language

Pair = tuple[str, str]

KINDS: Mapping[str, Pair] = {
    "sensor": ("传感器", "Sensors"),
    "alert": ("未解除告警", "Open alerts"),
    "run": ("进行中的预案", "Running plans"),
    "run_grid": ("预案涉及网格", "Grids of running plans"),
    "assignment": ("待办任务", "Open assignments"),
    "holding": ("任职", "Posts held"),
    "shift": ("排班", "Shifts"),
    "resident": ("居民档案（仅计数）", "Residents’ records (counted)"),
    "event": ("未办结事件", "Open events"),
    "role": ("账号权限", "Rights of accounts"),
    "token": ("API 令牌", "API tokens"),
    "suppression": ("屏蔽与检修", "Shelves and maintenance"),
    "organisation": ("机构管辖", "Organisations"),
    "plan": ("预案范围", "Plans of a division"),
}
LINEAGE: Mapping[str, Pair] = {
    "split": ("拆分", "Split"),
    "merge": ("合并", "Merge"),
    "rename": ("更名", "Rename"),
    "transfer": ("划转", "Transfer"),
    "correction": ("勘正", "Correction"),
    "established": ("新设", "Established"),
    "abolished": ("撤销", "Abolished"),
}
STATES: Mapping[str, Pair] = {
    "draft": ("起草中", "being drawn"),
    "submitted": ("待审核", "waits for review"),
    "returned": ("已退回", "returned"),
    "approved": ("已通过，待发布", "approved, to be published"),
    "published": ("已发布", "published"),
    "filed": ("已备案", "filed"),
    "withdrawn": ("已撤回", "withdrawn"),
}
DONE: Mapping[str, Pair] = {
    "submitted": ("已提交审核。", "Handed in for review."),
    "approved": ("已通过。", "Approved."),
    "returned": ("已退回。", "Returned."),
    "withdrawn": ("已撤回。", "Withdrawn."),
    "published": ("已发布。", "Published."),
    "filed": ("已备案。", "Filed."),
    "taken_back": (
        "已新建恢复原状的草案，请检查后提交。",
        "A draft that brings the former state is open: look at it, then submit it.",
    ),
}
FINDINGS: Mapping[str, Pair] = {"error": ("错误", "errors"), "warning": ("提示", "warnings")}


def said(words: Mapping[str, Pair], key: str, language: Language) -> str:
    """The word for a key; the key itself where there is none."""
    pair = words.get(key)
    return key if pair is None else pair[0 if language == "zh" else 1]
