"""`opdhub check`: seeded mistakes in a copy of the catalogue, each told with file, line, key and fix."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.application import read_application
from schemas.catalogue import Catalogue
from schemas.consumer import read_consumer
from schemas.contract import read_contract
from schemas.errors import ConfigurationError, ConfigurationErrors
from schemas.integration_plan import read_integration_plan
from tests.hub.commandline import run_cli
from tests.workspaces import ROOT

FOLDERS = (
    "applications",
    "consumers",
    "schemas/contracts",
    "schemas/codelists",
    "schemas/integration",
    "schemas/rules",
)


@dataclass(frozen=True)
class Mistake:
    """A text put in the place of another, the text on whose line it must be told (^: above), and what must be told."""

    file: str
    old: str
    new: str
    at: str
    key: str
    problem: str
    fix: str

    def seed(self, catalogue: Path) -> str:
        """Make the mistake; return the place `<file>:<line>` at which it must be told."""
        path = catalogue / self.file
        text = path.read_text(encoding="utf-8")
        assert self.old in text
        spoiled = text.replace(self.old, self.new, 1)
        path.write_text(spoiled, encoding="utf-8")
        start = text.index(self.old)
        line_start = spoiled.rfind("\n", 0, start) + 1
        above = self.at.removeprefix("^")
        found = spoiled.rindex(above, 0, start) if above != self.at else spoiled.index(self.at, line_start)
        return f"{path}:{spoiled.count(chr(10), 0, found) + 1}"


KEPEGX, ARKAS = "applications/rsud_saleh/kepegx.yaml", "applications/disdikbud/arkas.yaml"
KELUARGA, MAP = "schemas/contracts/keluarga.odcs.yaml", "feeds.sekolah.map"
MISTAKES = {
    "unknown key": Mistake(
        KEPEGX, "ignore: [pass", "ignored: [pass", "ignored:",
        "feeds.pegawai.ignored", "unknown key", "did you mean 'ignore'?",
    ),
    "unknown field": Mistake(
        ARKAS, "jumlah_siswa: jml", "jumlah_siswaa: jml", "jumlah_siswaa",
        f"{MAP}.jumlah_siswaa", "contract sekolah has no field", "did you mean 'jumlah_siswa'?",
    ),
    "unknown dataset": Mistake(
        "applications/kemendagri/wilayah.yaml", "dataset: wilayah", "dataset: wilaya", "dataset:",
        "feeds.wilayah.dataset", "no contract for dataset 'wilaya'", "did you mean 'wilayah'?",
    ),
    "missing lookup": Mistake(
        "applications/dinkes_ppkb/epuskesmas.yaml", "{column: sex, lookup: jenis_kelamin}", "sex", "jenis_kelamin: sex",
        "feeds.pasien.map.jenis_kelamin", "the field holds codes", "add 'lookup: jenis_kelamin'",
    ),
    "impossible hour": Mistake(
        "applications/dkupp/siskaperbapo.yaml", '"0 14 * * *"', '"0 25 * * *"', "schedule:",
        "schedule", "'25' in '0 25 * * *' does not fit the hour", "write 0 to 23",
    ),
    "unknown feed of a plan": Mistake(
        "schemas/integration/sekolah.yaml", "sources:\n", "sources:\n  - disdikbud.dapodik.kelas\n", "dapodik.kelas",
        "sources.0", "no feed 'disdikbud.dapodik.kelas' supplies sekolah", "did you mean 'disdikbud.dapodik.sekolah'?",
    ),
    "grant on an unknown column": Mistake(
        "consumers/bppkad.yaml", "nama_pemohon]", "nama_pemohonn]", "unmasked:",
        "grants.0.unmasked", "no column 'nama_pemohonn'", "did you mean 'nama_pemohon'?",
    ),
    "misspelt expectation": Mistake(
        KELUARGA, "type: expect_column_value_lengths_to_be_between", "type: expect_column_value_length_to_be_between",
        "type: expect_column_value_length_", "implementation.type", "cannot be compiled",
        "did you mean 'expect_column_value_lengths_to_be_between'?",
    ),
    "impossible date": Mistake(
        "consumers/dinkes_ppkb.yaml", "until: 2026-12-31", "until: 2026-02-31", "until:",
        "until", "'2026-02-31' is not possible (day is out of range for month)", "correct it, or put it in quotes",
    ),
    "impossible moment": Mistake(
        "applications/dpmptsp/oss_rba.yaml", '"2023-02-12T00:00:00"', "2023-02-31T00:00:00", "2023-02-31",
        "feeds.perizinan.example.in.tgl_terbit", "'2023-02-31T00:00:00' is not possible", "put it in quotes",
    ),
    "unknown code list": Mistake(
        "schemas/contracts/penduduk.odcs.yaml", "{property: codelist, value: agama}",
        "{property: codelist, value: agamaa}", "^customProperties:",
        "customProperties", "property agama: no code list 'agamaa'", "did you mean 'agama'?",
    ),
}  # fmt: skip
#: mistakes that hide others of the same dataset, or come on top of one above: each is seeded alone
ALONE = {
    "unknown kind of source": Mistake(
        KEPEGX, "kind: sql", "kind: mysql", "source:", "source.kind", "'mysql' is not a kind", "use one of: sql, rest",
    ),
    "key given twice": Mistake(
        ARKAS, "connection: arkas", "connection: arkas\nconnection: arkas2", "connection: arkas2",
        "", "key 'connection' stands twice", "keep one of them",
    ),
    "missing key": Mistake(
        ARKAS, "    table: mst_sekolah\n", "", "^  sekolah:", "feeds.sekolah", "has no single origin",
        "give either table or query",
    ),
    "no YAML": Mistake(
        ARKAS, "title: ARKAS (BOS)", "title: ARKAS: BOS", "title", "", "is not valid YAML", "needs quotes",
    ),
    "a list where a text belongs": Mistake(
        ARKAS, "table: mst_sekolah", "table: [mst_sekolah]", "table:",
        "feeds.sekolah.table", "does not fit", "it must be a valid string",
    ),
    "unmapped required field": Mistake(
        ARKAS, "      nama: nama_sekolah\n", "", "^map:", MAP, "required field 'nama'", "add 'nama: <source column>'",
    ),
    "ignored and mapped": Mistake(
        ARKAS, "ignore: [kelurahan", "ignore: [alamat", "ignore:", "feeds.sekolah.ignore",
        "column 'alamat' is mapped and ignored", "keep one of them",
    ),
    "ignored key": Mistake(
        KEPEGX.replace("rsud_saleh/kepegx", "disdikbud/dapodik"), "ignore: [sekolah_id", "ignore: [soft_delete",
        "ignore:", "feeds.sekolah.ignore", "column 'soft_delete' of where: is ignored", "remove 'soft_delete'",
    ),
    "unknown directive of a date": Mistake(
        "applications/rsud_saleh/simrs_lama.yaml", '"%d/%m/%Y"', '"%d/%q/%Y"', "tanggal_lahir:",
        "feeds.pasien.map.tanggal_lahir.format", "'%q' in the date format", "Fix: Y y m d",
    ),
    "unknown scheme of regions": Mistake(
        "applications/dinkes_ppkb/epuskesmas.yaml", "format: [bps]", "format: [bpss]", "kode_kelurahan:",
        "feeds.pasien.map.kode_kelurahan.format", "'bpss' is not a scheme", "use one of: kemendagri, bps",
    ),
    "format of a text": Mistake(
        ARKAS, "alamat: alamat", 'alamat: {column: alamat, format: ["%d"]}', "alamat:",
        f"{MAP}.alamat.format", "takes no format", "remove 'format'",
    ),
    "template of too many places": Mistake(
        "applications/dispendukcapil/siak.yaml", '"{0:>02}.{1:>02}.{2:>02}.{3:>04}"}\n      telepon',
        '"{0}.{1}.{2}.{4}"}\n      telepon', "kode_kelurahan:", "feeds.biodata.map.kode_kelurahan",
        "template does not fit 4 columns", "number them {0}, {1}",
    ),
    "two origins": Mistake(
        ARKAS, "alamat: alamat", "alamat: {column: alamat, literal: x}", "alamat:",
        f"{MAP}.alamat", "has no single origin", "give exactly one of column, columns, coalesce, literal",
    ),
    "code that the list lacks": Mistake(
        "applications/disdikbud/dapodik.yaml", '"5": SD,', '"5": SDD,', "lookup:",
        "feeds.sekolah.map.jenjang.lookup", "code list jenjang_sekolah has no code 'SDD'", "did you mean 'SD'?",
    ),
    "preset that Airflow lacks": Mistake(
        ARKAS, '"0 6 * * 1"', '"@dayly"', "schedule:", "schedule", "'@dayly' is not a schedule", "@daily",
    ),
    "rule on an unknown column": Mistake(
        "schemas/contracts/penduduk.odcs.yaml", "column_B: tanggal_lahir", "column_B: tanggal_lahirr",
        "kwargs: {column_A: nik, column_B: tanggal_lahirr}", "implementation.kwargs",
        "rule nik_birth_date names unknown properties", "did you mean 'tanggal_lahir'?",
    ),
    "argument that an expectation lacks": Mistake(
        KELUARGA, "kwargs: {min_value", "kwargs: {minimum", "kwargs: {minimum", "implementation.kwargs",
        "does not take minimum", "it takes column, min_value?, max_value?",
    ),
    "spelling of two codes": Mistake(
        "schemas/codelists/jenis_kelamin.csv", "\nP,", "\nX,Lain,L\nP,", "X,Lain,L", "",
        "'L' stands for L and for X", "keep it at one code",
    ),
    "line of two cells": Mistake(
        "schemas/codelists/jenis_kelamin.csv", "\nP,", "\nX,Lain\nP,", "X,Lain", "", "has not three cells",
        "write code,name,variants",
    ),
}  # fmt: skip


#: what a slip of the hand may leave at any key
SLIPS: list[Any] = [None, 7, "kata", [], {}, ["a"], {"a": 1}, True, [{}], [None], 1.5, ...]
READERS: dict[str, Callable[[Path], object]] = {
    KEPEGX: read_application,
    "applications/dpmptsp/oss_rba.yaml": read_application,
    KELUARGA: read_contract,
    "schemas/integration/penduduk.yaml": read_integration_plan,
    "consumers/bppkad.yaml": read_consumer,
}


def places_in(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every key and item."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, below in items:
        yield (*at, step)
        yield from places_in(below, (*at, step))


def spoiled(content: Any, at: tuple[Any, ...], slip: Any) -> Any:
    """Return a copy with another value at a place; `...` takes the key away."""
    made = deepcopy(content)
    node = made
    for step in at[:-1]:
        node = node[step]
    if slip is ...:
        del node[at[-1]]
    else:
        node[at[-1]] = slip
    return made


@pytest.mark.parametrize("file", READERS)
def test_no_slip_at_any_key_ends_in_a_traceback(tmp_path: Path, file: str) -> None:
    content = yaml.safe_load((ROOT / file).read_text())
    path = tmp_path / Path(file).parent.name / Path(file).name
    path.parent.mkdir()
    told = 0
    for number, at in enumerate(places_in(content)):
        for slip in (SLIPS[number % len(SLIPS)], SLIPS[(number * 5 + 3) % len(SLIPS)]):
            path.write_text(yaml.safe_dump(spoiled(content, at, slip)))
            try:
                READERS[file](path)
            except ConfigurationError as error:
                assert str(path) in str(error)
                told += 1
    assert told > 0


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def test_the_catalogue_as_it_is_has_no_mistake(
    copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = run_cli(monkeypatch, capsys, ("check", "--catalogue", str(copy), "--json"), {})
    assert (outcome.code, outcome.err) == (0, "")
    counts = outcome.json
    assert counts["errors"] == 0
    assert counts["applications"] + counts["outside_register"] == len(list(copy.glob("applications/*/*.yaml"))) > 0
    text = run_cli(monkeypatch, capsys, ("check", "--catalogue", str(copy)), {})
    assert (text.code, text.out.strip()) == (
        0,
        ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in counts.items()),
    )


def test_check_finds_every_seeded_mistake_and_nothing_else(
    copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {mistake.seed(copy): mistake for mistake in MISTAKES.values()}
    outcome = run_cli(monkeypatch, capsys, ("check", "--catalogue", str(copy), "--json"), {})
    assert outcome.code == 1
    assert outcome.json["errors"] == len(places)
    assert {told["where"] for told in outcome.json["mistakes"]} == set(places)
    for told in outcome.json["mistakes"]:
        mistake = places[told["where"]]
        assert mistake.key in told["problem"]
        assert mistake.problem in told["problem"]
        assert mistake.fix in told["fix"]
    text = run_cli(monkeypatch, capsys, ("check", "--catalogue", str(copy)), {})
    assert (text.code, text.out) == (1, "")
    lines = text.err.splitlines()
    assert len(lines) == len(places)
    for place, mistake in places.items():
        (line,) = [line for line in lines if line.startswith(f"error: {place}: ")]
        assert mistake.problem in line
        assert " Fix: " in line


@pytest.mark.parametrize("mistake", ALONE.values(), ids=ALONE.keys())
def test_a_mistake_is_told_once_with_file_line_key_and_fix(copy: Path, mistake: Mistake) -> None:
    place = mistake.seed(copy)
    with pytest.raises(ConfigurationErrors) as caught:
        Catalogue.load(copy)
    (error,) = caught.value.errors
    assert error.where == place
    assert mistake.key in error.problem
    assert mistake.problem in error.problem
    assert mistake.fix in str(error)


@pytest.mark.parametrize("file", [ARKAS, "schemas/codelists/agama.csv"])
def test_a_file_that_is_not_utf_8_is_told(copy: Path, file: str) -> None:
    (copy / file).write_bytes((copy / file).read_bytes() + b"\xe9\n")
    with pytest.raises(ConfigurationErrors) as caught:
        Catalogue.load(copy)
    first = caught.value.errors[0]
    assert (first.where, first.problem, first.fix) == (str(copy / file), "is not UTF-8", "save the file as UTF-8")


@pytest.mark.parametrize("text", ["", "- a\n", "just a text\n", "7\n"])
def test_a_file_without_keys_is_told(copy: Path, text: str) -> None:
    (copy / ARKAS).write_text(text)
    with pytest.raises(ConfigurationErrors, match=r"arkas\.yaml:1: must hold keys and values"):
        Catalogue.load(copy)


def test_a_mistake_stops_what_it_touches_and_nothing_else(copy: Path) -> None:
    siak = copy / "applications/dispendukcapil/siak.yaml"
    siak.write_text(siak.read_text().replace("nik: nik", "nikk: nik", 1))
    (copy / "applications/rsud_saleh/simrs_lama.yaml").write_text("title: [")
    sekolah = copy / "schemas/contracts/sekolah.odcs.yaml"
    sekolah.write_text(sekolah.read_text().replace("expect_column_values_to_match_regex", "expect_nothing", 1))
    catalogue = Catalogue.read(copy)
    assert catalogue.application("dinkes_ppkb.epuskesmas").id == "dinkes_ppkb.epuskesmas"
    assert catalogue.plan("perizinan").dataset == "perizinan"
    for touched in ("dispendukcapil.siak", "rsud_saleh.simrs_lama", "disdikbud.dapodik"):
        with pytest.raises(ConfigurationErrors):
            catalogue.application(touched)
    with pytest.raises(ConfigurationErrors, match=r"sekolah\.odcs\.yaml"):
        catalogue.plan("sekolah")
