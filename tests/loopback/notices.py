"""Notices as the rows of a run become."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from dispatch.notice import Notice
from dispatch.words import Matter, words_of

AT = datetime(2026, 8, 19, 6, 0, tzinfo=UTC)
MATTER = Matter(
    plan="沿江洪水预案",
    task="封闭下穿道与亲水步道",
    place="磁器口一号网格",
    due_at=datetime(2026, 8, 19, 6, 10, tzinfo=UTC),
    level="orange",
    drill=False,
    part="post",
    private=False,
    map="point",
)
URL = "https://map.example.cn/worker"


def notice(channel: str = "sms", *, to: str = "", matter: Matter = MATTER, **other: Any) -> Notice:
    made = Notice(
        key=uuid4(),
        repeated=False,
        to=to,
        **vars(words_of(matter, channel, URL)),
        level=matter.level,
        drill=matter.drill,
        url=URL,
        at=AT,
        run_id=7,
        assignment_ids=(41,),
    )
    return replace(made, **other)
