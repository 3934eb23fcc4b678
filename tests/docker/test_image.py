"""What docker/Dockerfile and .dockerignore promise."""

import re
import tomllib

from django.conf import settings

from tests.environment_names import ROOT

TEXT = (ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8")
LINES = [
    line.split(None, 1)
    for line in re.sub(r"\\\n\s*", " ", TEXT).splitlines()
    if line.strip() and not line.startswith("#")
]
IGNORED = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()


def last_stage() -> list[tuple[str, str]]:
    words = [(first, rest) for first, rest in LINES]
    start = max(at for at, (word, _rest) in enumerate(words) if word == "FROM")
    return words[start:]


def values(word: str) -> list[str]:
    return [rest for first, rest in last_stage() if first == word]


def test_the_base_image_can_be_chosen_and_the_build_stays_behind() -> None:
    assert LINES[0][0] == "ARG"
    assert LINES[0][1].startswith("BASE_IMAGE=")
    assert [rest for word, rest in LINES if word == "FROM"] == [
        "${BASE_IMAGE} AS build",
        "${BASE_IMAGE}",
    ]
    assert all(rest.startswith("--from=build") for rest in values("COPY"))


def test_it_runs_as_a_fixed_number_that_is_not_root() -> None:
    assert values("USER") == ["10001:10001"]


def test_it_is_watched_and_stopped_gently() -> None:
    (check,) = values("HEALTHCHECK")
    assert "/-/ready" in check
    assert values("STOPSIGNAL") == ["SIGTERM"]


def test_it_starts_the_web_application_without_a_control_socket() -> None:
    (command,) = values("CMD")
    assert command.startswith('["gunicorn", "remosa.wsgi:application"')
    assert '"--no-control-socket"' in command


def test_it_says_what_it_is() -> None:
    labels = " ".join(values("LABEL"))
    for name in ("title", "description", "licenses", "version", "revision"):
        assert f"org.opencontainers.image.{name}=" in labels
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"VERSION={project['version']}" in values("ARG")


def test_no_secret_stays_in_a_layer() -> None:
    kept = [rest for word, rest in LINES if word in ("ENV", "ARG", "LABEL")]
    assert not [rest for rest in kept if re.search("KEY|TOKEN|PASSWORD|SECRET", rest)]


def test_every_package_is_checked_by_its_hash() -> None:
    installs = [rest for word, rest in LINES if word == "RUN" and "pip install" in rest]
    assert all("--require-hashes" in rest for rest in installs)
    assert installs


def test_nothing_goes_in_but_what_is_named() -> None:
    assert IGNORED[1] == "*"
    named = {line.removeprefix("!") for line in IGNORED if line.startswith("!")}
    assert all((ROOT / name).exists() for name in named)
    packages = {name.split(".")[0] for name in settings.INSTALLED_APPS}
    ours = {name for name in packages if (ROOT / name / "__init__.py").exists()}
    assert ours | {"manage.py", "requirements.txt", "static", "templates", "locale"} <= named
    assert not {name for name in named if name.startswith((".", "tests"))}
