"""Settings of the process that is killed: a database without migrations, wake-ups that go nowhere."""

from sequencer.settings import *  # noqa: F403

MIGRATION_MODULES = {app: None for app in ("inventory", "sequencer", "edi", "scheduling", "plc", "authtoken")}
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EDI_STABLE_SECONDS = 0.02
