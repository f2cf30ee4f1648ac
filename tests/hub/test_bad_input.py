"""Bad input: one message with file, key and fix, exit code 1, and what was published stays."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import openpyxl
import pytest
import yaml

from tests import services
from tests.connectors.api import TOKEN, Api, served
from tests.connectors.sources import Database as SourceDatabase
from tests.hub.commandline import APP, FEED, YAML, Hub, write_application
from tests.hub.conftest import ROWS, export
from tests.hub.proxy import proxied
from tests.pipelines.residents import COLUMNS, ORANG
from tests.workspaces import Row, application, write_csv

#: what of ORANG does not depend on the kind of source
COMMON: Row = {name: ORANG[name] for name in ("key", "dataset", "map", "ignore", "expect")}


def change(hub: Hub, **feed: Any) -> None:
    """Change keys of the feed in the application's YAML."""
    content = yaml.safe_load(hub.yaml.read_text())
    content["feeds"]["orang"] |= feed
    hub.yaml.write_text(yaml.safe_dump(content, sort_keys=False))


def line_of(hub: Hub, text: str) -> int:
    """Return the number of the only line of the YAML that has a text."""
    (number,) = [number for number, line in enumerate(hub.yaml.read_text().splitlines(), 1) if text in line]
    return number


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# the catalogue


def test_an_unknown_key_is_told_with_its_line(csv_hub: Hub) -> None:
    change(csv_hub, delimeter=";")
    message = csv_hub.told()
    assert f"{csv_hub.yaml}:{line_of(csv_hub, 'delimeter')}: feeds.orang.delimeter: unknown key" in message
    assert "did you mean 'delimiter'?" in message


def test_a_mapping_to_a_field_that_the_contract_lacks_is_told_with_its_line(csv_hub: Hub) -> None:
    change(csv_hub, map={**ORANG["map"], "alamatt": "ket"}, ignore=[])
    message = csv_hub.told()
    where = f"{csv_hub.yaml}:{line_of(csv_hub, 'alamatt')}: feeds.orang.map.alamatt"
    assert f"{where}: contract penduduk has no field 'alamatt'" in message
    assert "did you mean 'alamat'?" in message


@pytest.mark.parametrize(
    ("arguments", "problem", "fix"),
    [
        (("sync", "dinas.wrga"), "no application 'dinas.wrga'", APP),
        (("sync", f"{APP}.orag"), f"application {APP} has no feed 'orag'", "orang"),
        (("integrate", "pendudk"), "no plan for dataset 'pendudk'", "penduduk"),
        (("quarantine", "list", "dinas.warga.orag"), "no application or feed 'dinas.warga.orag'", FEED),
        (("quarantine", "show", "dinas.warga.orag", "3"), "no application or feed 'dinas.warga.orag'", FEED),
        (("status", "dinas.wrga"), "no application or feed 'dinas.wrga'", APP),
        (("audit", "report", "dinas.wrga"), "no application or feed 'dinas.wrga'", APP),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(
    csv_hub: Hub, arguments: tuple[str, ...], problem: str, fix: str
) -> None:
    message = csv_hub.told(*arguments)
    assert problem in message
    assert f"did you mean '{fix}'?" in message


def test_a_row_that_is_not_in_quarantine_is_told(csv_hub: Hub) -> None:
    assert f"no row 99 of {FEED} is in quarantine" in csv_hub.told("quarantine", "show", FEED, "99")


# connections


def test_a_missing_connection_is_told_with_the_file_and_the_line_to_add(csv_hub: Hub) -> None:
    file = csv_hub.folder / "home" / "connections.yaml"
    file.write_text("{}")
    message = csv_hub.told()
    assert f"{file}: connection 'warga' is missing" in message
    assert "add the line 'warga: mysql://" in message


def test_a_connection_of_another_kind_is_told(csv_hub: Hub) -> None:
    message = csv_hub.told("sync", FEED, AIRFLOW_CONN_WARGA="mysql://10.0.0.1/api")
    assert f"connection 'warga': is of kind mysql, but application {APP} is read by files" in message


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ('{"conn_type": "mysql", "password": "pa55word"', "AIRFLOW_CONN_WARGA: is not JSON"),
        ("mysql://u:pa55word@host:port/db", "connection 'warga': is not a URI"),
        ("mysqll://u:pa55word@host/db", "connection 'warga': 'mysqll' is not a kind of connection"),
        ('{"conn_type": "mysql", "pasword": "pa55word"}', "connection 'warga': unknown key 'pasword'"),
    ],
)
def test_a_broken_connection_is_told_without_its_password(csv_hub: Hub, value: str, problem: str) -> None:
    csv_hub.secrets.append("pa55word")
    assert problem in csv_hub.told("sync", FEED, AIRFLOW_CONN_WARGA=value)


