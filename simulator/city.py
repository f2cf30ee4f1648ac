"""The city while it is made: the frames so far, who lives there, and how a frame is put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from simulator.draw import YEAR, Array, days, listed
from simulator.frames import TRUTH_COLUMNS

#: columns of whole numbers; those of AMOUNTS may be missing
WHOLE = {
    "jumlah_anggota", "desil", "pendapatan_bulanan", "nominal", "jumlah_tenaga_kerja", "jumlah", "gaji", "pagu",
    "tahun", "luas_tanah", "luas_bangunan", "njop", "tahun_pajak", "ketetapan", "pokok", "denda", "luas_lantai",
    "luas", "nilai_perolehan", "harga_perolehan", "tahun_pembuatan", "panjang", "tahun_data", "jumlah_tempat_tidur",
    "sasaran", "capaian", "tingkat", "bulan", "anggaran", "realisasi", "jam_pelajaran", "korban_jiwa", "korban_luka",
    "mengungsi", "rumah_rusak", "nilai", "pemakaian", "tunggakan", "harga", "retribusi", "jumlah_siswa",
}  # fmt: skip
AMOUNTS = {"nilai_kontrak", "biaya", "hari_hadir", "hari_kerja", "jumlah_nasabah", "omzet_tahunan"}
DECIMALS = {
    "jalan.lebar", "anggaran_realisasi.realisasi_fisik", "capaian_kinerja.target", "capaian_kinerja.realisasi",
    "sampah.berat", "inovasi.skor", "kinerja_pegawai.nilai",
}  # fmt: skip
BOOLEANS = {"menerima_bantuan", "masih_hidup", "layak_huni", "sertifikasi"}
DATES = ("tanggal", "berlaku_", "tmt_", "kedaluwarsa")


def kind_of(frame: str, column: str) -> str:
    """Return the dtype of a truth column: datetime64[s], int64, Int64, float64, boolean or str."""
    if f"{frame}.{column}" in DECIMALS:
        return "float64"
    if column in BOOLEANS:
        return "boolean"
    if column in AMOUNTS:
        return "Int64"
    if column in WHOLE:
        return "int64"
    return "datetime64[s]" if column.startswith(DATES) else "str"


def made(frame: str, columns: Mapping[str, Any], first: int = 0) -> pd.DataFrame:
    """Put a truth frame together: its columns in order and of their types, rows labelled from `first`.

    A column is a value for all rows, or of one length; missing are None and NaT. Raises KeyError on a column too few.
    """
    size = max(len(column) for column in columns.values() if not isinstance(column, str) and np.ndim(column))
    table = {}
    for name in TRUTH_COLUMNS[frame]:
        values, kind = columns[name], kind_of(frame, name)
        if isinstance(values, pd.Series):
            values = values.array
        elif np.ndim(values) == 0:
            values = np.full(size, values, dtype=object if values is None or isinstance(values, str) else None)
        if kind == "datetime64[s]":
            values = days(values)
        elif kind == "float64":
            values = np.round(np.asarray(values, dtype=float), 2)
        elif kind == "str" and isinstance(values, np.ndarray):
            values = values.astype(object)
        table[name] = pd.Series(values, dtype=kind)
    return pd.DataFrame(table).set_axis(pd.RangeIndex(first, first + size), axis=0)


@dataclass(frozen=True)
class City:
    """The frames that exist on a day. Makers read them; `simulator.edits` puts others in their place."""

    today: np.datetime64
    frames: dict[str, pd.DataFrame]
    #: the first label of each frame that no row has had
    free: dict[str, int] = field(default_factory=dict)
    _known: dict[str, tuple[pd.DataFrame, Array]] = field(default_factory=dict, repr=False, compare=False)

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.frames[name]

    def first_free(self, name: str) -> int:
        """Return the first label of a frame that no row has had: labels are never used again."""
        return self.free.get(name, len(self.frames[name]))

    @property
    def size(self) -> int:
        """The number of people ever registered."""
        return len(self.frames["penduduk"])

    @property
    def age(self) -> Array:
        """Ages in years, by position in `penduduk`."""
        return self._kept("age", self.ages)

    def _kept(self, what: str, count: Callable[[pd.DataFrame], Array]) -> Array:
        """Count something of the people once, and anew when somebody changed."""
        people = self.frames["penduduk"]
        known = self._known.get(what)
        if known is None or known[0] is not people:
            known = self._known[what] = (people, count(people))
        return known[1]

    def ages(self, people: pd.DataFrame) -> Array:
        """Return ages in years today of rows that have tanggal_lahir."""
        lived = self.today - people["tanggal_lahir"].to_numpy().astype("datetime64[D]")
        years: Array = lived.astype(np.int64) / YEAR
        return years

    @property
    def is_living(self) -> Array:
        """Who lives in the city, by position in `penduduk`."""
        return self._kept("is_living", lambda people: (people["status_dasar"] == "1").to_numpy())

    def living(self, low: float, high: float, among: Array | None = None) -> Array:
        """Return positions of living residents from `low` to under `high` years.

        A small city may have none of those `among`: then any of that age, and without these any adult.
        """
        able = self.is_living & (self.age >= low) & (self.age < high)
        pools = (able if among is None else able & among, able, self.is_living & (self.age >= 20))
        return next((np.flatnonzero(pool) for pool in pools if pool.any()), np.arange(self.size))

    def some(self, rng: np.random.Generator, size: int, low: float, high: float, among: Array | None = None) -> Any:
        """Draw `size` rows of `penduduk` with replacement, numbered from 0; ages in years."""
        return self.rows("penduduk", rng.choice(self.living(low, high, among), size))

    def others(self, rng: np.random.Generator, size: int, low: float, high: float, among: Array | None = None) -> Any:
        """Draw up to `size` different rows of `penduduk` in order, numbered from 0; ages in years."""
        pool = self.living(low, high, among)
        return self.rows("penduduk", np.sort(rng.choice(pool, min(size, len(pool)), replace=False)))

    def rows(self, name: str, positions: Any) -> pd.DataFrame:
        """Return rows of a frame by position, numbered from 0."""
        return self.frames[name].take(positions).reset_index(drop=True)

    def lookup(self, name: str, key: str, values: Any, column: str) -> Any:
        """Return a column of a frame for the rows that `values` name by their key; missing where there is none."""
        frame = self.frames[name]
        known = frame.loc[frame[key].isin(values), [key, column]].set_index(key)[column]
        found = known.reindex(values)
        return found.set_axis(values.index)

    def units(self, rng: np.random.Generator, size: int) -> pd.DataFrame:
        """Draw `size` departments, numbered from 0."""
        return self.rows("opd", rng.integers(0, len(self.frames["opd"]), size))


def villages(rng: np.random.Generator, size: int) -> pd.Series[Any]:
    """Draw codes of kelurahan."""
    codes = listed("kelurahan")["kode"].astype("str")
    drawn: pd.Series[Any] = codes.take(rng.integers(0, len(codes), size)).reset_index(drop=True)
    return drawn
