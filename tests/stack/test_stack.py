"""The embedded stack with a real Airflow scheduler, on a catalogue of three applications."""

from __future__ import annotations

import functools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import requests
import yaml

from hub.airflow_api import AirflowApi
from hub.connections import add_connections
from hub.demo import wait_parsed
from hub.processes import ProcessTable
from hub.settings import ROOT, Settings
from store.runs import recent_runs

pytestmark = [pytest.mark.stack, pytest.mark.xdist_group("stack")]
OPDHUB = [sys.executable, "-c", "from hub.cli import main; main()"]
OWNER = {"unit": "Bidang Uji", "email": "uji@opd.example"}


@dataclass(frozen=True)
class Running:
    """A stack that `opdhub up` runs in a process of its own."""

    settings: Settings
    environment: dict[str, str]
    process: subprocess.Popen[bytes]
    api: AirflowApi


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def opdhub(*arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*OPDHUB, *arguments], env=environment, capture_output=True, text=True, timeout=120)


def small_catalogue(root: Path) -> None:
    """A catalogue with one good application of two feeds, one with a wrong password, one whose source is down."""
    for part in ("schemas/contracts", "schemas/codelists"):
        shutil.copytree(ROOT / part, root / part)
    region = {
        "dataset": "wilayah",
        "key": ["kode"],
        "map": {"kode": "kode", "nama": "nama"},
        "expect": {"max_quarantined_pct": 50},
    }
    applications = {
        "kota/baik": {
            "connection": "baik",
            "source": {"kind": "files", "host_pool": "host-baik", "max_concurrency": 2},
            "schedule": "0 2 * * *",
            "feeds": {name: {**region, "file": f"{name}.csv", "format": "csv"} for name in ("satu", "dua")},
        },
        "kota/salah_sandi": {
            "connection": "salah_sandi",
            "source": {"kind": "rest", "host_pool": "host-api", "auth": {"style": "basic"}},
            "feeds": {"wilayah": {**region, "path": "/wilayah"}},
        },
        "kota/mati": {
            "connection": "mati",
            "source": {"kind": "sql", "host_pool": "host-mati"},
            "feeds": {"wilayah": {**region, "table": "wilayah"}},
        },
    }
    for name, content in applications.items():
        path = root / "applications" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump({"title": name, "owner": OWNER, **content}))
    (root / "applications/kota/rusak.yaml").write_text("title: Rusak\nsource: {kind: sql}\n")
    plan = root / "schemas/integration/wilayah.yaml"
    plan.parent.mkdir(parents=True)
    sources = ["kota.baik.satu", "kota.baik.dua", "kota.salah_sandi.wilayah", "kota.mati.wilayah"]
    plan.write_text(yaml.safe_dump({"dataset": "wilayah", "ground": "uji", "sources": sources}))


@pytest.fixture(scope="module")
def refusing_api() -> Iterator[tuple[str, list[str], list[str]]]:
    """A real HTTP server that refuses everybody and counts the tries; it takes notices, and keeps them."""
    import threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    tries: list[str] = []
    notices: list[str] = []

    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            tries.append(self.path)
            self.send_response(401)
            self.end_headers()

        def do_POST(self) -> None:
            notices.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}", tries, notices
    server.shutdown()


