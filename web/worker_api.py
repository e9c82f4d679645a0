"""What a grid worker's page asks and sends: one's own tasks, answers, what one adds to them, the grid."""

import base64
import binascii
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Path, Request, Response
from msgspec import Meta, Struct

from access.audit import append
from config.database import Connection
from dispatch.answers import Answer, Given, Kind, Said
from dispatch.clock import now_of
from dispatch.errors import Refused
from web.answers import answers, takes
from web.api import as_json
from web.errors import AnswerUnknownError, NotConfiguredError
from web.guard import Body, json_body, read_body
from web.parts import PartsOf
from web.viewing import View, ViewOf, needs
from web.worker_api_schema import GivenAnswers, OwnGrid, OwnPlace, OwnTasks, TakenAttachment
from web.worker_cards import QUERIES, cards
from web.worker_own import own_person
from web.worker_places import own_grid, place_of

router = APIRouter(prefix="/api/worker", tags=["worker"])

RIGHT = "tasks.answer"
ATTACHED_AT_MOST = 1_400_000  # bytes: what the page makes of a photo is a tenth of that, a minute of speech a third
ATTACHMENTS_AT_MOST = 5  # of one answer
_TYPES = {
    "photo": (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF"),
    "voice": (b"\x1a\x45\xdf\xa3", b"OggS", b"RIFF", b"\x00\x00\x00"),  # WebM, Ogg, WAVE, MP4
}


class Tapped(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One tap; the key is made at the tap, so that it counts once however often it is sent."""

    key: UUID
    assignment_id: Annotated[int, Meta(ge=1, le=2**63 - 1)]
    kind: Kind
    tapped_at: Annotated[datetime, Meta(tz=True)]
    result: Annotated[str, Meta(max_length=100)] | None = None


class TappedMany(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What waited on the phone, in the order of the taps."""

    answers: Annotated[list[Tapped], Meta(max_length=100)]


class Attached(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A photo or a voice note that somebody wants to add to an answer."""

    id: UUID
    answer_key: UUID
    kind: Literal["photo", "voice"]
    media_type: Annotated[str, Meta(pattern="^(image|audio|video)/[a-z0-9.+-]{1,40}(;codecs=[a-z0-9.,]{1,40})?$")]
    content_base64: Annotated[str, Meta(max_length=2_000_000)]


@router.get("/tasks", responses=answers(OwnTasks, 409), dependencies=[needs(RIGHT)])
def tasks(view: ViewOf) -> Response:
    """One's own open assignments, each with everything that its card shows: `{"now", "tasks": […]}`."""
    with view.acting() as connection:
        person, at = own_person(view), now_of(connection)
        own = cards(connection, [person], at).get(person, [])
    return as_json({"now": at, "tasks": [orjson.Fragment(card.text) for card in own]})


@router.post(
    "/answers", responses=answers(GivenAnswers, 409), openapi_extra=takes(TappedMany), dependencies=[needs(RIGHT)]
)
async def answers_(view: ViewOf, request: Request) -> Response:
    """Take answers, each by itself: `{"results": [{"key", "taken", "counted", "state", "error", "error_zh"}]}`."""
    said = read_body(await json_body(request), TappedMany).answers
    person = own_person(view)
    given = await view.parts.answers.take([_said(view, person, one) for one in said])
    return as_json({"results": [_result(one, *outcome) for one, outcome in zip(said, given, strict=True)]})


def _said(view: View, person: UUID, one: Tapped) -> Said:
    answer = Answer(
        key=one.key, assignment_id=one.assignment_id, kind=one.kind, tapped_at=one.tapped_at, result=one.result
    )
    return Said(answer=answer, actor=view.viewer.account_id, person_id=person)


def _result(one: Tapped, given: Given | None, refused: Refused | None) -> dict[str, Any]:
    if given is not None:
        told = {"taken": True, "counted": given.counted, "state": given.state, "error": "", "error_zh": ""}
    else:
        assert refused is not None
        told = {"taken": False, "counted": False, "state": "", "error": str(refused), "error_zh": refused.zh}
    return {"key": one.key, **told}


@router.post(
    "/attachments",
    responses=answers(TakenAttachment, 404, 409, 413),
    openapi_extra=takes(Attached),
    dependencies=[needs(RIGHT)],
)
def attachments(view: ViewOf, parts: PartsOf, body: Body) -> Response:
    """Add a photo or a voice note to one's own answer; nothing asks for one. Sealed, and erased with the run's data."""
    said, person = read_body(body, Attached), own_person(view)
    if parts.vault is None:
        raise NotConfiguredError("the server has no key file, so it keeps no photos and no voices")
    text = _checked(said)
    with view.acting() as connection, connection.transaction():
        row = connection.execute(QUERIES["own_answer"], {"key": said.answer_key, "person": person}).fetchone()
        if row is None:
            raise AnswerUnknownError
        run_id, division_id = row
        _check_count(connection, said)
        sealed = parts.vault.seal(text, context=("attachments", "content", said.id))
        named = {
            "id": said.id, "run_id": run_id, "key": said.answer_key, "kind": said.kind, "media_type": said.media_type,
            "content": sealed, "actor": view.viewer.account_id,
        }  # fmt: skip
        if connection.execute(QUERIES["attach"], named).fetchone() is not None:
            append(
                connection, act="attachment.added", actor=view.viewer.account_id, subject=str(said.id),
                division_id=division_id, details={"kind": said.kind, "run": run_id},
            )  # fmt: skip
    return as_json({"id": said.id})


def _check_count(connection: Connection, said: Attached) -> None:
    row = connection.execute(QUERIES["other_attachments"], {"key": said.answer_key, "id": said.id}).fetchone()
    if row is not None and row[0] >= ATTACHMENTS_AT_MOST:
        raise Refused(
            f"{ATTACHMENTS_AT_MOST} photos and voice notes are the most of one answer",
            f"每次应答最多附 {ATTACHMENTS_AT_MOST} 个照片或语音。",
        )


def _checked(said: Attached) -> str:
    """The content as it is sealed; raises Refused for what it is not said to be."""
    try:
        raw = base64.b64decode(said.content_base64, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused("the content is no base64", "附件数据不完整，请重试。") from error
    if len(raw) > ATTACHED_AT_MOST:
        raise Refused(
            f"it has {len(raw):,} bytes, and {ATTACHED_AT_MOST:,} are the most: send a smaller one",
            f"附件超过 {ATTACHED_AT_MOST // 1000} KB，请缩短或压缩。",
        )
    begins = _TYPES[said.kind]
    if not raw.startswith(begins) or (said.kind == "photo") != said.media_type.startswith("image/"):
        raise Refused(f"that is no {said.kind} of a type that is taken", "附件格式不支持。")
    return base64.b64encode(raw).decode()


@router.get("/grid", responses=answers(OwnGrid, 409), dependencies=[needs(RIGHT)])
def grid(view: ViewOf) -> Response:
    """Where one holds a post: boundaries (GeoJSON, lon/lat, CGCS2000), and the sensors there."""
    with view.acting() as connection:
        return as_json(own_grid(connection, own_person(view), now_of(connection)))


Number = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("/places/{division}", responses=answers(OwnPlace, 404, 409), dependencies=[needs(RIGHT)])
def place(view: ViewOf, division: Number) -> Response:
    """The boundary of a place where one has a task or a post."""
    with view.acting() as connection:
        return as_json(place_of(connection, own_person(view), division, now_of(connection)))