# files


def test_an_empty_file_is_told(csv_hub: Hub) -> None:
    export(csv_hub).write_bytes(b"")
    assert f"{YAML}: feeds.orang.file: file 'orang_2026.csv' is empty" in csv_hub.told()


def test_a_file_that_is_not_there_is_told(csv_hub: Hub) -> None:
    export(csv_hub).unlink()
    assert f"{YAML}: feeds.orang.file: no file fits 'orang_*.csv' in fs://" in csv_hub.told()


def test_a_folder_that_is_not_mounted_is_told(csv_hub: Hub) -> None:
    message = csv_hub.told("sync", FEED, AIRFLOW_CONN_WARGA="fs:///nowhere/share")
    assert "connection 'warga' (fs:///nowhere/share): the folder is not there" in message


def test_a_file_in_a_wrong_encoding_is_told(csv_hub: Hub) -> None:
    change(csv_hub, encoding=["utf-8"])
    content = export(csv_hub).read_text().replace("Warga", "Wargé", 1)
    export(csv_hub).write_text(content, encoding="cp1252")
    message = csv_hub.told()
    assert f"{YAML}: feeds.orang.encoding: file 'orang_2026.csv' is in none of its encodings: utf-8 at byte" in message


def test_a_row_with_another_number_of_cells_is_quarantined_with_what_was_sent(csv_hub: Hub) -> None:
    lines = export(csv_hub).read_text().splitlines()
    lines[5] += ",one more"
    export(csv_hub).write_text("\n".join(lines))
    (account,) = csv_hub.run("sync", FEED, "--json").json
    assert (account["state"], account["quarantined"], account["unchanged"]) == ("published", 2, 11)
    rows = {row["reasons"] for row in csv_hub.run("quarantine", "list", "--json").json}
    assert "row.width" in rows


def test_a_column_that_is_gone_is_told_with_the_key_that_needs_it(csv_hub: Hub) -> None:
    write_csv(export(csv_hub), [{**row, "nama_lengkap": row["nama"]} for row in ROWS], [*COLUMNS, "nama_lengkap"])
    content = export(csv_hub).read_text().replace(",nama,", ",namaa,", 1)
    export(csv_hub).write_text(content)
    message = csv_hub.told()
    assert f"{YAML}: feeds.orang.map.nama_lengkap: file 'orang_2026.csv', line 1, has no column 'nama'" in message
    assert "did you mean 'namaa'?" in message


def test_a_new_column_of_the_source_is_told(csv_hub: Hub) -> None:
    write_csv(export(csv_hub), [row | {"baru": "x"} for row in ROWS], [*COLUMNS, "baru"])
    message = csv_hub.told()
    assert f"{YAML}: feeds.orang: file 'orang_2026.csv', line 1, has the unknown column 'baru'" in message
    assert "add it to map: or ignore:" in message


def test_a_broken_workbook_is_told(hub: Hub) -> None:
    feed = ORANG | {"file": "orang_*.xlsx", "format": "xlsx"}
    write_application(hub.folder, application("warga", "files", orang=feed), f"fs://{hub.folder}/drop")
    file = hub.folder / "drop" / "orang_2026.xlsx"
    file.parent.mkdir()
    book = openpyxl.Workbook()
    for row in [COLUMNS, *([row[name] for name in COLUMNS] for row in ROWS)]:
        book.active.append(row)
    book.save(file)
    assert hub.run("sync", FEED).code == 0
    file.write_bytes(file.read_bytes()[:2000])
    message = hub.told()
    assert f"{YAML}: feeds.orang.file: file 'orang_2026.xlsx' cannot be opened as a workbook" in message


# a database