@pytest.fixture(scope="module")
def running(refusing_api: tuple[str, list[str], list[str]]) -> Iterator[Running]:
    home = Path(tempfile.mkdtemp(prefix="opdhub-stack-", dir="/tmp"))
    home.chmod(0o755)  # PostgreSQL's user has to enter it when the tests run as root
    small_catalogue(home / "catalogue")
    drops = home / "drops"
    drops.mkdir()
    (drops / "satu.csv").write_text("kode,nama\n35,JAWA TIMUR\n35.74,KOTA PROBOLINGGO\n")
    (drops / "dua.csv").write_text("kode,nama\n35.74.01,KADEMANGAN\n35.74.99.99,BUKAN KODE\n35.74.02,WONOASIH\n")
    ports = {f"OPDHUB_{name}_PORT": str(free_port()) for name in ("POSTGRES", "AIRFLOW", "CITY")}
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("OPDHUB_", "AIRFLOW"))},
        "OPDHUB_HOME": str(home / "home"),
        "OPDHUB_CATALOGUE": str(home / "catalogue"),
        "OPDHUB_NOTICE_URL": f"http://{refusing_api[0]}/hooks/opdhub",
        **ports,
    }
    settings = Settings.from_environment(environment)
    connections = {
        "baik": f"fs://{drops}",
        "salah_sandi": f"http://petugas:salah@{refusing_api[0]}",
        "mati": f"mysql://petugas:rahasia@127.0.0.1:{free_port()}/mati",
    }
    add_connections(settings.connections, connections)
    with (home / "up.log").open("wb") as log:
        # what a shell starts in the background ignores Ctrl-C, and so would all below it
        heed = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
        process = subprocess.Popen([*OPDHUB, "up"], env=environment, stdout=log, stderr=log, preexec_fn=heed)
    try:
        api = wait_for_api(settings, process, home / "up.log")
        wait_parsed(api, {"kota.baik", "kota.salah_sandi", "kota.mati", "dataset.wilayah"})
        yield Running(settings, environment, process, api)
    finally:
        opdhub("down", environment=environment)
        process.wait(60)
        shutil.rmtree(home)


def wait_for_api(settings: Settings, process: subprocess.Popen[bytes], log: Path) -> AirflowApi:
    end = time.monotonic() + 240
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        if "Ctrl-C" in log.read_text():
            return AirflowApi(f"http://127.0.0.1:{settings.airflow_port}", settings.secret("airflow-admin"))
        time.sleep(0.5)
    raise AssertionError(f"opdhub up did not come up:\n{log.read_text()}")


def finished(api: AirflowApi, dag_id: str, run_id: str, seconds: float = 180) -> str:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        state = api.run_state(dag_id, run_id)
        if state in ("success", "failed"):
            return state
        time.sleep(0.5)
    raise AssertionError(f"{dag_id} did not finish")


def alive_still(process: psutil.Process) -> bool:
    try:  # where nothing reaps orphans, an ended one stays in the table as a zombie
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def tasks(running: Running, dag_id: str, run_id: str) -> dict[str, dict[str, object]]:
    answer = running.api._call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances")
    return {item["task_id"]: item for item in answer["task_instances"]}


def published_codes(running: Running) -> list[str]:
    """The codes in the integrated dataset; none before its first release made the table."""
    with running.settings.database().transaction() as connection:
        if connection.exec_driver_sql("SELECT to_regclass('hub.wilayah')").scalar() is None:
            return []
        return list(connection.exec_driver_sql("SELECT kode FROM hub.wilayah ORDER BY kode").scalars())


def test_an_application_goes_through_the_four_stages_of_each_feed(running: Running) -> None:
    run_id = running.api.trigger("kota.baik")
    assert finished(running.api, "kota.baik", run_id) == "success"
    found = tasks(running, "kota.baik", run_id)
    stages = ("extract", "standardize", "validate", "publish")
    assert set(found) == {f"{feed}.{stage}" for feed in ("satu", "dua") for stage in stages}
    # only extract works at the source and takes a place there
    assert {name: item["pool"] for name, item in found.items() if name.startswith("satu")} == {
        "satu.extract": "host-baik",
        "satu.standardize": "default_pool",
        "satu.validate": "default_pool",
        "satu.publish": "default_pool",
    }
    rows = {row["feed"]: row for row in recent_runs(running.settings.database())}
    assert (rows["kota.baik.satu"]["read"], rows["kota.baik.satu"]["inserted"]) == (2, 2)
    assert (rows["kota.baik.dua"]["read"], rows["kota.baik.dua"]["quarantined"]) == (3, 1)
    assert Path(rows["kota.baik.dua"]["report"]).read_text().startswith("<!doctype html>")
    # publishing starts the dataset's DAG by its asset: at once by the feed that is first, again by the other
    end = time.monotonic() + 120
    while (codes := published_codes(running)) != ["35", "35.74", "35.74.01", "35.74.02"]:
        assert time.monotonic() < end, (codes, running.api.runs("dataset.wilayah"))
        time.sleep(0.5)


