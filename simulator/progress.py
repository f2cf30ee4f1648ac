"""Papers that move on: what is new gets worked on, done or refused, and what has run out ends."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator import edits
from simulator.city import City
from simulator.draw import digits, pick, rounded

#: frame, column, from, to, times a year, column that gets today's date
STEPS = [
    ("perizinan", "status_izin", "PROSES", "TERBIT", 36, None),
    ("perizinan", "status_izin", "PROSES", "DITOLAK", 3, None),
    ("perizinan", "status_izin", "TERBIT", "DICABUT", 0.01, None),
    ("aduan", "status_aduan", "BARU", "PROSES", 100, None),
    ("aduan", "status_aduan", "PROSES", "SELESAI", 14, "tanggal_selesai"),
    ("aduan", "status_aduan", "PROSES", "DITOLAK", 1, "tanggal_selesai"),
    ("layanan_publik", "status_layanan", "DITERIMA", "PROSES", 150, None),
    ("layanan_publik", "status_layanan", "PROSES", "SELESAI", 32, "tanggal_selesai"),
    ("layanan_publik", "status_layanan", "PROSES", "DITOLAK", 2, "tanggal_selesai"),
    ("bencana", "status_penanganan", "LAPOR", "DITANGANI", 200, None),
    ("bencana", "status_penanganan", "DITANGANI", "SELESAI", 50, None),
    ("temuan_pemeriksaan", "status_tindak_lanjut", "BELUM", "PROSES", 4, None),
    ("temuan_pemeriksaan", "status_tindak_lanjut", "PROSES", "SELESAI", 2, None),
    ("pengadaan", "tahap_pengadaan", "RENCANA", "PEMILIHAN", 8, None),
    ("pengadaan", "tahap_pengadaan", "KONTRAK", "SELESAI", 4, None),
    ("inovasi", "tahapan_inovasi", "INISIATIF", "UJI_COBA", 3, "tanggal_uji_coba"),
    ("inovasi", "tahapan_inovasi", "UJI_COBA", "PENERAPAN", 2, "tanggal_penerapan"),
    ("penerima_bantuan", "status_salur", "PROSES", "DISALURKAN", 22, "tanggal_salur"),
    ("pencari_kerja", "status_kerja", "MENCARI", "BEKERJA", 1, None),
    ("pencari_kerja", "status_kerja", "PELATIHAN", "MENCARI", 6, None),
    ("perusahaan", "status_perusahaan", "AKTIF", "TUTUP", 0.05, "tanggal_lapor"),
    ("koperasi_umkm", "status_usaha", "AKTIF", "TIDAK_AKTIF", 0.08, None),
    ("aset_tanah", "status_sertifikat", "BELUM", "PROSES", 0.5, None),
    ("barang_milik_daerah", "kondisi_barang", "B", "RR", 0.1, None),
    ("barang_milik_daerah", "kondisi_barang", "RR", "RB", 0.15, None),
    ("produk_hukum", "status_hukum", "BERLAKU", "DIUBAH", 0.05, None),
    ("produk_hukum", "status_hukum", "BERLAKU", "DICABUT", 0.03, None),
    ("jalan", "kondisi_jalan", "SEDANG", "BAIK", 0.4, None),
    ("jalan", "kondisi_jalan", "BAIK", "SEDANG", 0.2, None),
    ("siswa", "status_siswa", "AKTIF", "PINDAH", 0.02, None),
    ("siswa", "status_siswa", "AKTIF", "KELUAR", 0.01, None),
    ("pelanggan_air", "status_sambungan", "AKTIF", "SEGEL", 0.04, None),
    ("pelanggan_air", "status_sambungan", "SEGEL", "AKTIF", 2, None),
]  # fmt: skip
#: the day on which the new school year begins
SCHOOL_BEGINS = np.datetime64("2025-07-14")


def step(rng: np.random.Generator, city: City) -> None:
    """Move papers one state on, each at its usual pace; nothing goes through two states in a day."""
    before = {name: city[name] for name, *_ in STEPS}
    moved: dict[str, set[int]] = {}
    for name, column, old, new, pace, dated in STEPS:
        frame = before[name]
        labels = edits.some(rng, frame, pace, frame[column] == old)
        done = moved.setdefault(name, set())
        labels = np.array([label for label in labels if label not in done and label in city[name].index], np.int64)
        done.update(labels.tolist())
        edits.change(city, name, labels, **{column: new}, **({dated: city.today} if dated else {}))


def finish(rng: np.random.Generator, city: City) -> None:
    """End what has run out: permits, vacancies, job seekers' cards; drop what is no longer shown."""
    today = pd.Timestamp(city.today)
    permits, posts, seekers = city["perizinan"], city["lowongan_kerja"], city["pencari_kerja"]
    ended = (permits["status_izin"] == "TERBIT") & (permits["tanggal_berakhir"] < today)
    edits.change(city, "perizinan", permits.index[ended], status_izin="KEDALUWARSA")
    over = posts.index[(posts["status_lowongan"] == "BUKA") & (posts["tanggal_tutup"] < today)]
    fate = pd.Series(pick(rng, ["TERISI", "TUTUP"], len(over), [6, 4]), dtype="str")
    edits.change(city, "lowongan_kerja", over, status_lowongan=fate)
    old = (posts["status_lowongan"] != "BUKA") & (posts["tanggal_tutup"] < today - pd.Timedelta(days=540))
    edits.drop(city, "lowongan_kerja", posts.index[old])
    edits.drop(city, "pencari_kerja", seekers.index[seekers["berlaku_sampai"] < today - pd.Timedelta(days=30)])


def sign(rng: np.random.Generator, city: City) -> None:
    """Sign contracts of chosen suppliers, below the ceiling; and land gets its certificate."""
    tenders = city["pengadaan"]
    labels = edits.some(rng, tenders, 10, tenders["tahap_pengadaan"] == "PEMILIHAN")
    if len(labels):
        firm = city.rows("perusahaan", rng.integers(0, len(city["perusahaan"]), len(labels)))
        value = rounded(tenders.loc[labels, "pagu"] * rng.uniform(0.86, 0.995, len(labels)), 1000)
        edits.change(
            city, "pengadaan", labels, tahap_pengadaan="KONTRAK", tanggal_kontrak=city.today, nilai_kontrak=value,
            penyedia=firm["nama_perusahaan"],
        )  # fmt: skip
    land = city["aset_tanah"]
    labels = edits.some(rng, land, 1, land["status_sertifikat"] == "PROSES")
    number = ("12.34." + digits(labels + 1, 6) + ".4.00001").astype("str")
    edits.change(city, "aset_tanah", labels, status_sertifikat="BERSERTIFIKAT", nomor_sertifikat=number)


def admit(rng: np.random.Generator, city: City) -> None:
    """From the middle of July on, schools admit who applied, within a few days."""
    if city.today < SCHOOL_BEGINS:
        return
    pupils = city["siswa"]
    labels = edits.some(rng, pupils, 110, pupils["status_siswa"] == "DAFTAR")
    edits.change(city, "siswa", labels, status_siswa="AKTIF")
