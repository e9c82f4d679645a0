"""`shijing organisation`, `shijing people` and `shijing absence`: who there is, and who is away."""

from typing import TYPE_CHECKING, Annotated

import typer

from commands.options import Data, Database, Json, tell
from commands.people_options import At, Since, Until, Who, moment, names_of, staffed

if TYPE_CHECKING:
    from people.persons import Person

organisation_app = typer.Typer(help="Organisations, and the divisions they answer for.", no_args_is_help=True)
people_app = typer.Typer(help="People of organisations: who serves, until they leave.", no_args_is_help=True)
absence_app = typer.Typer(help="Who is away, and who stands in.", no_args_is_help=True)

Organisation = Annotated[str, typer.Option("--organisation", help="Its code, or a name that only one has.")]


@organisation_app.command("add")
def organisation_add(
    code: Annotated[str, typer.Argument(help="What files and people call it: a division's code where it is its own.")],
    name: Annotated[str, typer.Argument(help="Its name.")],
    kind: Annotated[str, typer.Option(help="city, district, township, village, grid, bureau or outside.")] = "township",
    parent: Annotated[str | None, typer.Option(help="Code or name of the organisation that it belongs to.")] = None,
    division: Annotated[
        list[str], typer.Option(help="Code or name of a division that it answers for; may be given several times.")
    ] = [],  # noqa: B006
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Make an organisation."""
    from access.accounts import division_named
    from people.organisations import add_organisation, organisation_named

    now = moment(None)
    with staffed(database, data, key=False) as (connection, _):
        number = add_organisation(
            connection,
            kind=kind,  # type: ignore[arg-type]  # it is checked there
            code=code,
            name=name,
            parent_id=None if parent is None else organisation_named(connection, parent, now).id,
            divisions=[division_named(connection, one, now=now) for one in division],
        )
    tell({"id": number, "code": code}, as_json, [f"organisation {code} {name} is made"])


@organisation_app.command("list")
def organisation_list(at: At = None, as_json: Json = False, database: Database = None, data: Data = None) -> None:
    """Every organisation."""
    from people.organisations import organisations

    with staffed(database, data, key=False) as (connection, _):
        found = organisations(connection, moment(at))
    lines = [f"{one.code:<20} {one.kind:<9} {one.name}  ({len(one.divisions)} divisions)" for one in found]
    tell({"organisations": [vars(one) for one in found]}, as_json, lines)


@people_app.command("add")
def people_add(
    staff_number: Annotated[str, typer.Argument(help="Unique in the organisation; nothing personal.")],
    organisation: Organisation,
    name: Annotated[str, typer.Option(prompt=True, help="Asked for where it is not given: others see command lines.")],
    phone: Annotated[str, typer.Option(prompt=True, prompt_required=False, help="Telephone.")] = "",
    email: Annotated[str, typer.Option(prompt=True, prompt_required=False, help="Mail address.")] = "",
    employment: Annotated[str, typer.Option(help="full_time, part_time or volunteer.")] = "full_time",
    skill: Annotated[list[str], typer.Option(help="May be given several times.")] = [],  # noqa: B006
    since: Since = None,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Somebody serves from now on, or another time."""
    from people.organisations import organisation_named
    from people.persons import add_person
    from people.private import private

    with staffed(database, data) as (connection, vault):
        assert vault is not None
        begins = moment(since)
        person = add_person(
            connection,
            vault,
            organisation_id=organisation_named(connection, organisation, begins).id,
            staff_number=staff_number,
            fields=private(name, phone, email),
            since=begins,
            employment=employment,  # type: ignore[arg-type]  # it is checked there
            skills=skill,
        )
    tell({"id": str(person)}, as_json, [f"{staff_number} serves from {begins.isoformat(timespec='seconds')}: {person}"])


@people_app.command("list")
def people_list(
    organisation: Annotated[str | None, typer.Option(help="Of this one alone: code or name.")] = None,
    names: Annotated[bool, typer.Option(help="With names; that they were listed is in the audit trail.")] = False,
    at: At = None,
    most: Annotated[int, typer.Option(help="How many at the most.", min=1, max=1_000_000)] = 1000,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Who serves."""
    from people.organisations import organisation_named
    from people.persons import people

    when = moment(at)
    with staffed(database, data, key=names) as (connection, vault):
        where = None if organisation is None else organisation_named(connection, organisation, when).id
        found = people(connection, when, organisation_id=where, most=most)
        called = names_of(connection, vault if names else None, [one.id for one in found])
    told = [vars(one) | {"valid": str(one.valid)} | _called(called.get(one.id)) for one in found]
    tell({"people": told}, as_json, [_line(one, called.get(one.id, "")) for one in found])


def _line(one: "Person", name: str) -> str:
    return f"{one.id}  {one.staff_number:<16} {one.employment:<10} {name}  {'、'.join(one.skills)}".rstrip()


def _called(name: str | None) -> dict[str, str]:
    return {} if name is None else {"name": name}


@people_app.command("end")
def people_end(who: Who, at: At = None, as_json: Json = False, database: Database = None, data: Data = None) -> None:
    """Somebody leaves: posts, shifts and absences end with their term."""
    from people.persons import leave, person_named

    when = moment(at)
    with staffed(database, data, key=False) as (connection, vault):
        person = person_named(connection, vault, who)
        leave(connection, person, at=when)
    tell(
        {"left": str(person), "at": when.isoformat()}, as_json, [f"{person} serves no more from {when.isoformat()} on"]
    )


@absence_app.command("add")
def absence_add(
    who: Who,
    since: Since = None,
    until: Until = None,
    kind: Annotated[str, typer.Option(help="leave, sick, training or other.")] = "leave",
    stand_in: Annotated[str | None, typer.Option(help="Who stands in, named in the same ways.")] = None,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Somebody is away for a time."""
    from people.absences import add_absence
    from people.persons import person_named

    with staffed(database, data, key=False) as (connection, vault):
        number = add_absence(
            connection,
            person_named(connection, vault, who),
            since=moment(since),
            until=None if until is None else moment(until),
            kind=kind,  # type: ignore[arg-type]  # it is checked there
            stand_in_id=None if stand_in is None else person_named(connection, vault, stand_in),
        )
    tell({"absence": number}, as_json, [f"absence {number} is recorded"])