def test_a_broken_file_of_the_catalogue_stops_only_its_own_application(running: Running) -> None:
    log = (running.settings.home.parent / "up.log").read_text()
    assert "applications/kota/rusak.yaml" in log
    assert "kota.rusak" not in running.api.dag_ids()
    assert list(running.api.import_errors()) == []


def test_schedule_tags_and_pools_are_those_of_the_catalogue(running: Running) -> None:
    dag = running.api._call("GET", "/api/v2/dags/kota.baik")
    assert dag["is_paused"] is False
    assert dag["timetable_summary"] == "0 2 * * *"
    assert {tag["name"] for tag in dag["tags"]} == {"opd:kota", "kind:files"}
    pools = running.api._call("GET", "/api/v2/pools")["pools"]
    assert {pool["name"]: pool["slots"] for pool in pools if pool["name"].startswith("host")} == {
        "host-baik": 2,
        "host-api": 1,
        "host-mati": 1,
    }


def test_a_refused_password_is_not_tried_again_and_the_stewards_are_told(
    running: Running, refusing_api: tuple[str, list[str], list[str]]
) -> None:
    run_id = running.api.trigger("kota.salah_sandi")
    assert finished(running.api, "kota.salah_sandi", run_id) == "failed"
    assert tasks(running, "kota.salah_sandi", run_id)["wilayah.extract"]["try_number"] == 1
    assert len(refusing_api[1]) == 1
    row = recent_runs(running.settings.database(), feed="kota.salah_sandi")[0]
    assert row["state"] == "failed"
    assert "salah_sandi" in row["error"]
    assert "petugas:salah" not in row["error"]
    (notice,) = [text for text in refusing_api[2] if "kota.salah_sandi" in text]
    assert run_id in notice
    assert "connection 'salah_sandi'" in notice
    assert "petugas:salah" not in notice


def test_a_source_that_is_down_is_tried_again_later(running: Running) -> None:
    run_id = running.api.trigger("kota.mati")
    end = time.monotonic() + 120
    while (state := tasks(running, "kota.mati", run_id)["wilayah.extract"]["state"]) != "up_for_retry":
        assert time.monotonic() < end, state
        time.sleep(0.5)


def test_airflow_lets_nobody_in_without_a_password(running: Running) -> None:
    address = f"http://127.0.0.1:{running.settings.airflow_port}/api/v2/dags"
    assert requests.get(address, timeout=10).status_code == 401


def test_a_second_up_says_that_the_stack_runs(running: Running) -> None:
    done = opdhub("up", environment=running.environment)
    assert done.returncode == 1
    assert "already runs" in done.stderr
    assert "opdhub down" in done.stderr


def test_a_port_in_use_is_named_with_its_setting(running: Running) -> None:
    other = running.settings.home.parent / "other"
    environment = {**running.environment, "OPDHUB_HOME": str(other)}
    done = opdhub("up", environment=environment)
    assert done.returncode == 1
    assert "OPDHUB_POSTGRES_PORT" in done.stderr
    assert str(running.settings.postgres_port) in done.stderr
    assert "Traceback" not in done.stderr
    assert running.process.poll() is None


def test_ctrl_c_stops_what_was_started_and_nothing_else(running: Running) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "airflow", "scheduler"])
    try:
        started = [psutil.Process(running.process.pid), *psutil.Process(running.process.pid).children(recursive=True)]
        alive = ProcessTable(running.settings.home / "processes.json").alive()
        assert set(alive) == {"api-server", "scheduler", "dag-processor", "triggerer"}
        postmaster = int((running.settings.home / "postgres" / "postmaster.pid").read_text().split()[0])
        started.append(psutil.Process(postmaster))
        running.process.send_signal(signal.SIGINT)
        time.sleep(1)
        running.process.send_signal(signal.SIGINT)  # of an impatient user: what was begun is finished all the same
        assert running.process.wait(90) == 0
        assert [process for process in started if alive_still(process)] == []
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
