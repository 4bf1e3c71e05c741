"""Settings of the process that is killed: a database without migrations, wake-ups that go nowhere."""

from sequencer.settings import *  # noqa: F403

# All of them: tables without history cannot point to tables that are only made afterwards.
MIGRATION_MODULES = {name.rpartition(".")[2]: None for name in INSTALLED_APPS}  # noqa: F405
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EDI_STABLE_SECONDS = 0.02
