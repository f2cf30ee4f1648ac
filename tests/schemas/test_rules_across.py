"""Rules across datasets offline: what conditions may say, and mistakes told with file, line, key and fix."""

from __future__ import annotations

import shutil
import string
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.catalogue import Catalogue
from schemas.errors import ConfigurationError
from schemas.rule_condition import Condition, read_condition, words
from tests.workspaces import ROOT

CATALOGUE = Catalogue.load(ROOT)
RECORDS = {
    "warga": CATALOGUE.contracts["penduduk"],
    "bantuan": CATALOGUE.contracts["penerima_bantuan"],
    "veteran": CATALOGUE.contracts["veteran"],
    "rumah": CATALOGUE.contracts["perumahan"],
}
DEAD, SEEKER = "meninggal_menerima_bantuan", "pencari_kerja_pegawai"


def read(text: str) -> list[Condition]:
    return read_condition(text, RECORDS, CATALOGUE.codelists)


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("bantuan.nik = warga.nik", '("bantuan"."nik" = "warga"."nik")'),
        ("warga.status_dasar = '2'", """("warga"."status_dasar" = '2'::text)"""),
        ("bantuan.nik < warga.nik", '("bantuan"."nik" COLLATE "C" < "warga"."nik")'),
        ("veteran.masih_hidup", '"veteran"."masih_hidup"'),
        ("not veteran.masih_hidup", '(NOT "veteran"."masih_hidup")'),
        ("veteran.masih_hidup is not true", '(NOT ("veteran"."masih_hidup" IS TRUE))'),
        ("warga.no_kk is not null", '("warga"."no_kk" IS NOT NULL)'),
        ("warga.agama not in ('1', '2')", """(NOT ("warga"."agama" IN ('1'::text, '2'::text)))"""),
        ("warga.alamat not like 'JL%'", """("warga"."alamat" NOT LIKE 'JL%%'::text)"""),
        ("warga.alamat = 'x''y%(today)s'", """("warga"."alamat" = 'x''y%%(today)s'::text)"""),
        (
            "warga.tanggal_lahir > current_date - interval '60 years'",
            """("warga"."tanggal_lahir" > (%(today)s::date - interval '60 year')::date)""",
        ),
        ("age_years(warga.tanggal_lahir) < 60", None),
        (
            "extract(year from warga.tanggal_kematian) < 2026",
            '(extract(YEAR FROM "warga"."tanggal_kematian") < 2026)',
        ),
        (
            "bantuan.nominal / rumah.luas_lantai > 1.5",
            '(("bantuan"."nominal"::numeric / nullif("rumah"."luas_lantai"::numeric, 0)) > 1.5)',
        ),
        ("abs(warga.tanggal_lahir - veteran.tanggal_lahir) between 1 and 366", None),
        ("left(bantuan.periode, 4) = extract(year from current_date)::text", None),
        ("coalesce(warga.rt, '') || upper(lower(warga.rw)) <> '' /* remark */", None),
        ("warga.tanggal_lahir is distinct from date '2024-02-29'", None),
        (
            "bantuan.periode = latest(bantuan.periode)",
            '("bantuan"."periode" = (SELECT max("periode" COLLATE "C") FROM "hub"."penerima_bantuan"))',
        ),
    ],
)
def test_the_vocabulary(text: str, sql: str | None) -> None:
    (condition,) = read(text)
    assert sql is None or condition.sql == sql


