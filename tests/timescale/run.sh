#!/usr/bin/env bash
# make test-timescale: the storage tests (`pytestmark = pytest.mark.storage`) on a real TimescaleDB, then the
# community edition's statements. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PYTHON=${PYTHON:-.venv/bin/python}

# Not that the native form is tested twice.
check_form='
import os, sys
from config.database import connect
from config.migrate import edition
with connect(os.environ["SHIJING_TEST_DATABASE_URL"], "check") as connection:
    found = edition(connection)
    sys.exit(found != "timescale" and f"the server is of edition {found}, not timescale")
'

PYTHONPATH=. tests/timescale/server.sh bash -euc '"$PYTHON" -c "$0" && 
    exec "$PYTHON" -m pytest tests/database -m storage --numprocesses 2 --dist loadfile "$@"' \
    "$check_form" "$@"
tests/timescale/community.sh
