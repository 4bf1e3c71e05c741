"""The settings of the suite: the program's own, over data of its own that goes when the run ends."""

import atexit
import os
import shutil
import tempfile

if "JIS_VAR" not in os.environ:
    # Set before the settings are read, and inherited by xdist's workers, which share the folder.
    os.environ["JIS_VAR"] = tempfile.mkdtemp(prefix="jis-tests-")
    atexit.register(shutil.rmtree, os.environ["JIS_VAR"], ignore_errors=True)

from sequencer.settings import *  # noqa: F403

# Tables from the models: tests/tables.py.
DATABASES["default"].setdefault("TEST", {})["MIGRATE"] = False  # noqa: F405

# Fast and weak on purpose: the suite makes hundreds of log-ins.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# A static file is looked up when it is asked for: the program lists them all once, at its start, but here every
# client of a test is a start, and the list is most of what a short test takes.
WHITENOISE_AUTOREFRESH = True
# Wake-ups go nowhere; tests call tasks and verbs themselves.
CELERY_BROKER_URL = "memory://"
BROKERLESS = False
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {}
