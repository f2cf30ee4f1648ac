"""The city's sources: written, counted, replaced; and never anybody else's database."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit

import openpyxl
import pandas as pd
import pytest
import sqlalchemy as sa

from schemas.application import read_application
from schemas.errors import ConfigurationError
from simulator import build, databases
from simulator.build import MARKER, CitySummary, CityTarget, build_city, drop_city
from simulator.description import DESCRIPTIONS
from tests.services import engine, mariadb_url, postgres_url, require

SMALL = 300
PREFIX = f"opdhub_city_test{os.getpid()}_"
ROOT = Path(__file__).parents[2]
#: one application of each kind of source
FEW = ("dispendukcapil/siak", "disdikbud/dapodik", "disdikbud/arkas", "bkpsdm/siasn", "dinsos_pppa/siks_ng")


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("descriptions")
    for name in FEW:
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(DESCRIPTIONS / f"{name}.yaml", folder / f"{name}.yaml")
    return folder


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CitySummary]:
    folder = tmp_path_factory.mktemp("city") / "made"
    return folder, build_city(CityTarget(folder), residents=SMALL, seed=5)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[CityTarget, CitySummary]]:
    target = CityTarget(
        tmp_path_factory.mktemp("served"),
        mariadb_url=require("MariaDB", mariadb_url),
        postgres_url=require("PostgreSQL", postgres_url),
        prefix=PREFIX,
    )
    yield target, build_city(target, residents=SMALL, seed=5)
    drop_city(target)


def test_every_application_has_a_connection(city: tuple[Path, CitySummary]) -> None:
    named = [read_application(path)[0].connection for path in (ROOT / "applications").glob("*/*.yaml")]
    assert sorted(city[1].connections) == sorted(named)


def test_without_servers_the_databases_are_sqlite_files(city: tuple[Path, CitySummary]) -> None:
    summary = city[1]
    path = summary.connections["siak"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as connection:
        (rows,) = connection.execute("SELECT count(*) FROM biodata_wni").fetchone()
    assert rows == summary.rows["dispendukcapil.siak.biodata_wni"]
    assert "the MariaDB applications are in SQLite files" in summary.notes


def test_rest_credentials_are_escaped_in_the_uri(city: tuple[Path, CitySummary]) -> None:
    apis = json.loads((city[0] / "rest" / "apis.json").read_text())
    for name, api in apis.items():
        uri = urlsplit(city[1].connections[name])
        assert (uri.scheme, uri.hostname, uri.port, uri.path) == ("http", "127.0.0.1", 8420, f"/{name}")
        assert unquote(uri.username or "") == api["login"]
        assert unquote(uri.password or "") == ("" if api["auth"]["style"] == "none" else api["password"])


def test_csv_is_cp1252_with_semicolons(city: tuple[Path, CitySummary]) -> None:
    folder = Path(urlsplit(city[1].connections["siks_ng"]).path)
    frame = pd.read_csv(next(folder.glob("SIKSNG_*.csv")), sep=";", encoding="cp1252", dtype=str)
    assert frame["NO_KK"].str.startswith("'").any()


def test_xlsx_has_a_title_and_real_dates(city: tuple[Path, CitySummary]) -> None:
    folder = Path(urlsplit(city[1].connections["siskaperbapo"]).path)
    sheet = openpyxl.load_workbook(next(folder.glob("*.xlsx")), read_only=True)["Harga"]
    rows = list(sheet.iter_rows(min_row=4, max_row=5, values_only=True))
    assert rows[0][:3] == ("TANGGAL", "PASAR", "KOMODITAS")
    assert hasattr(rows[1][0], "year")


def test_faults_and_truth_are_saved(city: tuple[Path, CitySummary]) -> None:
    faults = pd.read_parquet(city[0] / "faults.parquet")
    assert list(faults.columns) == ["application", "feed", "key", "field", "kind"]
    assert len(faults) == sum(city[1].faults.values())
    assert len(pd.read_parquet(city[0] / "truth" / "penduduk.parquet")) == SMALL


def test_the_same_seed_writes_the_same_bytes(few: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        build_city(CityTarget(tmp_path / name, descriptions=few), residents=SMALL, seed=5)
    for name in ("faults.parquet", "rest/apis.json", "rest/siasn/pns.json", "drops/siks_ng/SIKSNG_2025-06.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_killed_build_leaves_a_marker_and_the_next_one_starts_clean(
    few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = CityTarget(tmp_path, descriptions=few)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(build, "write_json", killed)
        with pytest.raises(KeyboardInterrupt):
            build_city(target, residents=100)
    assert (tmp_path / MARKER).exists()
    (tmp_path / "drops").mkdir(exist_ok=True)
    (tmp_path / "drops" / "half.csv").touch()
    build_city(target, residents=100)
    assert not (tmp_path / MARKER).exists()
    assert not (tmp_path / "drops" / "half.csv").exists()


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ConfigurationError, match="not a sample city"):
        build_city(CityTarget(tmp_path), residents=100)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


@pytest.mark.parametrize("prefix", ["", "siak_", "opdhub_cit", "opdhub_city_x; DROP", "opdhub_city_`"])
def test_a_foreign_prefix_is_refused(tmp_path: Path, prefix: str) -> None:
    with pytest.raises(ConfigurationError, match="not the sample city's"):
        build_city(CityTarget(tmp_path, prefix=prefix), residents=100)


def test_a_mariadb_that_does_not_answer_is_told(few: Path, tmp_path: Path) -> None:
    target = CityTarget(tmp_path, mariadb_url="mysql://root:@127.0.0.1:9", descriptions=few)
    assert "MariaDB does not answer" in build_city(target, residents=100).notes


def test_a_postgresql_that_does_not_answer_is_an_error(tmp_path: Path) -> None:
    target = CityTarget(tmp_path, postgres_url="postgresql://nobody@127.0.0.1:9/none")
    with pytest.raises(ConfigurationError, match="PostgreSQL"):
        build_city(target, residents=100)


def test_mariadb_holds_zero_dates_and_a_latin1_table(served: tuple[CityTarget, CitySummary]) -> None:
    _target, summary = served
    with engine(mariadb_url(), f"{PREFIX}epuskesmas").connect() as connection:
        zero = connection.execute(
            sa.text("SELECT count(*) FROM cl_pasien WHERE CAST(tgl_lahir AS CHAR) = '0000-00-00'")
        )
        assert zero.scalar() == 1
    with engine(mariadb_url(), f"{PREFIX}simrs_lama").connect() as connection:
        status = connection.execute(sa.text("SHOW TABLE STATUS LIKE 'rs15'")).mappings().one()
        rows = connection.execute(sa.text("SELECT count(*) FROM rs15")).scalar()
    assert status["Collation"].startswith("latin1")
    assert rows == summary.rows["rsud_saleh.simrs_lama.rs15"]
    assert urlsplit(summary.connections["siak"]).path == f"/{PREFIX}siak"
    assert urlsplit(summary.connections["siak"]).query == "charset=utf8mb4"


def test_dapodik_is_a_typed_postgresql(served: tuple[CityTarget, CitySummary]) -> None:
    with engine(postgres_url(), f"{PREFIX}dapodik").connect() as connection:
        kinds = {str(column["name"]): str(column["type"]) for column in sa.inspect(connection).get_columns("sekolah")}
        rows = connection.execute(sa.text("SELECT count(*) FROM sekolah")).scalar()
    assert kinds["jumlah_pd"] == "INTEGER"
    assert rows == served[1].rows["disdikbud.dapodik.sekolah"]


def test_without_mariadb_its_databases_are_in_postgresql(few: Path, tmp_path: Path) -> None:
    url, prefix = require("PostgreSQL", postgres_url), f"{PREFIX}only_"
    target = CityTarget(tmp_path, postgres_url=url, prefix=prefix, descriptions=few)
    try:
        summary = build_city(target, residents=100)
        with engine(postgres_url(), f"{PREFIX}only_siak").connect() as connection:
            rows = connection.execute(sa.text("SELECT count(*) FROM biodata_wni")).scalar()
        assert rows == summary.rows["dispendukcapil.siak.biodata_wni"]
    finally:
        drop_city(target)


def test_a_foreign_database_is_never_dropped() -> None:
    for name in ("siak", "mysql", "opdhub_cit", "opdhub_city_`x"):
        with pytest.raises(ConfigurationError):
            databases.drop_mariadb(mariadb_url(), name)
        with pytest.raises(ConfigurationError):
            databases.drop_postgres(postgres_url(), name)


def test_progress_counts_to_the_end(few: Path, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    build_city(CityTarget(tmp_path, descriptions=few), residents=100, progress=lambda *step: told.append(step))
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert told[-1][1] == told[-1][2]
