"""The embedded stack: PostgreSQL, the migrations, Airflow's four processes, the sample city's server."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

from hub.airflow_api import AirflowApi
from hub.embedded_postgres import EmbeddedPostgres, require_free_port
from hub.processes import READY_SECONDS, ProcessTable, launch, wait_ready
from hub.sample_city import require_city_ports
from hub.services import airflow_environment, airflow_services, city_service, write_airflow_password
from hub.settings import Settings
from schemas.catalogue import Catalogue
from schemas.errors import ConfigurationError, RetryLaterError
from store.database import Database
from store.grants import apply_grants

Say = Callable[[str], None]


class Stack:
    """Starts and stops everything on one machine; what ran before is left alone."""

    def __init__(self, settings: Settings) -> None:
        """Prepare; nothing is started."""
        self.settings = settings
        self.processes = ProcessTable(settings.home / "processes.json")
        self.postgres = EmbeddedPostgres(settings)
        self.logs = settings.home / "logs"

    @property
    def address(self) -> str:
        """Where Airflow's pages are."""
        return f"http://127.0.0.1:{self.settings.airflow_port}"

    def require_stopped(self) -> None:
        """Raise ConfigurationError when the stack already runs."""
        alive = self.processes.alive()
        if alive:
            raise ConfigurationError(
                f"the stack already runs ({', '.join(alive)}), Airflow at {self.address}",
                where=str(self.settings.home),
                fix="'opdhub down' stops it",
            )

    def start_database(self, say: Say) -> None:
        """Start PostgreSQL, unless a server is given, and bring the hub's schemas up to date."""
        if self.settings.database_url is None:
            say("starting PostgreSQL 18" if not self.postgres.running else "PostgreSQL 18 runs already")
            self.postgres.acquire()
        say("bringing the hub's schemas up to date")
        self.settings.database().upgrade()

    def start_airflow(self, say: Say) -> AirflowApi:
        """Migrate Airflow's database, start its processes, wait for all heartbeats, make the pools."""
        require_free_port(self.settings.airflow_port, "OPDHUB_AIRFLOW_PORT", "Airflow")
        self._require_airflow_database()
        password = write_airflow_password(self.settings)
        api_server, *others = airflow_services(self.settings)
        say("bringing Airflow's database up to date")
        self._migrate_airflow(api_server.command[0])
        say("starting Airflow")
        server = launch(api_server, self.processes, self.logs)
        for service in others:
            launch(service, self.processes, self.logs)
        wait_ready(api_server, server, self.logs)
        api = AirflowApi(self.address, password)
        end = time.monotonic() + READY_SECONDS
        while not api.healthy():
            if time.monotonic() > end or len(self.processes.alive()) < len(others) + 1:
                raise RetryLaterError("Airflow did not become healthy", fix=f"read the logs in {self.logs}")
            time.sleep(0.5)
        for name, slots in self.pools().items():
            api.ensure_pool(name, slots)
        return api

    def start_city(self, say: Say) -> None:
        """Start the server of the sample city's REST applications and SFTP folders, when a city has been built."""
        service = city_service(self.settings)
        if not (self.settings.home / "city" / "rest").exists():
            return
        say("starting the sample city")
        require_city_ports(self.settings)
        wait_ready(service, launch(service, self.processes, self.logs), self.logs)

    def apply_grants(self, catalogue: Catalogue, say: Say) -> None:
        """Give the consumers their roles and grants; with a mistake in the catalogue all stay as they are."""
        if catalogue.mistakes:
            say("the consumers' grants stay as they are until the catalogue is mended")
            return
        say("applying the consumers' grants")
        apply_grants(self.settings.database(), catalogue.consumers, catalogue.contracts)

    def pools(self) -> dict[str, int]:
        """Return the concurrency budget of each source host, the smallest that an application declares."""
        slots: dict[str, int] = {}
        for application in Catalogue.read(self.settings.catalogue).applications.values():
            source = application.source
            slots[source.host_pool] = min(slots.get(source.host_pool, source.max_concurrency), source.max_concurrency)
        return slots

    def stop(self, seconds: float = 0) -> list[str]:
        """Stop what the stack started, and PostgreSQL unless others use it; return the names of what was stopped."""
        stopped = self.processes.stop()
        if self.postgres.release(seconds):
            stopped.append("postgres")
        return stopped

    def _require_airflow_database(self) -> None:
        """Raise ConfigurationError when a given server lacks Airflow's database."""
        try:
            with Database(self.settings.airflow_url()).transaction():
                pass
        except RetryLaterError as error:
            raise ConfigurationError(
                f"Airflow's database cannot be opened ({error.problem})",
                where="OPDHUB_DATABASE_URL",
                fix="make it on the same server, beside the hub's: CREATE DATABASE airflow",
            ) from error

    def _migrate_airflow(self, airflow: str) -> None:
        self.logs.mkdir(parents=True, exist_ok=True)
        log = self.logs / "airflow-migrate.log"
        with log.open("wb") as output:
            command = [airflow, "db", "migrate"]
            environment = airflow_environment(self.settings)
            done = subprocess.run(command, env=environment, stdout=output, stderr=subprocess.STDOUT, check=False)  # noqa: S603
        if done.returncode:
            raise RetryLaterError("Airflow's database could not be brought up to date", fix=f"read {log}")