@pytest.fixture
def mariadb() -> Iterator[SourceDatabase]:
    made = SourceDatabase(services.require("mariadb", services.mariadb_url), "")
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def sql_hub(hub: Hub, mariadb: SourceDatabase) -> Hub:
    """A hub whose application is a table of MariaDB, published."""
    mariadb.fill(COLUMNS, [tuple(row[name] for name in COLUMNS) for row in ROWS])
    hub.secrets += [mariadb.password, "wr0ng/secret"]
    write_application(hub.folder, application("warga", "sql", orang=COMMON | {"table": "warga"}), address(mariadb))
    assert hub.run("sync", FEED).code == 0
    return hub


def address(source: SourceDatabase, **other: Any) -> str:
    """Return the connection's URI, with other parts."""
    here = source.connection
    parts = {"password": source.password, "port": here.port or 3306, "database": source.name} | other
    login = f"{source.login}:{quote(parts['password'], safe='')}"
    return f"mysql://{login}@{here.host}:{parts['port']}/{parts['database']}"


def test_a_wrong_password_is_tried_once(sql_hub: Hub, mariadb: SourceDatabase) -> None:
    # connectorx holds the interpreter while it connects: through a proxy in this process it would never arrive
    with proxied(mariadb.connection.host, mariadb.connection.port or 3306) as proxy:
        wrong = address(mariadb, port=proxy.port, password="wr0ng/secret")
        message = sql_hub.told("sync", FEED, AIRFLOW_CONN_WARGA=wrong)
    assert "connection 'warga' (mysql://" in message
    assert "refused" in message
    assert "Access denied" in message
    assert "mend login, password" in message
    assert proxy.connections == 1


def test_a_database_that_is_down_is_told(sql_hub: Hub, mariadb: SourceDatabase) -> None:
    message = sql_hub.told("sync", FEED, AIRFLOW_CONN_WARGA=address(mariadb, port=closed_port()))
    assert f"connection 'warga' (mysql://{mariadb.login}:***@{mariadb.connection.host}:" in message
    assert "did not answer" in message


def test_a_database_name_that_is_not_there_is_told(sql_hub: Hub, mariadb: SourceDatabase) -> None:
    message = sql_hub.told("sync", FEED, AIRFLOW_CONN_WARGA=address(mariadb, database="tidak_ada"))
    assert "connection 'warga' (mysql://" in message
    assert "tidak_ada" in message


def test_a_table_that_is_not_there_is_told(sql_hub: Hub) -> None:
    change(sql_hub, table="wargaa")
    message = sql_hub.told()
    assert f"{YAML}: feeds.orang.table: the source has no table 'wargaa'" in message
    assert "did you mean 'warga'?" in message


def test_a_column_that_the_table_lacks_is_told(sql_hub: Hub) -> None:
    change(sql_hub, map={**ORANG["map"], "alamat": "almt"})
    assert f"{YAML}: feeds.orang.map.alamat: table 'warga' has no column 'almt'" in sql_hub.told()


def test_a_new_column_of_the_table_is_told(sql_hub: Hub, mariadb: SourceDatabase) -> None:
    with services.engine(mariadb.address, mariadb.name).connect() as opened:
        opened.exec_driver_sql("ALTER TABLE warga ADD COLUMN baru int")
    message = sql_hub.told()
    assert f"{YAML}: feeds.orang: table 'warga' has the unknown column 'baru'" in message


# an API


@pytest.fixture
def api() -> Iterator[Api]:
    with served() as api:
        api.auth = "bearer"
        api.records = [{name: row[name] for name in COLUMNS} for row in ROWS]
        yield api


@pytest.fixture
def rest_hub(hub: Hub, api: Api) -> Hub:
    """A hub whose application is an API, published."""
    content = application("warga", "rest", orang=COMMON | {"path": "/warga", "records": "data"})
    content["source"]["auth"] = {"style": "bearer"}
    write_application(hub.folder, content, token_address(api, TOKEN))
    hub.secrets += [TOKEN, "wr0ng-token"]
    assert hub.run("sync", FEED).code == 0
    return hub


def token_address(api: Api, token: str) -> str:
    return api.url.replace("://", f"://:{quote(token, safe='')}@") + "/api"


