"""Settings of the web application, every one from the environment or ``.env``.

A secret NAME may also come as NAME_FILE. With nothing set at all the embedded defaults hold:
SQLite beside the code, a key made for this folder, loopback only.
"""

from pathlib import Path
from urllib.parse import quote

import django_stubs_ext
from django.core.exceptions import ImproperlyConfigured

from exporters.kinds import KINDS
from remosa import admin_look
from remosa.environment import Environment
from remosa.logs import logging_config

# Lets the code say QuerySet[Player] or ModelForm[Site] at run time as well as to mypy.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

env = Environment()
env.read_env(BASE_DIR / ".env", overwrite=False)

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. Put one into the environment or .env, for example the output of: "
        "python -c 'import secrets; print(secrets.token_urlsafe(50))'. "
        "`make run` and `make demo` make one by themselves."
    )
# Keys that encrypt vendor tokens and credentials; the first encrypts, all of them decrypt.
REMOSA_SECRET_KEYS = env.list("REMOSA_SECRET_KEYS", default=[])

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# How many proxies in front of this one are ours: whose X-Forwarded-For and -Proto we believe.
TRUSTED_PROXIES = env.int("REMOSA_TRUSTED_PROXIES", default=0)
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
HTTPS = env.bool("REMOSA_HTTPS", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

INSTALLED_APPS = [
    # Before the admin: its templates stand in the place of Django's.
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "remosa.admin_app.RemosaAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_prometheus",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "platforms",
    "exporters",
    "exporters.process",
    "devices",
    "jobs",
    "django_celery_beat",
    "remosa.celery_app.RemosaConfig",
    "demo",
    # For the templates of its widgets: see FORM_RENDERER.
    "django.forms",
]
# Widgets are looked for like pages, so that templates/ may have one in the place of Django's.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "remosa.null_characters.refuse_null_characters",
    "django.middleware.common.CommonMiddleware",
    "remosa.large_bodies.RefuseLargeBodies",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "remosa.urls"
WSGI_APPLICATION = "remosa.wsgi.application"

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
            ],
        },
    },
]

DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'remosa.db'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["ENGINE"] = "remosa.sqlite"
    DATABASES["default"]["OPTIONS"] = {
        # IMMEDIATE: a write transaction takes its lock at once, so two never deadlock midway.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

REDIS_URL = env.str("REDIS_URL", default="")
if REDIS_URL:
    CACHES = {
        "default": {"BACKEND": "remosa.shared_cache.ForgetfulRedisCache", "LOCATION": REDIS_URL}
    }
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# Where hints to workers go: redis://…, or filesystem:///folder; empty: REDIS_URL, else files.
CELERY_BROKER_URL = (
    env.str("CELERY_BROKER_URL", default="")
    or REDIS_URL
    or f"filesystem://{quote(str(BASE_DIR / 'remosa-broker'))}"
)
CELERY_BEAT_SCHEDULER = "remosa.beat:Scheduler"
# Ticks are intervals: what the clocks of people do is nothing to them.
DJANGO_CELERY_BEAT_TZ_AWARE = True
REMOSA_WORKER_PROCESSES = env.int("REMOSA_WORKER_PROCESSES", default=2)
# A file that a worker or the clock touches while it works; empty: none.
REMOSA_HEARTBEAT_FILE = env.str("REMOSA_HEARTBEAT_FILE", default="")

AUTH_USER_MODEL = "platforms.User"
# The address is unique by Lower("email"), which this check of Django does not see.
SILENCED_SYSTEM_CHECKS = ["auth.E003"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
PASSWORD_RESET_TIMEOUT = 3 * 24 * 3600

EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
EMAIL_BACKEND = EMAIL_CONFIG["EMAIL_BACKEND"]
EMAIL_HOST = EMAIL_CONFIG.get("EMAIL_HOST") or "localhost"
EMAIL_PORT = EMAIL_CONFIG.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = EMAIL_CONFIG.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = EMAIL_CONFIG.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS = bool(EMAIL_CONFIG.get("EMAIL_USE_TLS", False))
EMAIL_USE_SSL = bool(EMAIL_CONFIG.get("EMAIL_USE_SSL", False))
EMAIL_FILE_PATH = EMAIL_CONFIG.get("EMAIL_FILE_PATH")
EMAIL_TIMEOUT = 15
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Remosa <remosa@localhost>")
# Links in mails start with this address; empty: with the address of the request.
PUBLIC_URL = env.str("REMOSA_PUBLIC_URL", default="")

LANGUAGE_CODE = env.str("LANGUAGE_CODE", default="en")
LANGUAGES = [("en", "English"), ("ru", "Русский")]
if LANGUAGE_CODE not in dict(LANGUAGES):
    raise ImproperlyConfigured(f"LANGUAGE_CODE is {LANGUAGE_CODE!r}; there are: en, ru.")
# The switch of the pages is remembered in this browser for a year.
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = HTTPS
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "remosa.formats"
# One zone for all pages: what is typed into forms and filters is read in it as well.
TIME_ZONE = env.str("TIME_ZONE", default="Europe/Moscow")
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
# Without collectstatic (make run, make demo, tests) files are served where they lie.
WHITENOISE_USE_FINDERS = True
# A pasted list of 100,000 MACs with names is some 6 MB.
DATA_UPLOAD_MAX_MEMORY_SIZE = 32 * 1024 * 1024

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "platforms.authentication.BearerTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["platforms.authentication.DeedPermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "platforms.api.one_error_shape",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Remosa API",
    "VERSION": "1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "ExporterKind": "exporters.models.kind_choices",
        "UnknownReason": "exporters.verdicts.Why",
        "OutcomeEnum": "exporters.api.bulk.OUTCOMES",
        "CommandOutcome": "devices.api.bulk.FATES",
        "DecisionOutcome": "jobs.api.approvals.DECIDED",
        "ExecutionOutcome": "jobs.models.Outcome",
        "WhyUnknownEnum": "jobs.api.previews.WHYS",
        "BrakeWhy": "jobs.api.previews.SHUT",
        "NoticeSeverity": "platforms.api.channel_bodies.SEVERITY_CHOICES",
    },
}

