"""Airflow's connections, as URI and as mapping."""

from __future__ import annotations

import pytest

from connectors.connection import Connection
from schemas.errors import ConfigurationError


def test_uri_is_percent_decoded_and_its_query_is_extra() -> None:
    made = Connection.from_uri("siak", "mysql://hub%40x:p%40ss%2F%25:@10.0.0.1:3307/si%20ak?reader=cursor&a=")
    assert (made.kind, made.login, made.password) == ("mysql", "hub@x", "p@ss/%:")
    assert (made.host, made.port, made.schema) == ("10.0.0.1", 3307, "si ak")
    assert made.extra == {"reader": "cursor", "a": ""}


def test_extra_of_a_uri_may_be_one_json_object() -> None:
    assert Connection.from_uri("c", 'fs:///x?__extra__={"path": "/data", "n": 1}').extra == {"path": "/data", "n": 1}


def test_password_is_never_shown() -> None:
    made = Connection.from_uri("siak", "postgresql://hub:rahasia@h/db?token=rahasia")
    assert made.masked == "postgres://hub:***@h/db"
    assert "rahasia" not in repr(made) + str(made)


@pytest.mark.parametrize(
    ("uri", "base"),
    [
        ("http://10.1.1.1:8080/api/v1", "http://10.1.1.1:8080/api/v1"),
        ("https://u:p@siak.go.id/api/", "https://siak.go.id/api"),
        ("http://https://siak.go.id:8443/api", "https://siak.go.id:8443/api"),
    ],
)
def test_base_url_of_an_api(uri: str, base: str) -> None:
    assert Connection.from_uri("c", uri).base_url == base


def test_base_url_in_airflow_forms() -> None:
    both = {"conn_type": "http", "host": "h", "schema": "https", "port": "443"}
    assert Connection.from_dict("c", both).base_url == "https://h:443"
    assert Connection.from_dict("c", {"conn_type": "http", "host": "https://h/api"}).base_url == "https://h/api"


@pytest.mark.parametrize("uri", ["sqlite:////data/a.db", "fs:///data/a.db"])
def test_path_of_a_file_or_folder(uri: str) -> None:
    assert Connection.from_uri("c", uri).path == "/data/a.db"


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("mysq://u:rahasia@h/d", "did you mean 'mysql'"),
        ("mysql://u:rahasia@h:port/d", "not a URI"),
        ("mysql:///d", "has no host"),
        ("fs://", "has no folder"),
        ("fs:///x?__extra__=rahasia", "extra is not JSON"),
        ("no address", "is not a kind"),
    ],
)
def test_wrong_uri_is_a_configuration_error_without_the_secret(uri: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        Connection.from_uri("siak", uri)
    assert "connection 'siak'" in str(caught.value)
    assert "rahasia" not in str(caught.value)


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"conn_type": "mysql", "hots": "h"}, "did you mean 'host'"),
        ({"conn_type": "mysql", "host": "h", "port": "x"}, "not a number"),
        ({"conn_type": "fs", "extra": [1]}, "not an object"),
        ({"host": "h"}, "not a kind"),
    ],
)
def test_wrong_mapping_is_a_configuration_error(mapping: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Connection.from_dict("c", mapping)
