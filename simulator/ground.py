"""The ground on which contradictions are planted: who is free, how somebody dies, and what was planted so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from simulator import edits, vital
from simulator.city import City
from simulator.contradictions import key_of
from simulator.draw import Array

#: frames whose dates show that a person was alive: column of the NIK, of the day
SIGNS_OF_LIFE = {
    "kunjungan_kesehatan": ("nik", "tanggal_kunjungan"), "penerima_bantuan": ("nik", "tanggal_salur"),
    "layanan_publik": ("nik_pemohon", "tanggal_masuk"), "perizinan": ("nik_pemohon", "tanggal_terbit"),
}  # fmt: skip
#: serials of numbers that nobody has: the registry counts each day's births and cards from 1
UNUSED = 9001
NEVER = np.datetime64("1900-01-01")


@dataclass
class Ground:
    """Where contradictions are planted: the city, the households that are free, and what was planted so far."""

    rng: np.random.Generator
    city: City
    count: int
    taken: set[str] = field(default_factory=set)
    cases: list[pd.DataFrame] = field(default_factory=list)

    @property
    def people(self) -> pd.DataFrame:
        """The residents by label, with age in years."""
        return self.city["penduduk"].assign(age=self.city.age)

    @property
    def living(self) -> pd.DataFrame:
        """Living residents to whom no aid is on its way."""
        people, aid = self.people, self.city["penerima_bantuan"]
        awaited = aid.loc[aid["status_salur"] == "PROSES", "nik"]
        return people[(people["status_dasar"] == "1") & ~people["nik"].isin(awaited)]

    @property
    def heads(self) -> pd.Series[str]:
        """The NIK of those who head a family."""
        return self.city["keluarga"]["nik_kepala"]

    @property
    def quiet(self) -> pd.DataFrame:
        """Those of the living who head no family, do not work for the city, and own no business."""
        busy = [self.heads, self.city["pegawai"]["nik"], self.city["pelaku_usaha"]["nik_pemilik"]]
        return self.living[~self.living["nik"].isin(pd.concat(busy))]

    def choose(self, people: pd.DataFrame, count: int | None = None) -> pd.DataFrame:
        """Draw up to `count` people, one a household that has nothing planted yet, and take their households."""
        free = people[~people["no_kk"].isin(self.taken)]
        free = free.iloc[self.rng.permutation(len(free))].drop_duplicates("no_kk")
        chosen = free.head(self.count if count is None else count).sort_index()
        self.taken.update(chosen["no_kk"])
        return chosen

    def among(self, name: str, column: str = "nik") -> pd.DataFrame:
        """Return the quiet residents that a frame names."""
        return self.quiet[self.quiet["nik"].isin(self.city[name][column])]

    def alive_until(self, but: str = "") -> pd.Series[pd.Timestamp]:
        """Return by NIK the last day on which somebody is known to have lived; one frame may be left out."""
        seen = [
            self.city[name][[who, day]].set_axis(["nik", "day"], axis=1)
            for name, (who, day) in SIGNS_OF_LIFE.items()
            if name != but
        ]
        people = self.city["penduduk"]
        youngest = people["no_kk"].map(people.groupby("no_kk")["tanggal_lahir"].max())
        seen.append(pd.DataFrame({"nik": people["nik"], "day": youngest}))
        return pd.concat(seen).groupby("nik")["day"].max()

    def die(self, who: pd.DataFrame, low: Array, high: Array, but: str = "") -> None:
        """Register deaths on days between `low` and `high`; the dead leave every list `but` one."""
        span = (high - low).astype("timedelta64[D]").astype(np.int64)
        vital.bury(self.city, who.index, low + (self.rng.random(len(who)) * (span + 1)).astype(np.int64))
        vital.leave_lists(self.city, who["nik"], but)
        veterans = self.city["veteran"]
        if but != "veteran":
            gone = veterans.index[veterans["nik"].isin(who["nik"])]
            edits.change(self.city, "veteran", gone, masih_hidup=False)

    def add(self, name: str, rows: pd.DataFrame) -> pd.DataFrame:
        """Append rows to a frame under labels of their own; return them."""
        first = self.city.first_free(name)
        rows = rows.set_axis(pd.RangeIndex(first, first + len(rows)), axis=0)[list(self.city[name].columns)]
        edits.add(self.city, name, rows)
        return rows

    def note(self, rule: str, dataset: str, rows: pd.DataFrame) -> None:
        """Write down the records that a rule should find."""
        self.cases.append(pd.DataFrame({"rule": rule, "dataset": dataset, "key": key_of(dataset, rows)}))

    def note_people(self, rule: str, dataset: str, nik: pd.Series[str], column: str = "nik") -> None:
        """Write down the records of a frame that name these people."""
        frame = self.city[dataset]
        self.note(rule, dataset, frame[frame[column].isin(nik)])


def day(values: pd.Series[pd.Timestamp]) -> Array:
    """Return days as numpy has them; missing ones lie before everybody's birth."""
    moments = values.to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(moments), NEVER, moments)


#: puts contradictions of one kind into the ground
Planter = Callable[[Ground], None]
