"""CSV as it is found: delimiters, quotes, encodings and line ends; a wrong line is isolated, a wrong file refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from connectors.connection import Connection
from connectors.csv_format import DELIMITERS
from connectors.reading import Demand, Reading
from connectors.registry import read
from schemas.errors import ConfigurationError, DriftError
from tests.connectors.helpers import application, rows_of


def open_(folder: Path, content: str | bytes, demand: Demand | None = None, **feed: Any) -> Reading:
    (folder / "warga.csv").write_bytes(content.encode() if isinstance(content, str) else content)
    made = {"file": "warga.csv", "format": "csv", "map": ["nik", "nama"], **feed}
    return read(application("files", made), "warga", Connection.from_uri("app", f"fs://{folder}"), demand)


def dicts(reading: Reading) -> list[dict[str, str | None]]:
    return [row for batch in reading.batches for row in batch.to_pylist()]


@pytest.mark.parametrize(
    ("text", "feed"),
    [
        ("nik;nama\n1;a, b\n2;c\n", {"delimiter": "auto"}),
        ("nik|nama\n1|a, b\n2|c\n", {"delimiter": "auto"}),
        ("nik^nama\r1^a, b\r2^c\r", {"delimiter": "auto"}),
        ("nik~nama\r\n1~a, b\r\n2~c\r\n", {"delimiter": "~"}),
        ("sep=;\r\nnik;nama\r\n1;a, b\r\n2;c\r\n", {"delimiter": "auto"}),
        ("sep=;\r\nnik;nama\r\n1;a, b\r\n2;c\r\n", {"delimiter": ";"}),
        ("\nWarga\n\nnik;nama\n1;a, b\n2;c\n", {"delimiter": "auto", "header_row": 4}),
        ('Warga, "2026\nnik;nama\n1;a, b\n2;c\n', {"delimiter": "auto", "header_row": 2}),
        ("Warga; 2026\n\nnik;nama\n1;a, b\n2;c\n", {"delimiter": "auto", "header_row": "auto"}),
        ("nik,nama\n1,'a, b'\n2,c\n", {"quote": "'"}),
        ("nik;nama;\n1;a, b;\n2;c;\n", {"delimiter": ";"}),
        ("nik;nama\n1;a, b;\n2;c;\n", {"delimiter": ";"}),
        ("nik;nama;\n1;a, b\n2;c\n", {"delimiter": ";"}),
        ("nik;nama\n1;a, b\n\n2;c\n\n", {"delimiter": ";"}),
        ("nik;nama\n1;a, b\n2;c", {"delimiter": ";"}),
    ],
)
def test_ways_to_write_the_same_table(tmp_path: Path, text: str, feed: dict[str, Any]) -> None:
    assert rows_of(open_(tmp_path, text, **feed)) == [("1", "a, b"), ("2", "c")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_encodings_with_and_without_byte_order_mark(tmp_path: Path, encoding: str) -> None:
    feed: dict[str, Any] = {"encoding": encoding} if encoding.endswith(("le", "be")) else {}
    reading = open_(tmp_path, "nik,nama\r\n1,Café\r\n".encode(encoding), **feed)
    assert rows_of(reading) == [("1", "Café")]
    assert reading.details["encoding"] == ("utf-8-sig" if encoding == "utf-8" else encoding)


def test_utf16_without_a_mark_is_told_not_read_as_letters_with_zeros_between(tmp_path: Path) -> None:
    with pytest.raises(DriftError, match=r"UTF-16 without a byte order mark.*encoding: utf-16-le"):
        open_(tmp_path, "nik,nama\n1,Café\n".encode("utf-16-le"))


def test_a_mark_of_utf16_over_a_cut_file_is_drift(tmp_path: Path) -> None:
    with pytest.raises(DriftError, match="none of its encodings: utf-16"):
        open_(tmp_path, "nik,nama\n1,Café\n".encode("utf-16")[:-1])


def test_nul_bytes_are_landed_as_they_are(tmp_path: Path) -> None:
    assert rows_of(open_(tmp_path, "nik,nama\n1,a\0b\n")) == [("1", "a\0b")]


def test_without_quotes_a_quote_is_a_letter(tmp_path: Path) -> None:
    assert rows_of(open_(tmp_path, 'nik,nama\n1,"a\n2,b"\n', quote="")) == [("1", '"a'), ("2", 'b"')]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (r'"Siti \"Aisyah\" binti"', 'Siti "Aisyah" binti'),
        (r'"C:\data \"x\" dan \\\"y"', r'C:\data "x" dan \"y'),
        (r'"5\""', '5"'),
        (r'"C:\"', "C:\\"),
        (r'"C:\"" lama"', r"C:\" lama"),
        ('"a ""b"" c"', 'a "b" c'),
    ],
)
def test_escaped_and_doubled_quotes_are_told_apart(tmp_path: Path, text: str, name: str) -> None:
    lines = ["nik,nama", f"1,{text}", '2,"x"', "3,y"]
    assert rows_of(open_(tmp_path, "\n".join([*lines, ""]))) == [("1", name), ("2", "x"), ("3", "y")]


@pytest.mark.parametrize(
    ("text", "feed", "error", "message"),
    [
        (
            "nik\n1;a,b\n",
            {"map": ["nik"], "delimiter": "auto"},
            DriftError,
            "with several delimiters",
        ),
        ("nik;alamat\n1;a\n", {"delimiter": "auto"}, DriftError, r"line 1, has no column 'nama'"),
        ("a b c\nd e\n", {"header_row": "auto"}, DriftError, "no line among its first 100 that holds the feed's 2"),
        ("judul\nnik,alamat\n1,b\n", {"header_row": "auto"}, DriftError, "line 2 holds 1 of them, not 'nama'"),
        ("nik,nama\n", {"quote": "''"}, ConfigurationError, r"warga.quote: '''' is not one character"),
        ("nik,nama\n", {"quote": ","}, ConfigurationError, "is not one character"),
        ('nik,nama\n1,a\n2,"b\nc\n3,"d"\n', {}, DriftError, "line 3, has broken quotes"),
        ('nik,nama\n1,a\n2,b\n3,"c\n', {}, DriftError, "line 4, has broken quotes"),
        ("nik,nama\n1,a\n2,b\n3", {}, DriftError, "ends within line 4, with 1 of 2 cells and no line end"),
    ],
)
def test_what_would_be_guessed_is_refused(
    tmp_path: Path, text: str, feed: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        rows_of(open_(tmp_path, text, **feed))


def test_a_closing_remark_that_totals_names_is_no_cut_line(tmp_path: Path) -> None:
    reading = open_(tmp_path, "nik,nama\n1,a\nDicetak oleh admin", totals={"nik": ["dicetak oleh admin"]})
    assert rows_of(reading) == [("1", "a")]
    assert reading.details["totals_left_out"] == 1


def test_a_line_of_another_length_comes_with_its_key_and_all_its_cells(tmp_path: Path) -> None:
    text = 'nik,nama\n1,a\n2,Budi, S.H.\n3\n4,"d"e\n5,f\n6,g\n7,h\n'
    wrong = [row for row in dicts(open_(tmp_path, text, map=["nama"])) if row["_problem"]]
    assert [(row["nik"], row["nama"], row["_problem"]) for row in wrong] == [
        ("2", None, "row.width"),
        ("3", None, "row.width"),
        (None, None, "row.quotes"),
    ]
    rest = [json.loads(row["_rest"] or "") for row in wrong]
    assert rest == [["2", "Budi", " S.H."], ["3"], {"line": 5, "text": '4,"d"e\n'}]


def test_an_unquoted_delimiter_before_an_empty_cell_is_not_taken_for_a_trailing_one(tmp_path: Path) -> None:
    rows = dicts(open_(tmp_path, "nik,nama,alamat\n1,a,x\n2,Budi, S.H.,\n3,c,y\n", map=["nama", "alamat"]))
    assert [row["_problem"] for row in rows] == [None, "row.width", None]


def test_when_most_lines_do_not_fit_the_header_the_file_is_refused(tmp_path: Path) -> None:
    lines = ["1,a"] * 499 + ["2,b,c"] * 502 + ["1,a"] * 5000
    with pytest.raises(DriftError, match=r"line 501, has 3 cells, the header 2.*delimiter"):
        rows_of(open_(tmp_path, "\n".join(["nik,nama", *lines, ""])))


def test_where_is_not_asked_of_a_line_whose_cells_may_have_moved(tmp_path: Path) -> None:
    text = "nik,nama,aktif\n1,a,1\n2,b,0\n3,Budi, S.H.,1\n4,d,1\n"
    rows = dicts(open_(tmp_path, text, where={"aktif": ["1"]}))
    assert [(row["nik"], row["_problem"]) for row in rows] == [("1", None), ("3", "row.width"), ("4", None)]


def test_keys_only_and_limit(tmp_path: Path) -> None:
    text = "nik,nama,aktif\n1,a,1\n2,b,0\n3,c,1\n4,d,1\n"
    feed: dict[str, Any] = {"where": {"aktif": ["1"]}}
    batches = list(open_(tmp_path, text, Demand(keys_only=True, limit=2), **feed).batches)
    assert [batch.to_pylist() for batch in batches] == [[{"nik": "1"}, {"nik": "3"}]]
    assert len(rows_of(open_(tmp_path, text, Demand(limit=1), **feed))) == 1


def test_a_window_of_the_cursor_is_kept_to(tmp_path: Path) -> None:
    text = "nik,nama,ubah\n1,a,2026-01-01\n2,b,2026-02-01\n3,c,\n4,d,0000-00-00\n5,e,kemarin\n"
    feed: dict[str, Any] = {"cursor": {"column": "ubah"}}
    since = rows_of(open_(tmp_path, text, Demand(since="2026-01-15"), **feed))
    assert [row[0] for row in since] == ["2", "3", "4", "5"]
    window = rows_of(open_(tmp_path, text, Demand(since="2026-01-01", until="2026-01-15", keys_only=True), **feed))
    assert window == [("1",), ("5",)]


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12) | st.sampled_from(
    ['"', "'", "\\", '\\"', 'a"b', "x,y", ";|", "a\nb", "\r", " ", "", '"",', "é", "\\\\", "\ufeff", "#"]
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[list[str]], str, str, str, str]:
    """A table, its delimiter, quote, line end and encoding."""
    width = draw(st.integers(1, 4))
    rows = draw(st.lists(st.lists(TEXTS, min_size=width, max_size=width), min_size=1, max_size=6))
    return (
        rows,
        draw(st.sampled_from(DELIMITERS)),
        draw(st.sampled_from(['"', "'"])),
        draw(st.sampled_from(["\n", "\r\n", "\r"])),
        draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])),
    )


def written(rows: list[list[str]], delimiter: str, quote: str, end: str, is_all_quoted: bool) -> str:
    """Write as RFC 4180 says, with other signs; Python's own writer leaves a lone CR without quotes."""

    def cell(text: str, width: int) -> str:
        if is_all_quoted or set(text) & {delimiter, quote, "\r", "\n"} or (not text and width == 1):
            return quote + text.replace(quote, quote * 2) + quote
        return text

    return "".join(delimiter.join(cell(text, len(row)) for text in row) + end for row in rows)