@pytest.mark.parametrize(
    ("text", "problem", "fix"),
    [
        ("bantuan.nikk = warga.nik", "contract penerima_bantuan has no field 'nikk'", "did you mean 'nik'?"),
        ("bantua.nik = warga.nik", "no record 'bantua'", "did you mean 'bantuan'?"),
        ("nik = warga.nik", "'nik' names no record", "write <record>.nik"),
        ("hub.warga.nik = bantuan.nik", "'db' of column is not in the vocabulary", "docs/rules.md"),
        ("warga._key = bantuan.nik", "contract penduduk has no field '_key'", ""),
        ("warga.status_dasar = '8'", "code list status_dasar has no code '8'", "use one of: 1, 2"),
        ("bantuan.program_bantuan in ('PKH', 'BPTN')", "has no code 'BPTN'", "did you mean 'BPNT'?"),
        ("coalesce(bantuan.status_salur, 'PROSS') = 'PROSES'", "has no code 'PROSS'", "did you mean 'PROSES'?"),
        ("warga.status_dasar = 2", "compares a text with a number", "write '2' in quotes"),
        ("bantuan.nominal > '2'", "compares a number with a text", "write 2 without quotes"),
        ("warga.tanggal_lahir > '2024-01-01'", "compares a date with a text", "write date '2024-01-01'"),
        ("warga.tanggal_lahir > date '2024-02-30'", "'2024-02-30' is not a date", "write date '2024-12-31'"),
        ("warga.tanggal_lahir > bantuan.nominal", "compares a date with a number", "values of one kind"),
        ("warga.tanggal_lahir + warga.tanggal_lahir > 1", "'+' does not take a date and a date", "dates take"),
        ("warga.nama_lengkap", "is a text, which neither holds nor fails", "compare it"),
        ("current_date > date '2024-01-01'", "speaks of no record", "<record>.<field>"),
        ("warga.nik = (select 1)", "'subquery' is not in the vocabulary", "docs/rules.md"),
        ("exists (select 1 from hub.lansia)", "'exists' is not in the vocabulary", "docs/rules.md"),
        ("warga.nik in (select nik from hub.lansia)", "'query' of in is not in the vocabulary", "docs/rules.md"),
        ("pg_sleep(9) is null", "'pg_sleep' is not in the vocabulary", "docs/rules.md"),
        ("warga.nik = current_user", "is not in the vocabulary", "docs/rules.md"),
        ("warga.nik ~ '^3'", "'regexplike' is not in the vocabulary", "docs/rules.md"),
        ("warga.nik = bantuan.nik; drop table hub.lansia", "cannot be read", "write one condition"),
        ("warga.nik = bantuan.nik) or (warga.nik = bantuan.nik", "is not one condition", "brackets that match"),
        ("warga.nik = 'x", "has a quote or comment that is never closed", "close it"),
        ("warga.nik =", "cannot be read", "write one condition"),
        ("grant all on hub.penduduk to public", "cannot be read", "write one condition"),
        ("warga.nik = $1", "'parameter' is not in the vocabulary", "docs/rules.md"),
        ("warga.nik = %(run)s", "", ""),
        ("bantuan.nominal = 1e400", "'1e400' is not a plain number", "write it in digits"),
        ("warga.tanggal_lahir > current_date - interval '9999 years'", "is not a plain interval", "60 years"),
        ("warga.nik::int = 3", "'int' cannot be cast to here", "only ::text"),
        ("warga.nik = E'\\x41'", "is not in the vocabulary", "docs/rules.md"),
        ("bantuan.nominal between symmetric 1 and 2", "'symmetric' of between is not in the vocabulary", "docs/rules"),
        ("warga.alamat like 'a\\'", "'like' takes a pattern", "write like 'IZIN%'"),
        ("latest(upper(warga.nik)) = warga.nik", "'latest' takes a field", "latest(bantuan.periode)"),
        ("(" * 300 + "warga.nik = bantuan.nik" + ")" * 300, "is nested too deeply", "several conditions"),
    ],
)
def test_what_is_not_in_the_vocabulary_is_refused_with_a_fix(text: str, problem: str, fix: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(text)
    assert problem in caught.value.problem
    assert fix in caught.value.fix
    assert caught.value.fix


def test_conditions_joined_by_and_are_several_and_or_is_one() -> None:
    parts = read("(warga.nik = bantuan.nik and (warga.rt = '1' and warga.rw = bantuan.periode))")
    assert [sorted(part.tie) for part in parts] == [["bantuan", "warga"], [], ["bantuan", "warga"]]
    (either,) = read("warga.nik = bantuan.nik or warga.rt = '1'")
    assert not either.tie
    assert either.needs == frozenset()


def test_a_condition_knows_what_must_have_a_value() -> None:
    (plain,) = read("upper(warga.nik) = bantuan.nik || 'x'")
    assert plain.needs == {("warga", "nik"), ("bantuan", "nik")}
    (filled,) = read("coalesce(warga.nik, '') = bantuan.nik")
    assert filled.needs == {("bantuan", "nik")}
    assert filled.places == {("warga", "nik"), ("bantuan", "nik")}
    assert filled.opposite("bantuan", "nik") == 'coalesce("warga"."nik", \'\'::text)'
    assert filled.opposite("warga", "nik") is None


# -- hypothesis: whatever is written, nothing but the vocabulary comes out

NAMES = ["warga.nik", "bantuan.nik", "warga.tanggal_lahir", "bantuan.nominal", "veteran.masih_hidup", "hub.penduduk"]
PIECES = [
    *NAMES, "=", "<>", "<", "in", "('A', 'B')", "(", ")", "and", "or", "not", "is null", "select", "from", "union",
    "; drop table hub.penduduk", "--", "/*", "*/", "pg_sleep(1)", "version()", "'x'", "'%s'", "%", "''", "1", "0x1",
    "current_date", "interval '1 year'", "date '2024-01-01'", "::text", "::regclass", "coalesce(", "upper(", ",",
    "exists", "case when", "then", "end", "array[1]", "$$x$$", '"warga"."nik"', "collate \"C\"", "over ()", "limit 1",
    "lateral", "null", "true", "+", "-", "/", "||", "latest(", "abs(", "extract(year from", "between", "like",
]  # fmt: skip
WRITTEN = frozenset({
    "AND", "OR", "NOT", "IN", "LIKE", "BETWEEN", "IS", "DISTINCT", "FROM", "NULL", "TRUE", "FALSE", "COLLATE", "SELECT",
    "max", "interval", "date", "text", "numeric", "extract", "YEAR", "MONTH", "DAY", "age", "coalesce", "upper",
    "lower", "left", "abs", "nullif", "year",
})  # fmt: skip


def assert_only_vocabulary(conditions: list[Condition]) -> None:
    """Take names and texts out of what was written: words of ours and signs must be all that is left."""
    known = {f'"{record}"."{field.name}"' for record, contract in RECORDS.items() for field in contract.fields}
    for condition in conditions:
        rest = condition.sql
        while "'" in rest:  # texts: '' inside is one quote
            start = rest.index("'")
            end = start + 1
            while rest[end : end + 2] == "''" or rest[end] != "'":
                end += 2 if rest[end : end + 2] == "''" else 1
            rest = rest[:start] + " " + rest[end + 1 :]
        for name in known:
            rest = rest.replace(name, " ")
        for dataset in RECORDS.values():
            for field in dataset.fields:
                rest = rest.replace(f'max("{field.name}"', "max(").replace(f'"hub"."{dataset.dataset}"', " ")
        rest = rest.replace('"C"', " ").replace("%(today)s::date", " ").replace("FROM age(", "(")
        tokens = "".join(c if c.isalnum() or c == "_" else " " for c in rest).split()
        assert {token for token in tokens if not token.replace("_", "").isdigit()} <= WRITTEN
        assert set(rest) <= set(string.ascii_letters + string.digits + " ()=<>+-*/|,.:_")
        assert "--" not in rest.replace("(- -", "(")
        assert "/*" not in rest


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=12))
def test_no_mixture_of_words_lets_anything_else_through(pieces: list[str]) -> None:
    try:
        found = read(" ".join(pieces))
    except ConfigurationError as error:
        assert error.problem
        return
    assert_only_vocabulary(found)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40), st.text(alphabet="'\\%;\"-/*()x\x00\n{}", max_size=20))
