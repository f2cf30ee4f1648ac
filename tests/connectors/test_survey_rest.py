"""What a survey tells of an HTTP API that nobody has described, and of one that has a document."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import uvicorn

from connectors.connection import Connection
from connectors.survey import Survey, SurveyTable, survey
from connectors.survey.rest_records import whole_part
from schemas.application import RestApplication, read_application
from schemas.errors import ConfigurationError, RefusedError, RetryLaterError
from schemas.feed import RestFeed
from schemas.source import RestSource
from simulator.serve import create_app
from tests.connectors.api import TOKEN
from tests.connectors.conftest import free_port

ROOT = Path(__file__).parents[2]
PEOPLE = [{"nik": f"35749901019{number:05d}", "nama": f"N{number}"} for number in range(700)]
CITY = {
    application.id: application
    for path in sorted((ROOT / "applications").glob("*/*.yaml"))
    for application in [read_application(path)[0]]
    if isinstance(application, RestApplication)
}
EXTRAS = {"oauth2_client_credentials": "token_path", "header": "api_key_header", "query": "api_key_param"}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The APIs of the sample city, each with the same 700 invented people, busy at every seventh request."""
    folder, apis = tmp_path_factory.mktemp("city"), {}
    for application in CITY.values():
        resources = {}
        for name, feed in application.feeds.items():
            resources[name] = {"path": feed.path, "records": feed.records, "pagination": feed.pagination.model_dump()}
            (folder / "rest" / application.connection).mkdir(parents=True, exist_ok=True)
            (folder / "rest" / application.connection / f"{name}.json").write_text(json.dumps(PEOPLE))
        apis[application.connection] = {
            "auth": application.source.auth.model_dump(), "login": "hub", "password": TOKEN,
            "unavailable_every": 7, "resources": resources,
        }  # fmt: skip
    (folder / "rest" / "apis.json").write_text(json.dumps(apis))
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(create_app(folder), port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        threading.Event().wait(0.02)
    yield f"127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.mark.parametrize("app_id", CITY)
def test_apis_of_the_city_are_read_as_their_yaml_says(city: str, app_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.survey.rest_http.MOST_WAIT", 0.0)
    application = CITY[app_id]
    auth, extra = application.source.auth, {}
    if auth.style == "api_key":
        extra = {EXTRAS[auth.location]: auth.name}
    elif auth.style in EXTRAS:
        extra = {EXTRAS[auth.style]: auth.token_path}
    login = "" if auth.style in ("bearer", "none", "api_key") else "hub"
    password = "" if auth.style == "none" else quote(TOKEN, safe="")
    connection = Connection.from_uri("app", f"http://{login}:{password}@{city}/{application.connection}")
    connection.extra.update(extra)
    found = survey(connection, paths=[feed.path for feed in application.feeds.values()])
    assert RestSource(kind="rest", host_pool="x", **found.source).auth == auth
    for table, feed in zip(found.tables, application.feeds.values(), strict=True):
        assert table.problem == ""
        guessed = RestFeed.model_validate({"key": ["nik"], "dataset": "x", "map": {}, **table.feed})
        paging, wanted = guessed.pagination, feed.pagination
        assert (guessed.records, paging.style) == (feed.records, wanted.style)
        if wanted.style in ("page", "offset", "cursor"):
            assert (paging.param, paging.first_page) == (wanted.param, wanted.first_page)
        assert (paging.next_path or wanted.next_path, paging.total_path) == (wanted.next_path, wanted.total_path)
        if wanted.style != "single":
            assert (paging.size_param, paging.page_size) == (wanted.size_param, 200)
        assert [column.name for column in table.columns] == ["nik", "nama"]
        assert table.columns[0].sample == tuple(person["nik"] for person in PEOPLE[:200])
        if wanted.total_path or wanted.style == "single":
            assert table.rows == 700
    assert TOKEN not in repr(found)


class Routes(ThreadingHTTPServer):
    """Answers by path: a JSON value, a text with its content type, or a status; notes who asked how."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), RoutesHandler)
        self.answers: dict[str, Any] = {}
        self.asked: list[tuple[str, str, str]] = []  # path, Authorization, X-Kunci

    def connect(self, **parts: Any) -> Connection:
        return Connection("app", "http", "127.0.0.1", self.server_address[1], **{"schema": "api", **parts})

    @property
    def paths(self) -> list[str]:
        return [path for path, *_ in self.asked]


class RoutesHandler(BaseHTTPRequestHandler):
    server: Routes

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the test output clean."""

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Authorization", ""), self.headers.get("X-Kunci", "")))
        answer = self.server.answers.get(self.path, self.server.answers.get(self.path.partition("?")[0], 404))
        status, kind = (answer, "text/html") if isinstance(answer, int) else (200, "application/json")
        text = answer if isinstance(answer, str) else json.dumps(answer)
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if text.startswith("<") else kind)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Bearer realm="x"')
        self.end_headers()
        self.wfile.write(text.encode())


@pytest.fixture
def routes() -> Iterator[Routes]:
    server = Routes()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def one(found: Survey, name: str) -> SurveyTable:
    return next(table for table in found.tables if table.name == name)


PERSON = {
    "type": "object", "required": ["nik"],
    "properties": {
        "nik": {"type": "string", "description": "Nomor induk"},
        "jk": {"type": "string", "enum": ["L", "P"]},
        "alamat": {"$ref": "#/components/schemas/Alamat"},
    },
}  # fmt: skip
DOCUMENT = {
    "openapi": "3.0.1",
    "servers": [{"url": "/api/v2"}],
    "components": {
        "securitySchemes": {"kunci": {"type": "apiKey", "in": "header", "name": "X-Kunci"}},
        "schemas": {
            "Orang": PERSON,
            "Alamat": {"properties": {"rt": {"type": "integer", "format": "int32", "nullable": True}}},
            "Daftar": {"properties": {"data": {"type": "array", "items": {"$ref": "#/components/schemas/Orang"}}}},
        },
    },
    "paths": {
        "/warga": {
            "get": {
                "summary": "Daftar warga",
                "parameters": [
                    {
                        "name": "status",
                        "in": "query",
                        "required": True,
                        "schema": {"type": "string", "default": "aktif"},
                    },
                    {"name": "halaman", "in": "query"},
                ],
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Daftar"}}}}
                },
            }
        },
        "/warga/{nik}": {"get": {}},
        "/rekap": {"get": {"parameters": [{"name": "tahun", "in": "query", "required": True}]}},
        "/auth/logout": {"get": {}},
        "/kosong": {"get": {}},
        "/rusak": {"get": {}},
        "/baru": {"post": {}},
    },
}


