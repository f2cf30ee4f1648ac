"""What can be wrong with a row as a whole, whatever its fields: such a row is quarantined with what was sent."""

from __future__ import annotations

from schemas.types.base import Problem

ROW_PROBLEMS = {
    "row.width": Problem(
        "jumlah kolom baris berbeda dari kepala tabel", "the line has another number of cells than the header"
    ),
    "row.quotes": Problem("tanda kutip tidak ditutup", "a quote of the line is never closed"),
    "row.large": Problem("isi sel terlalu besar", "a cell is larger than the limit"),
    "row.shape": Problem("bukan sebuah rekaman", "the record is no object of named values"),
    "row.unknown_column": Problem(
        "berisi kolom yang belum dikenal", "the row fills a column that nobody has mapped (drift: quarantine)"
    ),
}