def test_no_text_breaks_out_of_its_quotes(anything: str, nasty: str) -> None:
    for text in (anything, f"warga.nik = {nasty}", f"warga.nik = '{nasty}'", "warga.nik = '" + nasty.replace("'", "''") + "'"):  # fmt: skip  # noqa: E501
        try:
            found = read(text)
        except ConfigurationError:
            continue
        assert_only_vocabulary(found)


def test_the_vocabulary_is_the_one_that_was_agreed() -> None:
    assert words() == {
        "eq", "neq", "gt", "gte", "lt", "lte", "nullsafeeq", "nullsafeneq", "add", "sub", "mul", "div", "and", "or",
        "upper", "lower", "column", "literal", "boolean", "in", "between", "like", "is", "not", "paren", "neg", "dpipe",
        "interval", "cast", "extract", "coalesce", "left", "abs", "currentdate", "anonymous",
    }  # fmt: skip


# -- the files


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for folder in ("applications", "consumers", *(f"schemas/{name}" for name in ("contracts", "codelists"))):
        (tmp_path / folder).parent.mkdir(exist_ok=True)
        (tmp_path / folder).symlink_to(ROOT / folder)
    for folder in ("schemas/rules", "schemas/integration"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def seed(copy: Path, file: str, old: str, new: str) -> Path:
    path = copy / "schemas" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def only_mistake(copy: Path, dataset: str) -> ConfigurationError:
    (error,) = Catalogue.read(copy, dataset).mistakes
    return error


RULE_MISTAKES: dict[str, tuple[str, str, str, str, str]] = {
    "another name": (f"rule: {DEAD}", "rule: meninggal", "rule:", "is not the file's name", f"write 'rule: {DEAD}'"),
    "unknown key": ("show:", "shw:", "shw:", "shw: unknown key", "did you mean 'show'?"),
    "unknown dataset": (
        "warga: penduduk", "warga: pendudk", "records:", "records.warga: no dataset 'pendudk'",
        "did you mean 'penduduk'?",
    ),
    "unknown field": (
        "warga.status_dasar = '2'", "warga.status_dsar = '2'", "warga.status_dsar",
        "where.1: contract penduduk has no field 'status_dsar'", "did you mean 'status_dasar'?",
    ),
    "unknown record": (
        "- bantuan.nik = warga.nik", "- bantuan.nik = wrga.nik", "wrga.nik", "where.0: no record 'wrga'",
        "did you mean 'warga'?",
    ),
    "no tie": (
        "- bantuan.nik = warga.nik", "- bantuan.nik < warga.nik", "records:",
        "records.warga: no equality ties it to the others", "add a condition such as bantuan.nik = warga.nik",
    ),
    "correct what is not there": (
        "correct: {record: bantuan", "correct: {record: bantua", "correct:", "correct.record: no record 'bantua'",
        "did you mean 'bantuan'?",
    ),
    "correct an unknown field": (
        "field: nik}", "field: nikk}", "correct:", "correct.field: contract penerima_bantuan has no field 'nikk'",
        "did you mean 'nik'?",
    ),
    "show an unknown field": (
        "[bantuan.program_bantuan,", "[bantuan.program,", "show:",
        "show.0: contract penerima_bantuan has no field 'program'", "did you mean 'program_bantuan'?",
    ),
    "show no field": (
        "[bantuan.program_bantuan,", "[program_bantuan,", "show:", "'program_bantuan' names no field",
        "<record>.<field>",
    ),
    "no name": (
        "records: {bantuan:", "records: {Bantuan:", "records:", "'Bantuan' is no name", "use up to 31 of a-z",
    ),
    "no ground": ("ground: demand", "# ground: demand", "rule:", "ground: is missing", "add 'ground:'"),
    "no severity of ours": (
        "severity: error", "severity: fatal", "severity:", "severity: does not fit", "it must be 'error' or 'warning'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", RULE_MISTAKES.values(), ids=RULE_MISTAKES.keys())
def test_a_mistake_of_a_rule_is_told_with_file_line_key_and_fix(copy: Path, mistake: tuple[str, ...]) -> None:
    old, new, at, problem, fix = mistake
    path = seed(copy, f"rules/{DEAD}.yaml", old, new)
    error = only_mistake(copy, "penerima_bantuan")
    lines = path.read_text(encoding="utf-8").splitlines()
    line = next((n for n, text in enumerate(lines, 1) if at in text), 1)
    assert error.where == f"{path}:{line}"
    assert problem in error.problem
    assert fix in error.fix


@pytest.mark.parametrize(
    ("added", "problem", "fix"),
    [
        ("absent: [pegwai]", "absent.0: no record 'pegwai'", "did you mean 'pegawai'?"),
        ("absent: [pencari]", "absent.0: 'pencari' is the record in question", "name another record"),
        ("or_absent: [pencari]", "or_absent.0: 'pencari' is the record in question", "name another record"),
        ("absent: [pegawai]", "show.1: 'pegawai' is not there", "use one of: pencari"),
    ],
)
def test_a_record_that_cannot_be_absent_is_told(copy: Path, added: str, problem: str, fix: str) -> None:
    seed(copy, f"rules/{SEEKER}.yaml", "severity:", f"{added}\nseverity:")
    error = only_mistake(copy, "pencari_kerja")
    assert (error.problem.startswith(problem), fix in error.fix) == (True, True), str(error)


def test_a_broken_rule_stops_no_other_and_no_dataset(copy: Path) -> None:
    seed(copy, f"rules/{DEAD}.yaml", "warga.status_dasar = '2'", "warga.status_dasar = 2")
    (copy / f"schemas/rules/{SEEKER}.yaml").write_text("rule: [")
    read_whole = Catalogue.read(copy)
    assert set(CATALOGUE.rules) - set(read_whole.rules) == {DEAD, SEEKER}
    assert {f"rules.{DEAD}", f"rules.{SEEKER}"} <= read_whole.broken
    assert len(read_whole.mistakes) == 2
    assert read_whole.plan("penduduk").dataset == "penduduk"


def test_a_dataset_alone_brings_its_rules_and_what_they_look_at(copy: Path) -> None:
    pencari = Catalogue.read(copy, "pencari_kerja")
    assert (set(pencari.rules), pencari.mistakes) == ({SEEKER}, [])
    assert {"pencari_kerja", "pegawai", "penduduk"} <= set(pencari.contracts)
    assert {"pencari_kerja", "pegawai", "penduduk"} <= set(pencari.plans)
    assert "status_pegawai" in pencari.codelists
    assert set(pencari.applications) == {"dpmptsp.siapkerja"}
    assert Catalogue.read(copy, "dpmptsp.siapkerja").rules == {}


PLAN_MISTAKES: dict[str, tuple[str, str, str, str, str, str]] = {
    "no ground": ("veteran", "ground: UU", "# UU", "dataset:", "ground: is missing", "add 'ground:'"),
    "volatile field that is none": (
        "siswa", "sources:\n", "volatile: [npsnn]\nsources:\n", "volatile:", "contract has no field 'npsnn'",
        "did you mean 'npsn'?",
    ),
    "volatile key": (
        "siswa", "sources:\n", "volatile: [nisn]\nsources:\n", "volatile:", "'nisn' is of the key", "remove 'nisn'",
    ),
    "time that is no field": (
        "lansia", "time: tanggal_pendataan", "time: tanggal_pendata", "time:", "no field 'tanggal_pendata'",
        "did you mean 'tanggal_pendataan'?",
    ),
    "time that is no date": (
        "lansia", "time: tanggal_pendataan", "time: alamat", "time:", "time: 'alamat' is not a date", "name a date",
    ),
    "person's field that is none": (
        "lansia", "  nik: nik\n", "  nik: nikk\n", "nik: nikk", "person.nik: contract has no field 'nikk'",
        "did you mean 'nik'?",
    ),
    "register that is no source": (
        "lansia", "sources:\n", "register: [dinsos_pppa.amanah.lansa]\nsources:\n", "register:",
        "register.0: 'dinsos_pppa.amanah.lansa' is not a source", "did you mean 'dinsos_pppa.amanah.lansia'?",
    ),
    "tolerance without a majority": (
        "koperasi_umkm", "sources:\n",
        "fields:\n  omzet_tahunan: {sources: [dkupp.sidt_kumkm.kumkm], tolerance: 0.1}\nsources:\n", "tolerance",
        "fields.omzet_tahunan.tolerance: only a majority has a tolerance", "add 'silent: majority'",
    ),
    "another source first without a ground": (
        "veteran", "sources:\n", "fields:\n  alamat: [setda.sim_kesra.veteran]\nsources:\n", "alamat:",
        "fields.alamat: another source goes first, without a ground", "ground: …",
    ),
    "source that stands twice": (
        "sekolah", "  - disdikbud.arkas.sekolah\n",
        "  - disdikbud.arkas.sekolah\n  - disdikbud.dapodik.sekolah  # lagi\n", "# lagi",
        "sources.2: 'disdikbud.dapodik.sekolah' stands twice", "rank each source once",
    ),
    "order in which a source stands twice": (
        "veteran", "sources:\n",
        "fields:\n  alamat: [bakesbangpol.siormas.veteran, bakesbangpol.siormas.veteran]\nsources:\n", "alamat:",
        "fields.alamat: 'bakesbangpol.siormas.veteran' stands twice", "rank each source once",
    ),
    "order of a field of the key": (
        "veteran", "sources:\n", "fields:\n  nomor_veteran: [bakesbangpol.siormas.veteran]\nsources:\n",
        "nomor_veteran:", "fields.nomor_veteran: a field of the key has no order", "remove 'nomor_veteran'",
    ),
    "order that names no source": (
        "veteran", "sources:\n", "fields:\n  alamat: [bakesbangpol.siormas.veteran, setda.x.y]\nsources:\n", "alamat:",
        "fields.alamat: 'setda.x.y' is not a source", "use one of",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", PLAN_MISTAKES.values(), ids=PLAN_MISTAKES.keys())
def test_a_mistake_of_a_plan_is_told_with_file_line_key_and_fix(copy: Path, mistake: tuple[str, ...]) -> None:
    dataset, old, new, at, problem, fix = mistake
    path = seed(copy, f"integration/{dataset}.yaml", old, new)
    error = only_mistake(copy, dataset)
    lines = path.read_text(encoding="utf-8").splitlines()
    line = next((n for n, text in enumerate(lines, 1) if at in text), 1)
    assert error.where == f"{path}:{line}"
    assert problem in error.problem
    assert fix in error.fix


def test_datasets_that_follow_each_other_in_a_circle_are_told(copy: Path) -> None:
    seed(copy, "integration/penduduk.yaml", "register:", "after: [lansia]\nregister:")
    told = [error for error in Catalogue.read(copy).mistakes if "circle" in error.problem]
    assert {Path(error.where.partition(":")[0]).stem for error in told} == {"penduduk", "lansia"}
    assert all("for ever" in error.fix for error in told)


@pytest.mark.parametrize("slip", [None, 7, [], {}, ["a"], True, "kata"])
def test_no_slip_in_a_rule_ends_in_a_traceback(copy: Path, slip: Any) -> None:
    for key in ("rule", "title", "records", "where", "absent", "correct", "show", "explain"):
        path = copy / f"schemas/rules/{DEAD}.yaml"
        content = yaml.safe_load((ROOT / f"schemas/rules/{DEAD}.yaml").read_text(encoding="utf-8"))
        path.write_text(yaml.safe_dump({**content, key: slip}), encoding="utf-8")
        for mistake in Catalogue.read(copy, "penerima_bantuan").mistakes:
            assert str(path) in mistake.where