def test_document_names_resources_columns_and_the_way_in(routes: Routes) -> None:
    person = {"nik": "3574990101900001", "jk": "P", "alamat": {"rt": 4}, "usia": 1.50, "hobi": ["a"]}
    routes.answers = {
        "/api/swagger.json": DOCUMENT,
        "/api/v2/warga": {"data": [person, {"nik": "2", "alamat": None}], "meta": {"ids": []}},
        "/api/v2/kosong": [], "/api/v2/rusak": "<html>login</html>",
    }  # fmt: skip
    found = survey(routes.connect(password="rahasia"))
    assert found.source == {"auth": {"style": "api_key", "name": "X-Kunci", "location": "header"}}
    warga = one(found, "/v2/warga")
    assert warga.comment == "Daftar warga"
    assert warga.feed == {"path": "/v2/warga", "params": {"status": "aktif"}, "records": "data"}
    assert [
        (column.name, column.declared, column.nullable, column.comment, column.sample) for column in warga.columns
    ] == [
        ("nik", "string", False, "Nomor induk", ("3574990101900001", "2")),
        ("jk", "enum('L','P')", True, "", ("P", None)),
        ("alamat.rt", "integer(int32)", True, "", ("4", None)),
        ("usia", "number", None, "", ("1.5", None)),
        ("hobi", "array", None, "", ('["a"]', None)),
    ]
    problems = {table.name: table.problem for table in found.tables if table.problem}
    assert problems == {
        "/v2/rekap": "asks for tahun: give --path with a query",
        "/v2/auth/logout": "was not asked: its name says that it does something",
        "/v2/kosong": "gave no records",
        "/v2/rusak": "answered text/html, not JSON",
    }
    assert not any("logout" in path for path in routes.paths)
    assert {key for path, _, key in routes.asked if "json" in path} == {""}  # nobody asks for a secret there