# Where a person's "Check now" asks; exporter processes read the same variables for themselves.
# Empty: the vendor's own address.
VENDOR_ADDRESSES = {
    kind.name: env.str(kind.address_variable, default="") or kind.default_address
    for kind in KINDS.values()
    if kind.address_variable
}

# Seeds the Prometheus connection until a superadmin saves one in the admin.
PROMETHEUS_URL = env.str("PROMETHEUS_URL", default="http://127.0.0.1:9090")
# Networks and host names at which an exporter process may announce itself to be scraped.
EXPORTER_ADDRESSES = env.list("REMOSA_EXPORTER_ADDRESSES", default=["127.0.0.0/8", "::1/128"])
# Private networks and host names to which notification channels may lead all the same.
CHANNEL_HOSTS = env.list("REMOSA_CHANNEL_HOSTS", default=[])
# A socket that was asked and has said nothing for so many days is told of as silent.
SOCKET_SILENT_DAYS = env.int("REMOSA_SOCKET_SILENT_DAYS", default=7)
# How many players jobs act on: at a site and on a platform at once, and on a platform in an hour.
# Where more than TOGETHER fire together, one is restarted first and has to come back.
JOBS_AT_SITE, JOBS_AT_ONCE = env.int("REMOSA_JOBS_AT_SITE", 1), env.int("REMOSA_JOBS_AT_ONCE", 3)
JOBS_AN_HOUR, JOBS_TOGETHER = env.int("REMOSA_JOBS_AN_HOUR", 10), env.int("REMOSA_JOBS_TOGETHER", 3)
# How many different questions the jobs of one platform may ask Prometheus in each slot.
JOBS_QUESTIONS = env.int("REMOSA_JOBS_QUESTIONS", default=100)

# For how many days history is kept once it is over; 0: for ever.
KEEP_DAYS = {
    "verdicts": env.int("REMOSA_KEEP_VERDICTS_DAYS", default=90),
    "episodes": env.int("REMOSA_KEEP_EPISODES_DAYS", default=365),
    "steps": env.int("REMOSA_KEEP_STEPS_DAYS", default=365),
    "tracks": env.int("REMOSA_KEEP_TRACKS_DAYS", default=90),
    "pauses": env.int("REMOSA_KEEP_PAUSES_DAYS", default=365),
    "notices": env.int("REMOSA_KEEP_NOTICES_DAYS", default=90),
    "audit": env.int("REMOSA_KEEP_AUDIT_DAYS", default=0),
}

# Asked for every 30 s while jobs are judged: whoever waits there raises the alarm when it ends.
ENGINE_HEARTBEAT_URL = env.str("REMOSA_ENGINE_HEARTBEAT_URL", default="")

# Opens /metrics of the web application; empty: closed.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")

LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = logging_config(
    env.str("LOG_LEVEL", default="INFO"), env.str("LOG_FORMAT", default="text")
)
PROMETHEUS_EXPORT_MIGRATIONS = False

UNFOLD = admin_look.UNFOLD
