"""A small client of Airflow's REST API: what the demo needs to trigger runs and watch them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import requests

from schemas.errors import RetryLaterError

#: entries that one answer carries (Airflow's own limit is 100), and that are looked at
PAGE, MOST = 100, 1000


class AirflowApi:
    """Airflow at an address, entered as the user `admin`."""

    def __init__(self, address: str, password: str) -> None:
        """Log in; raises RetryLaterError when Airflow does not answer."""
        self._address = address
        self._session = requests.Session()
        token = self._call("POST", "/auth/token", json={"username": "admin", "password": password})["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def healthy(self) -> bool:
        """Whether scheduler, DAG processor and triggerer all have a heartbeat."""
        health = self._call("GET", "/api/v2/monitor/health")
        parts = ("metadatabase", "scheduler", "dag_processor", "triggerer")
        return all(health[name]["status"] == "healthy" for name in parts)

    def ensure_pool(self, name: str, slots: int) -> None:
        """Make a pool, or set its size."""
        fields = {"slots": slots, "include_deferred": True, "description": "places at one source host"}
        answer = self._session.post(f"{self._address}/api/v2/pools", json={"name": name, **fields}, timeout=60)
        if answer.status_code == requests.codes.conflict:
            self._call("PATCH", f"/api/v2/pools/{name}", json={"pool": name, **fields})
        else:
            answer.raise_for_status()

    def dag_ids(self) -> set[str]:
        """Return the DAGs that Airflow has parsed."""
        return {dag["dag_id"] for dag in self._pages("/api/v2/dags", "dags", order_by="dag_id")}

    def trigger(self, dag_id: str, **conf: Any) -> str:
        """Start a run now, with parameters of the DAG; return its id."""
        wanted = {"logical_date": None, "conf": conf}
        return str(self._call("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=wanted)["dag_run_id"])

    def runs(self, dag_id: str = "~") -> list[dict[str, Any]]:
        """Return the runs of a DAG or, at `~`, of all, newest first."""
        return self._pages(f"/api/v2/dags/{dag_id}/dagRuns", "dag_runs", order_by="-run_after")

    def run_state(self, dag_id: str, run_id: str) -> str:
        """Return the state of one run: queued, running, success or failed."""
        return str(self._call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")["state"])

    def import_errors(self) -> Iterable[str]:
        """Yield what Airflow could not parse."""
        for item in self._call("GET", "/api/v2/importErrors")["import_errors"]:
            yield f"{item['filename']}: {item['stack_trace'].strip().splitlines()[-1]}"

    def _pages(self, path: str, name: str, **parameters: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            asked = {"limit": PAGE, "offset": len(found), **parameters}
            page = self._call("GET", path, params=asked)[name]
            found += page
            if len(page) < PAGE or len(found) >= MOST:
                return found

    def _call(self, method: str, path: str, **arguments: Any) -> Any:
        for attempt in range(3):
            try:
                answer = self._session.request(method, self._address + path, timeout=60, **arguments)
                if answer.status_code < 500:
                    answer.raise_for_status()
                    return answer.json()
            except requests.ConnectionError:
                pass
            time.sleep(1 + attempt)
        raise RetryLaterError(f"Airflow does not answer {method} {path}", where=self._address)
