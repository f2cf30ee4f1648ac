"""The REST server, asked over real HTTP."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from starlette.datastructures import URL

from schemas.feed import Pagination
from simulator.build import CityTarget, build_city
from simulator.paging import Resource, page_of

ROOT = Path(__file__).parents[2]
RECORDS = list(range(7))


class Server:
    """A running server and what its APIs want."""

    def __init__(self, folder: Path, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.apis: dict[str, Any] = json.loads((folder / "rest" / "apis.json").read_text())
        self.folder = folder

    def headers(self, name: str) -> dict[str, str]:
        """Return the headers that enter an API."""
        api = self.apis[name]
        style, login, password = api["auth"]["style"], api["login"], api["password"]
        if style == "api_key":
            return {api["auth"]["name"]: password}
        if style == "basic":
            return {"Authorization": "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()}
        form = {"grant_type": "client_credentials", "client_id": login, "client_secret": password}
        answer = requests.post(f"{self.address}/{name}{api['auth']['token_path']}", data=form, timeout=5)
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def get(self, name: str, params: dict[str, Any]) -> requests.Response:
        """Ask for a page of an API's first resource; repeat when it is out of breath."""
        resource = next(iter(self.apis[name]["resources"].values()))
        address = f"{self.address}/{name}{resource['path']}"
        for _ in range(2):
            answer = requests.get(address, params=params, headers=self.headers(name), timeout=5)
            if answer.status_code != 503:
                break
        return answer

    def records(self, name: str) -> list[Any]:
        """Return what the city holds for an API's first resource."""
        resource = next(iter(self.apis[name]["resources"]))
        records: list[Any] = json.loads((self.folder / "rest" / name / f"{resource}.json").read_text())
        return records


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("rest")
    build_city(CityTarget(folder), residents=300, seed=4)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "simulator.serve", "--data", str(folder), "--port", str(port), "--sftp-port", "0"]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        _wait(f"http://127.0.0.1:{port}/health", process)
        yield Server(folder, port)
    finally:
        process.terminate()
        process.wait(10)


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        assert process.poll() is None, "the server ended"
        try:
            if requests.get(address, timeout=1).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError("the server does not answer")


def test_pages_by_number_give_every_record_once(server: Server) -> None:
    first = server.get("oss_rba", {"page": 1, "per_page": 80}).json()["data"]
    pages = [server.get("oss_rba", {"page": page, "per_page": 80}).json()["data"]["list"] for page in (2, 3)]
    assert first["total"] == len(server.records("oss_rba"))
    assert [*first["list"], *pages[0], *pages[1]] == server.records("oss_rba")


def test_offsets_give_every_record_once(server: Server) -> None:
    total = server.get("siasn", {}).json()["meta"]["total"]
    found = [row for at in range(0, total, 100) for row in server.get("siasn", {"offset": at}).json()["data"]]
    assert found == server.records("siasn")


def test_cursors_give_every_record_once(server: Server) -> None:
    found: list[Any] = []
    params: dict[str, str] = {}
    while True:
        body = server.get("sicantik", params).json()
        found += body["data"]
        if body["meta"]["next_cursor"] is None:
            break
        params = {"cursor": body["meta"]["next_cursor"]}
    assert found == server.records("sicantik")
    assert "nik" in found[0]["pemohon"]


def test_a_wrong_cursor_is_refused(server: Server) -> None:
    assert server.get("sicantik", {"cursor": "%%%"}).status_code == 400


@pytest.mark.parametrize("name", ["siasn", "oss_rba", "sicantik"])
def test_without_credentials_nobody_enters(server: Server, name: str) -> None:
    resource = next(iter(server.apis[name]["resources"].values()))
    address = f"{server.address}/{name}{resource['path']}"
    wrong = {"Authorization": "Bearer x", server.apis[name]["auth"]["name"]: "x"}
    assert requests.get(address, timeout=5).status_code == 401
    assert requests.get(address, headers=wrong, timeout=5).status_code == 401


def test_the_token_endpoint_takes_the_client_in_the_header_too(server: Server) -> None:
    api = server.apis["siasn"]
    address, form = f"{server.address}/siasn/oauth/token", {"grant_type": "client_credentials"}
    good = requests.post(address, data=form, auth=(api["login"], api["password"]), timeout=5)
    bad = requests.post(address, data=form, auth=(api["login"], "wrong"), timeout=5)
    other = requests.post(address, data={"grant_type": "password"}, timeout=5)
    assert (good.status_code, bad.status_code, other.status_code) == (200, 401, 400)


def test_every_nth_request_is_answered_503(server: Server) -> None:
    api = server.apis["oss_rba"]
    headers, every = server.headers("oss_rba"), api["unavailable_every"]
    answers = [
        requests.get(f"{server.address}/oss_rba/v1/perizinan", headers=headers, timeout=5) for _ in range(2 * every)
    ]
    busy = [place for place, answer in enumerate(answers) if answer.status_code == 503]
    assert len(busy) == 2
    assert busy[1] - busy[0] == every
    assert answers[busy[0]].headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    "paging",
    [
        Pagination(style="link_header", param="page", size_param="n", page_size=3),
        Pagination(style="json_link", param="page", size_param="n", page_size=3, next_path="links.next"),
        Pagination(style="cursor", param="after", size_param="n", page_size=3, next_path="next"),
    ],
    ids=lambda paging: paging.style,
)
def test_following_the_links_gives_every_record_once(paging: Pagination) -> None:
    resource = Resource("data", paging, RECORDS)
    url: URL | None = URL("http://x/y")
    found: list[Any] = []
    while url is not None:
        body, headers = page_of(resource, url)
        found += body["data"]
        if paging.style == "link_header":
            link = headers.get("Link", "")
            url = URL(link[1 : link.index(">")]) if link else None
        elif paging.style == "json_link":
            url = URL(body["links"]["next"]) if body["links"]["next"] else None
        else:
            url = URL(f"http://x/y?after={body['next']}") if body["next"] else None
    assert found == RECORDS


def test_a_single_answer_holds_everything_as_a_list() -> None:
    assert page_of(Resource(None, Pagination(), RECORDS), URL("http://x/y"))[0] == RECORDS
