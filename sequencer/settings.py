"""Settings. Every value that differs between plants comes from the environment through `sequencer.env`.

Without any variable this is the embedded default: SQLite in `var/`, Celery over files, demo secrets.
`JIS_PRODUCTION=1` demands a real secret, hosts and TLS and refuses to start without them.
"""

from __future__ import annotations

from pathlib import Path

import dj_database_url

from sequencer import env

BASE_DIR = Path(__file__).resolve().parent.parent
PRODUCTION = env.flag("JIS_PRODUCTION", False)
DEBUG = env.flag("JIS_DEBUG", False)
DEMO = env.flag("JIS_DEMO", not PRODUCTION)

VAR_DIR = env.folder("JIS_VAR", BASE_DIR / "var")
SPOOL_DIR = env.folder("JIS_SPOOL", VAR_DIR / "spool")

SECRET_KEY = (
    env.text("JIS_SECRET_KEY")
    if PRODUCTION
    else env.text("JIS_SECRET_KEY", "embedded-demo-key-for-loopback-only-not-for-a-plant")
)
ALLOWED_HOSTS = env.words(
    "JIS_HOSTS", [] if PRODUCTION else ["127.0.0.1", "localhost", "[::1]", "testserver"]
)
CSRF_TRUSTED_ORIGINS = env.words("JIS_ORIGINS", [])

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "inventory",
    "sequencer",
    "edi",
    "scheduling",
    "plc",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "sequencer.middleware.BadgeLanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "sequencer.middleware.RefusedMiddleware",
    "sequencer.middleware.ContentPolicyMiddleware",
]

ROOT_URLCONF = "sequencer.urls"
ASGI_APPLICATION = "sequencer.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "sequencer.context.plant",
            ],
        },
    },
]

# CONN_MAX_AGE stays 0: under ASGI a persistent connection would belong to no request and pile up. The web process
# keeps them by `sequencer.postgres` instead.
DATABASES = {
    "default": dj_database_url.parse(
        env.text("DATABASE_URL", f"sqlite:///{VAR_DIR / 'jis.sqlite3'}"), conn_max_age=0
    )
}
EMBEDDED_DATABASE = DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3"
if EMBEDDED_DATABASE:
    # IMMEDIATE: a read-modify-write takes the write lock at BEGIN, so two stations never die on an upgrade.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
            "PRAGMA busy_timeout=20000; PRAGMA cache_size=-32000; PRAGMA temp_store=MEMORY;"
        ),
    }
    # A file: an in-memory database has no WAL and refuses a second connection at once.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
elif DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    DATABASES["default"]["ENGINE"] = "sequencer.postgres"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.text("REDIS_URL", "")
CACHES = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
        if REDIS_URL
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    )
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTHENTICATION_BACKENDS = ["sequencer.logins.GuardedBackend"]
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login/"

# The plant's languages, in the order the LANGUAGE button takes; the first is spoken where nobody asks for one.
LANGUAGES = [
    (code, {"en": "English", "de": "Deutsch", "es": "Español", "fr": "Français"}[code])
    for code in env.chosen("JIS_LANGUAGES", ["en", "de", "es", "fr"])
]
LANGUAGE_CODE = LANGUAGES[0][0]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "sequencer.numbers"
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.text("JIS_TIME_ZONE", "UTC")

STATIC_URL = "/static/"
STATIC_ROOT = env.folder("JIS_STATIC", VAR_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
# Pictures of parts; a view of ours serves them.
MEDIA_ROOT = env.folder("JIS_MEDIA", VAR_DIR / "media")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not PRODUCTION

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
if PRODUCTION:
    SECURE_SSL_REDIRECT = env.flag("JIS_TLS_REDIRECT", True)
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = env.number("JIS_HSTS_SECONDS", 31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": [
        # Token first: it is what a stranger is asked for (401), a session is what he would have.
        "sequencer.tokens.ByToken",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.CursorPagination",
    "PAGE_SIZE": 100,
    "EXCEPTION_HANDLER": "sequencer.api.refused_handler",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "jis-sequencer",
    "DESCRIPTION": "Call-offs, racks, scans and shipments of a just-in-sequence plant.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        f"{name}Enum": f"sequencer.states.{name}"
        for name in (
            "Stage",
            "GroupStatus",
            "SlotStatus",
            "RackStatus",
            "ShipmentStatus",
            "AsnStatus",
            "GapStatus",
            "TaskStatus",
        )
    }
    | {f"{name}Enum": f"scheduling.states.{name}" for name in ("OrderStatus", "PlanStatus", "RunStatus")}
    | {
        "SequencingStatusEnum": "scheduling.api.SEQUENCING",
        "OperationStatusEnum": "scheduling.api.FLOOR",
        "ShipmentKindEnum": "sequencer.models.shipping.Shipment.Kind",
        "CarrierMovementKindEnum": "sequencer.models.shipping.CarrierMovement.Kind",
        "DockSignalKindEnum": "sequencer.models.shipping.DockSignal.Kind",
        "DocumentKindEnum": "sequencer.models.printing.KINDS",
    },
}