@settings(max_examples=400, deadline=None)
@given(table=tables(), quoting=st.booleans(), is_auto=st.booleans())
def test_any_table_comes_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, table: tuple[Any, ...], quoting: bool, is_auto: bool
) -> None:
    rows, delimiter, quote, end, encoding = table
    names = [f"k{number}" for number in range(len(rows[0]))]
    assume(any(rows[-1]))  # empty lines at the end are no rows
    text = written([names, *rows], delimiter, quote, end, quoting)
    told = "auto" if is_auto and len(names) > 1 else delimiter
    feed: dict[str, Any] = {"key": ["k0"], "map": names, "delimiter": told, "quote": quote}
    folder = tmp_path_factory.mktemp("t")
    assert rows_of(open_(folder, text.encode(encoding), **feed)) == [tuple(row) for row in rows]


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(st.lists(st.text("ab \"\\,é'", max_size=8), min_size=3, max_size=3), min_size=1, max_size=6))
def test_any_table_with_backslash_escapes_comes_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    """A text with a quote and a letter after it makes the escapes certain, as one does in any file of some size."""
    rows = [['a"b', "x", "y"], *rows, ["z", "", ""]]
    cells = [[cell.replace("\\", "\\\\").replace('"', '\\"') for cell in row] for row in rows]
    text = "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in [["k0", "k1", "k2"], *cells])
    feed: dict[str, Any] = {"key": ["k0"], "map": ["k0", "k1", "k2"]}
    assert rows_of(open_(tmp_path_factory.mktemp("t"), text, **feed)) == [tuple(row) for row in rows]


