"""The command line: one list of what there is, and how a failure is told."""

import logging
import sys

import psycopg
import pydantic
import typer

from commands.alerts import alert_app
from commands.audit import audit_app
from commands.backtest import backtest
from commands.bench import bench_app
from commands.channels import channel_app
from commands.divisions_history import divisions_app, where
from commands.duty import duty
from commands.events import event_app
from commands.exports import export_app
from commands.gateway import gateway_app
from commands.grids import grid_app
from commands.imagery import imagery_app
from commands.imports import import_app
from commands.incidents import incident_app
from commands.out import alerts_out
from commands.people import absence_app, organisation_app, people_app
from commands.people_files import register, roster_app
from commands.people_posts import register_posts
from commands.plans import plan_app
from commands.processes import demo, dispatcher, pipeline, replay, serve, watch
from commands.quarantine import quarantine_app
from commands.record import record_app
from commands.retention import retention_app
from commands.rules import rules_app
from commands.run_papers import register_papers
from commands.runs import run_app
from commands.scene import scene_app
from commands.sensor import sensor_app
from commands.state import ledger, migrate, status
from commands.tls import tls_app
from commands.tokens import token_app
from commands.user import user_app
from commands.vault import vault_app
from commands.warnings import warning_app
from config.errors import ShijingError
from config.logs import set_up_logging

GROUPS = {  # a new group of commands: its app, from a module of its own in commands/, and one line here
    "import": import_app,
    "export": export_app,
    "divisions": divisions_app,
    "sensor": sensor_app,
    "scene": scene_app,
    "rules": rules_app,
    "alert": alert_app,
    "incident": incident_app,
    "event": event_app,
    "run": run_app,
    "warning": warning_app,
    "plan": plan_app,
    "quarantine": quarantine_app,
    "organisation": organisation_app,
    "people": people_app,
    "absence": absence_app,
    "roster": roster_app,
    "user": user_app,
    "token": token_app,
    "audit": audit_app,
    "vault": vault_app,
    "record": record_app,
    "retention": retention_app,
    "tls": tls_app,
    "gateway": gateway_app,
    "grids": grid_app,
    "channel": channel_app,
    "imagery": imagery_app,
    "bench": bench_app,
}
COMMANDS = (
    alerts_out,
    backtest,
    demo,
    duty,
    serve,
    pipeline,
    dispatcher,
    migrate,
    replay,
    status,
    ledger,
    watch,
    where,
)

app = typer.Typer(
    name="shijing",
    help="A live real-scene map and alerting system for grassroots governance.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
register(people_app)
register_papers(run_app)
register_posts(people_app, absence_app, roster_app)
for _name, _group in GROUPS.items():
    app.add_typer(_group, name=_name)
for _command in COMMANDS:
    app.command()(_command)


def _variable(settings: str, place: tuple[int | str, ...]) -> str:
    """The environment variable that a setting is read from (`BrokerSettings`, `port` → SHIJING_MQTT_PORT)."""
    from config import access_settings, channel_settings, generation_settings, imagery_settings
    from config import settings as all_settings

    modules = (all_settings, access_settings, channel_settings, generation_settings, imagery_settings)
    named = {name: value for module in modules for name, value in vars(module).items()}
    prefix = named[settings].model_config["env_prefix"]
    return f"{prefix}{'_'.join(str(part) for part in place[:1]).upper()}".rstrip("_")


def main() -> None:
    """Run a command; what a person can mend is said in a sentence, without a traceback."""
    from alerts.errors import Fenced

    set_up_logging()
    try:
        app()
    except Fenced as error:
        logging.getLogger("shijing").error("%s", error)
        sys.exit(3)
    except ShijingError as error:
        typer.secho(f"shijing: {error}", fg="red", err=True)
        sys.exit(1)
    except pydantic.ValidationError as error:
        wrong = "; ".join(
            f"{_variable(error.title, one['loc'])}: {one['msg']}" for one in error.errors(include_input=False)
        )
        typer.secho(f"shijing: a setting is wrong: {wrong}", fg="red", err=True)
        sys.exit(1)
    except psycopg.errors.UndefinedTable as error:
        typer.secho(
            f"shijing: the database has no schema yet ({error.diag.message_primary}): run shijing migrate", err=True
        )
        sys.exit(1)
    except psycopg.OperationalError as error:
        typer.secho(f"shijing: the database cannot be used: {str(error).strip()}", fg="red", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