UNFOLD = {
    "SITE_TITLE": "JIS sequencer",
    "SITE_HEADER": "Sequencing",
    "SITE_SUBHEADER": "master data",
    "SITE_SYMBOL": "conveyor_belt",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "sequencer.admin_menu.favicon"}],
    "SIDEBAR": {"show_search": True, "navigation": "sequencer.admin_menu.navigation"},
    "BORDER_RADIUS": "6px",
    "COLORS": {
        "primary": {
            "50": "#eff5fd",
            "100": "#d9e6f8",
            "200": "#b9d1f2",
            "300": "#8eb5e9",
            "400": "#5c91db",
            "500": "#3a74cb",
            "600": "#1d5bb8",
            "700": "#1b54ab",
            "800": "#153f85",
            "900": "#12366f",
            "950": "#0c2449",
        }
    },
}

# Celery carries row ids as wake-ups; the row is the truth and a sweep finds every due row again.
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL", REDIS_URL or "wakeups://localhost")
BROKERLESS = CELERY_BROKER_URL.startswith("wakeups:")
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object]
if BROKERLESS:
    _queue = VAR_DIR / "queue"
    for _name in ("messages", "control"):
        (_queue / _name).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_queue / "messages"),
        "data_folder_out": str(_queue / "messages"),
        "control_folder": str(_queue / "control"),
        "polling_interval": 0.2,
    }
else:
    # Longer than the hard time limit: a task that still runs is never handed out a second time.
    CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 180}
CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS = CELERY_BROKER_TRANSPORT_OPTIONS
# A scratch plant beside a running one on the same broker listens to a queue of its own.
CELERY_TASK_DEFAULT_QUEUE = env.text("JIS_QUEUE", "celery")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 100
CELERY_TIMEZONE = "UTC"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_PUBLISH_RETRY = False
# Tests and scratch plants call the tasks themselves.
CELERY_TASK_ALWAYS_EAGER = False

WORKER_HOSTS = env.number("JIS_WORKER_HOSTS", 1, least=1)
# How long a station that is cut off may judge from its work pack.
OFFLINE_HOURS = env.number("JIS_OFFLINE_HOURS", 2, least=1, most=12)
# Paper mode: sheets of the racks of the next hours, where no line names a folder of its own.
PAPER_DIR = Path(env.text("JIS_PAPER", str(VAR_DIR / "paper")))
PAPER_HOURS = env.number("JIS_PAPER_HOURS", 4, least=1, most=24)
# What a channel may reach: hosts by name, folders of other programs, addresses to listen on beside loopback.
EDI_PARTNER_HOSTS = env.words("JIS_PARTNER_HOSTS", [])
EDI_PARTNER_FOLDERS = env.words("JIS_PARTNER_FOLDERS", [])
EDI_LISTEN_ADDRESSES = env.words("JIS_LISTEN_ADDRESSES", [])
EDI_SECRETS_DIR = Path(env.text("JIS_SECRETS", str(VAR_DIR / "secrets")))
EDI_STABLE_SECONDS = env.number("JIS_STABLE_SECONDS", 3, least=1, most=600)
EDI_MAX_BYTES = env.number("JIS_MAX_FILE_MB", 512, least=1, most=4096) * 1024 * 1024
EDI_STUCK_SECONDS = env.number("JIS_STUCK_SECONDS", 300, least=5)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.text("JIS_LOG_LEVEL", "INFO")},
}