@settings(max_examples=300, deadline=None)
@example(
    table=([["", "", ""], ["", "", '"\\'], ["", "", ";0"]], ";", '"', "\n", "utf-8"),
    is_all_quoted=False,
    limit=6,
    piece=2,
)
@given(table=tables(), is_all_quoted=st.booleans(), limit=st.integers(6, 40), piece=st.integers(2, 12))
def test_whatever_is_beyond_a_limit_the_rest_comes_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, table: tuple[Any, ...], is_all_quoted: bool, limit: int, piece: int
) -> None:
    rows, delimiter, quote, end, encoding = table
    names = [str(number) for number in range(len(rows[0]))]
    lines = [written([row], delimiter, quote, end, is_all_quoted) for row in [names, *rows]]
    assume(any(rows[-1]) and len(lines[0]) <= limit)
    feed: dict[str, Any] = {"key": ["0"], "map": {f"f{name}": name for name in names}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("connectors.csv_lines.CELL_LIMIT", limit)
        patch.setattr("connectors.csv_lines.PIECE", piece)
        text = "".join(lines).encode(encoding)
        came = dicts(open_(tmp_path_factory.mktemp("t"), text, delimiter=delimiter, quote=quote, **feed))
    for row, line, got in zip(rows, lines[1:], came, strict=True):
        assert (got.get("_problem") is None) or got["_problem"] == "row.large"
        lengths = json.loads(got["_rest"] or "{}")["lengths"] if got.get("_problem") else {}
        assert bool(lengths) <= (len(line) > limit)
        assert [len(cell) if name in lengths else cell for name, cell in zip(names, row, strict=True)] == [
            lengths.get(name, got[name]) for name in names
        ]
