"""The processes of the stack as data: the embedded stack starts them, the compose file must say the same."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from hub.settings import ROOT, Settings

#: tasks that run at once; on 2 cores more only take memory
PARALLELISM = 4


@dataclass(frozen=True)
class Service:
    """One process: what it is called, its command, and where it answers when it is ready."""

    name: str
    command: list[str]
    health_path: str = ""
    port: int | None = None
    environment: dict[str, str] = field(default_factory=dict, repr=False)


def airflow_services(settings: Settings) -> list[Service]:
    """Return Airflow's four processes in the order in which they start."""
    airflow = str(Path(sys.executable).parent / "airflow")
    port = str(settings.airflow_port)
    environment = airflow_environment(settings)
    # logs are read from the disk they share, so nobody needs a log server and its port
    commands: dict[str, list[str]] = {
        "api-server": ["api-server", "--host", "127.0.0.1", "--port", port, "--workers", "1"],
        "scheduler": ["scheduler", "--skip-serve-logs"],
        "dag-processor": ["dag-processor"],
        "triggerer": ["triggerer", "--skip-serve-logs"],
    }
    return [
        Service(
            name,
            [airflow, *arguments],
            health_path="/api/v2/version" if name == "api-server" else "",
            port=settings.airflow_port if name == "api-server" else None,
            environment=environment,
        )
        for name, arguments in commands.items()
    ]


def city_service(settings: Settings) -> Service:
    """Return the server of the sample city's REST applications and SFTP folders."""
    data = str(settings.home / "city")
    ports = ["--port", str(settings.city_port), "--sftp-port", str(settings.sftp_port)]
    command = [sys.executable, "-m", "simulator.serve", "--data", data, *ports]
    return Service("city", command, "/health", settings.city_port, hub_environment(settings))


def hub_environment(settings: Settings) -> dict[str, str]:
    """Return what the hub's own code needs in the environment of a process."""
    return {
        **os.environ,
        "OPDHUB_HOME": str(settings.home),
        "OPDHUB_CATALOGUE": str(settings.catalogue),
        "OPDHUB_DATABASE_URL": settings.hub_url(),
        "OPDHUB_LANDING_URL": settings.landing_url,
        "OPDHUB_CONNECTIONS": str(settings.connections),
        "GX_ANALYTICS_ENABLED": "false",
        "RUNTIME__DLTHUB_TELEMETRY": "false",
    }


def airflow_environment(settings: Settings) -> dict[str, str]:
    """Return the whole environment of Airflow's processes: no airflow.cfg is edited."""
    home = settings.home / "airflow"
    digest = hashlib.sha256(settings.secret("fernet").encode()).digest()
    backend = {"connections_file_path": str(settings.connections)}
    options = {
        "CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": str(PARALLELISM),
        "CORE__DEFAULT_TIMEZONE": "Asia/Jakarta",
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "CORE__FERNET_KEY": base64.urlsafe_b64encode(digest).decode(),
        "CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{settings.airflow_port}/execution/",
        "DATABASE__SQL_ALCHEMY_CONN": settings.airflow_url().replace("postgresql:", "postgresql+psycopg2:", 1),
        "API__BASE_URL": f"http://127.0.0.1:{settings.airflow_port}",
        "API__SECRET_KEY": settings.secret("airflow-api"),
        "API_AUTH__JWT_SECRET": settings.secret("airflow-jwt"),
        "SECRETS__BACKEND": "airflow.secrets.local_filesystem.LocalFilesystemBackend",
        "SECRETS__BACKEND_KWARGS": json.dumps(backend),
        "SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "2",
        # parsing 146 DAGs takes 5 s of a core: a new YAML shows after two minutes at most
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "120",
        "DAG_PROCESSOR__REFRESH_INTERVAL": "120",
        "LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "LOGGING__FILE_TASK_HANDLER_NEW_FOLDER_PERMISSIONS": "0o700",
        "LOGGING__FILE_TASK_HANDLER_NEW_FILE_PERMISSIONS": "0o600",
        "USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    return {
        **hub_environment(settings),
        "AIRFLOW_HOME": str(home),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "dags" / "preload")]),
        **{f"AIRFLOW__{name}": value for name, value in options.items()},
    }


def write_airflow_password(settings: Settings) -> str:
    """Write the password file of Airflow's user `admin`; return the password."""
    password = settings.secret("airflow-admin")
    path = settings.home / "airflow" / "passwords.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump({"admin": password}, file)
    return password