def test_an_api_that_is_down_is_told(rest_hub: Hub) -> None:
    message = rest_hub.told("sync", FEED, AIRFLOW_CONN_WARGA=f"http://:wr0ng-token@127.0.0.1:{closed_port()}/api")
    assert "connection 'warga' (http://127.0.0.1:" in message
    assert "did not answer" in message


def test_a_wrong_token_is_tried_once(rest_hub: Hub, api: Api) -> None:
    api.requests.clear()
    message = rest_hub.told("sync", FEED, AIRFLOW_CONN_WARGA=token_address(api, "wr0ng-token"))
    assert f"connection 'warga' ({api.url}/api/warga): refused (401)" in message
    assert len(api.requests) == 1


def test_html_instead_of_json_is_told(rest_hub: Hub, api: Api) -> None:
    page = f"<html>Sedang pemeliharaan. NIK {ROWS[0]['nik']}</html>"
    api.answers = [(200, {"Content-Type": "text/html"}, page)]
    assert f"connection 'warga' ({api.url}/api/warga): answered text/html, not JSON" in rest_hub.told()


def test_an_api_without_the_path_is_told(rest_hub: Hub) -> None:
    change(rest_hub, path="/wargi")
    assert f"{YAML}: feeds.orang.path: the API has no '/wargi' (404)" in rest_hub.told()


def test_a_record_with_a_new_key_is_told(rest_hub: Hub, api: Api) -> None:
    api.records[3]["baru"] = 1
    assert f"{YAML}: feeds.orang: record 4 has the unknown column 'baru'" in rest_hub.told()


# settings


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("nonsense pa55word", "OPDHUB_DATABASE_URL: is no address of a database"),
        ("postgresql://opdhub:pa55word@host:port/opdhub", "OPDHUB_DATABASE_URL: is no address of a database"),
        ("mysql://opdhub:pa55word@host/opdhub", "OPDHUB_DATABASE_URL: 'mysql' is no PostgreSQL address"),
    ],
)
def test_a_bad_address_of_the_hub_database_is_told(csv_hub: Hub, url: str, problem: str) -> None:
    csv_hub.secrets.append("pa55word")
    assert problem in csv_hub.told("sync", FEED, OPDHUB_DATABASE_URL=url)


@pytest.mark.parametrize("command", [("sync", FEED), ("audit", "report"), ("quarantine", "list")])
def test_a_hub_database_that_is_down_is_told(csv_hub: Hub, command: tuple[str, ...]) -> None:
    csv_hub.secrets.append("pa55word")
    url = f"postgresql://opdhub:pa55word@127.0.0.1:{closed_port()}/opdhub"
    message = csv_hub.told(*command, OPDHUB_DATABASE_URL=url)
    assert "the hub database does not answer" in message
    assert "Connection refused" in message
    assert "start it with 'opdhub up', or correct OPDHUB_DATABASE_URL" in message


def test_a_home_that_is_a_file_is_told(csv_hub: Hub) -> None:
    file = csv_hub.folder / "file"
    file.write_text("x")
    message = csv_hub.told("sync", FEED, OPDHUB_HOME=str(file / "home"))
    assert f"OPDHUB_HOME: {file} is no folder" in message


def test_a_landing_zone_of_an_unknown_kind_is_told(csv_hub: Hub) -> None:
    assert "OPDHUB_LANDING_URL: cannot be opened" in csv_hub.told("sync", FEED, OPDHUB_LANDING_URL="s4://bucket/x")


def test_a_bad_port_is_told(csv_hub: Hub) -> None:
    message = csv_hub.told("sync", FEED, OPDHUB_AIRFLOW_PORT="80a")
    assert message == "error: OPDHUB_AIRFLOW_PORT: '80a' is no port. Fix: a number from 1024 to 65535"


@pytest.mark.parametrize("variable", ["OPDHUB_HOME", "OPDHUB_LANDING_URL"])
def test_a_folder_that_cannot_be_written_is_told(csv_hub: Hub, variable: str) -> None:
    connections = str(csv_hub.folder / "home" / "connections.yaml")
    message = csv_hub.told("sync", FEED, OPDHUB_CONNECTIONS=connections, **{variable: "/proc/opdhub"})
    assert f"{variable}: /proc/opdhub" in message
    assert "cannot be written by this user. Fix: name a folder that this user may write" in message
