"""How often things happen: the frames that grow by the day, with what makes their rows.

The same maker draws years of history at the beginning and the few rows of one day afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from simulator.assets import draw_goods, draw_vehicles
from simulator.business import draw_businesses, draw_seekers, draw_vacancies
from simulator.city import City
from simulator.draw import Array, spread
from simulator.economy import draw_permits
from simulator.environment import draw_incidents
from simulator.health import draw_visits
from simulator.papers import draw_findings, draw_innovations, draw_laws, draw_letters, draw_tenders, draw_training
from simulator.services import draw_complaints, draw_offences, draw_requests

Maker = Callable[[np.random.Generator, City, Array, int], pd.DataFrame]


@dataclass(frozen=True)
class Flow:
    """Rows that come day by day: how many a thousand residents make in so many years, and at least."""

    maker: Maker
    years: float
    per_thousand: float
    fewest: int

    def history(self, rng: np.random.Generator, city: City) -> pd.DataFrame:
        """Return the rows of the years up to today, in the order of their days."""
        since = city.today - int(self.years * 365)
        return self.maker(rng, city, spread(rng, self.rows(city), since, city.today), 0)

    def rows(self, city: City) -> int:
        """Return the number of rows in all the years."""
        return max(self.fewest, round(city.size * self.per_thousand / 1000))

    def of_today(self, rng: np.random.Generator, city: City, frame: str) -> pd.DataFrame | None:
        """Return the rows that come today, labelled after those of the frame so far; None when nothing comes."""
        count = rng.poisson(self.rows(city) / (self.years * 365))
        return self.maker(rng, city, np.full(count, city.today), city.first_free(frame)) if count else None


#: in the order in which they need each other
FLOWS = {
    "pelaku_usaha": Flow(draw_businesses, 10, 40, 200),
    "perizinan": Flow(draw_permits, 6, 30, 420),
    "lowongan_kerja": Flow(draw_vacancies, 1.5, 10, 90),
    "pencari_kerja": Flow(draw_seekers, 2, 12, 150),
    "kunjungan_kesehatan": Flow(draw_visits, 2, 1230, 2500),
    "layanan_publik": Flow(draw_requests, 2, 200, 1000),
    "aduan": Flow(draw_complaints, 2, 30, 600),
    "bencana": Flow(draw_incidents, 3, 8, 180),
    "pelanggaran_ketertiban": Flow(draw_offences, 3, 4, 160),
    "surat": Flow(draw_letters, 2, 40, 700),
    "produk_hukum": Flow(draw_laws, 10, 2, 170),
    "pengadaan": Flow(draw_tenders, 2.5, 8, 700),
    "temuan_pemeriksaan": Flow(draw_findings, 4, 1, 140),
    "inovasi": Flow(draw_innovations, 5, 0.5, 90),
    "pelatihan": Flow(draw_training, 3, 25, 260),
    "barang_milik_daerah": Flow(draw_goods, 10, 50, 400),
    "kendaraan": Flow(draw_vehicles, 8, 20, 320),
}