def test_wrong_secret_is_sent_once(routes: Routes) -> None:
    routes.answers = {"/api/a": 401, "/api/b": 401, "/api/openapi.json": 401}
    with pytest.raises(RefusedError, match=r"refused \(401, it asks for Bearer\).*token_path"):
        survey(routes.connect(login="hub", password="salah"), paths=["/a", "/b"])
    assert sum(bool(header) for _, header, _ in routes.asked) == 1


def test_resource_that_may_not_be_read_is_a_problem_once_another_was(routes: Routes) -> None:
    routes.answers = {"/api/a": [{"x": 1}], "/api/b": 403}
    found = survey(routes.connect(password="kunci"), paths=["/a", "/b"])
    assert one(found, "/b").problem == "the login may not read it"
    assert found.source == {"auth": {"style": "bearer"}}


def test_links_at_the_base_address_are_followed(routes: Routes) -> None:
    host = f"http://127.0.0.1:{routes.server_address[1]}"
    routes.answers = {
        "/api/": {"warga": f"{host}/api/warga/?x=1", "_links": {"kk": {"href": "/api/kk"}}, "luar": "http://lain.id/a"},
        "/api/warga/": [{"a": 1}],
        "/api/kk": [{"a": 1}],
    }
    assert [table.name for table in survey(routes.connect()).tables] == ["/warga/", "/kk"]
    with pytest.raises(ConfigurationError, match="tells of no resource"):
        survey(routes.connect(schema="lain"))


def test_pages_from_zero_are_told(routes: Routes) -> None:
    pages = [[{"a": str(start + number)} for number in range(20)] for start in (0, 20, 40)]
    routes.answers = {f"/api/x?page={number}": page for number, page in enumerate(pages)} | {"/api/x": pages[0]}
    (table,) = survey(routes.connect(), paths=["/x"]).tables
    assert table.feed["pagination"] == {"style": "page", "param": "page", "first_page": 0, "page_size": 20}


def test_full_list_of_a_usual_size_stays_single_and_total_without_a_way_is_noted(routes: Routes) -> None:
    routes.answers = {"/api/x": [{"a": str(number)} for number in range(20)]}
    routes.answers["/api/y"] = {"total": 90, "rows": routes.answers["/api/x"]}
    found = survey(routes.connect(), paths=["/x", "/y"])
    assert found.tables[0].feed == {"path": "/x"}
    assert found.tables[0].rows == 20
    assert "/y: gives 20 of 90 records, and no way to the others was found" in found.notes


def test_xml_answers_are_told_by_their_record(routes: Routes) -> None:
    routes.answers = {"/api/x": "<?xml version='1.0'?><a><orang><nik>1</nik></orang><orang><nik>2</nik></orang></a>"}
    found = survey(routes.connect(), paths=["/x"])
    assert found.tables[0].feed == {"path": "/x", "format": "xml", "record": "orang"}
    assert found.tables[0].columns[0].sample == ("1", "2")


def test_next_page_on_another_host_is_not_fetched(routes: Routes) -> None:
    routes.answers = {"/api/x": {"data": [{"a": "1"}], "next": "http://127.0.0.2:1/api/x?page=2"}}
    (table,) = survey(routes.connect(password="kunci"), paths=["/x"]).tables
    assert "pagination" not in table.feed


def test_large_answer_is_read_only_so_far(routes: Routes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.survey.rest_http.MOST_BYTES", 100_000)
    routes.answers = {"/api/x": {"data": [{"a": "{]" * 20, "b": {"c": 1}} for _ in range(50_000)]}}
    found = survey(routes.connect(), paths=["/x?tahun=2026"])
    (table,) = found.tables
    assert table.feed == {"path": "/x", "params": {"tahun": "2026"}, "records": "data"}
    assert [len(column.sample) for column in table.columns] == [200, 200]
    assert found.notes[-1] == "/x: its answer was not read to the end"


def test_begin_of_a_json_text_is_closed_after_its_last_whole_record() -> None:
    assert whole_part(b'{"d": [{"a": [{"x": 1}]}, {"a": "]}\\"') == b'{"d": [{"a": [{"x": 1}]}]}'
    with pytest.raises(ValueError):
        whole_part(b'{"d": [{"a": 1')


def test_api_that_is_down_is_for_later() -> None:
    with pytest.raises(RetryLaterError, match="did not answer"):
        survey(Connection("app", "http", "127.0.0.1", 1), paths=["/x"])
