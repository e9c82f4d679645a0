"""The tables that files of people are made of: their columns, and how one is told by its heads."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

What = Literal["people", "posts", "shifts", "absences"]


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: our name of it (also its English head), and its head in Chinese."""

    name: str
    zh: str
    needed: bool = False  # the head must be there, and no row's cell be empty
    personal: bool = False
    hint: str = ""  # for the template


@dataclass(frozen=True, kw_only=True)
class Table:
    """One kind of sheet."""

    what: What
    zh: str
    columns: tuple[Column, ...]

    def column(self, head: str) -> Column | None:
        """The column of a head, Chinese or English."""
        plain = head.strip()
        return next(
            (one for one in self.columns if plain == one.zh or plain.lower().replace(" ", "_") == one.name), None
        )


_WHO = (
    Column(name="organisation", zh="机构", needed=True, hint="机构代码 organisation code"),
    Column(name="staff_number", zh="工号", needed=True, hint="机构内唯一 unique in the organisation"),
)
_POST = (
    Column(name="post", zh="岗位", needed=True, hint="如 值班长 or duty_officer"),
    Column(name="division", zh="区划代码", needed=True, hint="现行代码 a code in force"),
)
_SINCE = Column(name="since", zh="起", needed=True, hint="2026-11-26 08:00")
_UNTIL = Column(name="until", zh="止", hint="2026-11-26 20:00")
_CANCEL = Column(name="cancel", zh="取消", hint="是 yes = 取消此条 cancel the row")

TABLES: dict[What, Table] = {
    "people": Table(
        what="people",
        zh="人员",
        columns=(
            *_WHO,
            Column(name="name", zh="姓名", needed=True, personal=True),
            Column(name="phone", zh="电话", personal=True),
            Column(name="email", zh="邮箱", personal=True),
            Column(name="employment", zh="用工", hint="专职 full_time、兼职 part_time、志愿者 volunteer"),
            Column(name="skills", zh="技能", hint="用、分开 separated by commas"),
            Column(name="since", zh="起", hint="新人必填 needed for somebody new; 2026-11-26"),
            Column(name="until", zh="止", hint="填写即离职 they leave then"),
        ),
    ),
    "posts": Table(what="posts", zh="岗位", columns=(*_WHO, *_POST, _SINCE, _UNTIL, _CANCEL)),
    "shifts": Table(
        what="shifts",
        zh="排班",
        columns=(*_WHO, *_POST, _SINCE, Column(name="until", zh="止", needed=True, hint=_UNTIL.hint), _CANCEL),
    ),
    "absences": Table(
        what="absences",
        zh="请假",
        columns=(
            *_WHO,
            Column(name="kind", zh="类别", hint="休假 leave、病假 sick、培训 training、其他 other"),
            _SINCE,
            _UNTIL,
            Column(name="stand_in", zh="顶岗人", hint="工号，或 机构/工号 a staff number, or organisation/number"),
            _CANCEL,
        ),
    ),
}
HELP_SHEET = "说明"


def table_of(name: str, heads: Iterable[str], wanted: Iterable[What]) -> Table | None:
    """Which table a sheet is: by its name, else the one of those wanted, else of all, that knows most of the heads."""
    for table in TABLES.values():
        if name.strip() in (table.zh, table.what):
            return table
    given = [head for head in heads if head.strip()]
    # A roster of shifts has the heads of posts, too: what the command is about tells which is meant.
    return _best(given, wanted) or _best(given, TABLES)


def _best(heads: list[str], among: Iterable[What]) -> Table | None:
    fitting = [
        table
        for table in map(TABLES.__getitem__, among)
        if all(any(table.column(head) is column for head in heads) for column in table.columns if column.needed)
    ]
    return max(fitting, key=lambda table: sum(table.column(head) is not None for head in heads), default=None)
