"""Letters, regulations, tenders, audit findings, innovations and training."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.business import sentences
from simulator.city import City, made, villages
from simulator.draw import Array, days, digits, drawn, listed, parts, pick, rounded, text
from simulator.services import in_year, progress

#: SIMAYA gave way to SRIKANDI at the beginning of that year
SRIKANDI_FROM = np.datetime64("2024-07-01")
CLASSES = ["005", "050", "094", "440", "470", "800", "900"]
LAWS = {"PERDA": 10, "PERWALI": 34, "KEPWALI": 36, "INSTRUKSI": 6, "SE": 14}


def draw_letters(rng: np.random.Generator, city: City, when: Array, first: int) -> pd.DataFrame:
    """Return rows of `surat` of the days `when`; travel orders (SPPD) have their cost in rupiah."""
    count = len(when)
    office = np.where(when < SRIKANDI_FROM, "SIMAYA", "SRIKANDI")
    source = text(np.where(rng.random(count) < 0.22, "SPPD", office))
    kind = drawn(rng, {"MASUK": 45, "KELUAR": 38, "DISPOSISI": 17}, count).mask(source == "SPPD", "SPPD")
    staff = city.rows("pegawai", rng.integers(0, len(city["pegawai"]), count))
    unit = city["opd"].set_index("kode_opd").loc[staff["kode_opd"]].reset_index(drop=True)
    other = city.units(rng, count)["nama"]
    is_in, is_travel = kind.isin(["MASUK", "DISPOSISI"]), kind == "SPPD"
    subject = text(np.select([kind == name for name in ("MASUK", "KELUAR", "DISPOSISI")],
                             [sentences(rng, name, count) for name in ("MASUK", "KELUAR", "DISPOSISI")],
                             sentences(rng, "SPPD", count)))  # fmt: skip
    year, _, _ = parts(when)
    number = text(pick(rng, CLASSES, count)) + "/" + digits(first + 1 + np.arange(count), 6) + "/"
    received = np.minimum(when + rng.integers(0, 5, count), city.today)
    cost = pd.Series(rounded(rng.gamma(3, 700_000, count) + 350_000, 10_000), dtype="Int64")
    return made(
        "surat",
        {
            "nomor_surat": number + unit["singkatan"].str.replace(" ", "-") + "/" + digits(year, 4),
            "jenis_surat": kind,
            "kode_opd": staff["kode_opd"],
            "tanggal_surat": days(when),
            "tanggal_diterima": pd.Series(days(received)).where(is_in),
            "pengirim": unit["nama"].mask(is_in, other),
            "penerima": unit["nama"].where(is_in, other).mask(is_travel, staff["nama_lengkap"]),
            "perihal": subject,
            "sifat_surat": drawn(rng, {"BIASA": 66, "SEGERA": 16, "PENTING": 15, "RAHASIA": 3}, count),
            "nip_penandatangan": staff["nip"].mask(kind == "MASUK"),
            "biaya": cost.where(is_travel),
            "sumber": source,
        },
        first,
    )


def draw_laws(rng: np.random.Generator, city: City, when: Array, first: int) -> pd.DataFrame:
    """Return rows of `produk_hukum` decided on the days `when`."""
    count = len(when)
    kind = drawn(rng, LAWS, count)
    subject = text(np.select([kind == name for name in LAWS], [sentences(rng, name, count) for name in LAWS], ""))
    year, _, _ = parts(when)
    published = np.minimum(when + rng.integers(0, 10, count), city.today)
    return made(
        "produk_hukum",
        {
            "nomor_produk": kind + "-" + digits(year, 4) + "-" + digits(first + 1 + np.arange(count), 4),
            "jenis_produk_hukum": kind,
            "tahun": year,
            "judul": subject + " Tahun " + digits(year, 4),
            "tanggal_penetapan": days(when),
            "tanggal_pengundangan": pd.Series(days(published)).where(kind.isin(["PERDA", "PERWALI"])),
            "status_hukum": drawn(rng, {"BERLAKU": 80, "DIUBAH": 12, "DICABUT": 8}, count),
            "kode_opd": city.units(rng, count)["kode_opd"],
        },
        first,
    )


def draw_tenders(rng: np.random.Generator, city: City, when: Array, first: int) -> pd.DataFrame:
    """Return rows of `pengadaan` planned for the days `when`; rupiah, a contract is never above the ceiling."""
    count = len(when)
    table = listed("paket")
    line = table.iloc[rng.integers(0, len(table), count)].reset_index(drop=True)
    ceiling = rounded(line["pagu"].astype(float) * rng.lognormal(0, 0.6, count), 10_000)
    large = pick(rng, ["TENDER", "E_PURCHASING", "SELEKSI"], count, [5, 4, 2])
    small = pick(rng, ["PENGADAAN_LANGSUNG", "E_PURCHASING", "PENUNJUKAN", "SWAKELOLA"], count, [6, 4, 1, 1])
    method = np.where(ceiling > 200e6, large, small)
    method = np.where((method == "SELEKSI") & (line["jenis"] != "KONSULTANSI"), "TENDER", method)
    age = (city.today - when).astype(np.int64)
    phase = np.select([age < 45, age < 80, age < 170], ["RENCANA", "PEMILIHAN", "KONTRAK"], "SELESAI")
    stage = text(np.where((rng.random(count) < 0.03) & (age >= 80), "BATAL", phase))
    is_signed = stage.isin(["KONTRAK", "SELESAI"])
    firms = city["perusahaan"]
    firm = city.rows("perusahaan", rng.integers(0, len(firms), count))["nama_perusahaan"]
    place = villages(rng, count).map(listed("kelurahan").set_index("kode")["nama"])
    year, _, _ = parts(when)
    value = pd.Series(rounded(ceiling * rng.uniform(0.86, 0.995, count), 1000), dtype="Int64")
    return made(
        "pengadaan",
        {
            "kode_paket": digits(52_000_000 + first + np.arange(count), 8),
            "nama_paket": line["nama"].str.partition("{tempat}")[0] + place,
            "kode_opd": city.units(rng, count)["kode_opd"],
            "metode_pengadaan": text(method),
            "jenis_pengadaan": line["jenis"].astype("str"),
            "pagu": ceiling,
            "nilai_kontrak": value.where(is_signed),
            "penyedia": firm.where(is_signed),
            "tanggal_kontrak": pd.Series(days(np.minimum(when + 80, city.today))).where(is_signed),
            "tahap_pengadaan": stage,
            "tahun": year,
        },
        first,
    )


def draw_findings(rng: np.random.Generator, city: City, when: Array, first: int) -> pd.DataFrame:
    """Return rows of `temuan_pemeriksaan` reported on the days `when`; money in rupiah, none for formal findings."""
    count = len(when)
    kind = drawn(rng, {"KEUANGAN": 34, "ADMINISTRASI": 38, "KEPATUHAN": 18, "ASET": 10}, count)
    amount = np.where(kind.isin(["KEUANGAN", "ASET"]), rounded(rng.lognormal(16.5, 1, count), 1000), 0)
    state, _ = progress(rng, when, city.today, ("BELUM", "PROSES", "SELESAI", "SELESAI"), 240)
    year, _, _ = parts(when)
    return made(
        "temuan_pemeriksaan",
        {
            "nomor_temuan": in_year("LHP-", when, first, 5),
            "kode_opd": city.units(rng, count)["kode_opd"],
            "tahun": year,
            "uraian": sentences(rng, "TEMUAN", count),
            "jenis_temuan": kind,
            "nilai": amount,
            "rekomendasi": sentences(rng, "REKOMENDASI", count),
            "status_tindak_lanjut": state,
            "tanggal_lhp": days(when),
        },
        first,
    )


def draw_innovations(rng: np.random.Generator, city: City, when: Array, first: int) -> pd.DataFrame:
    """Return rows of `inovasi` begun on the days `when`; scores from 0 to 100."""
    count = len(when)
    tried, applied = when + rng.integers(60, 200, count), when + rng.integers(220, 500, count)
    stage = np.select([applied <= city.today, tried <= city.today], ["PENERAPAN", "UJI_COBA"], "INISIATIF")
    unit = city.units(rng, count)
    return made(
        "inovasi",
        {
            "nomor_inovasi": in_year("INV-", when, first, 4),
            "nama_inovasi": sentences(rng, "INOVASI", count) + " " + unit["singkatan"],
            "kode_opd": unit["kode_opd"],
            "bentuk_inovasi": drawn(rng, {"DIGITAL": 58, "NON_DIGITAL": 42}, count),
            "tahapan_inovasi": text(stage),
            "tanggal_uji_coba": pd.Series(days(tried)).where(pd.Series(tried <= city.today)),
            "tanggal_penerapan": pd.Series(days(applied)).where(pd.Series(applied <= city.today)),
            "skor": rng.uniform(35, 98, count),
        },
        first,
    )


def draw_training(rng: np.random.Generator, city: City, when: Array, first: int) -> pd.DataFrame:
    """Return rows of `pelatihan` begun on the days `when`: most of employees, some of people who look for work."""
    count = len(when)
    staff = city.rows("pegawai", rng.integers(0, len(city["pegawai"]), count))
    seeker = city.rows("pencari_kerja", rng.integers(0, len(city["pencari_kerja"]), count))
    is_staff = rng.random(count) < 0.85
    hours = pick(rng, [8, 16, 24, 40, 80], count, [20, 30, 25, 20, 5])
    ends = np.minimum(when + hours // 8 - 1, city.today)
    course = sentences(rng, "PELATIHAN", count).where(is_staff, sentences(rng, "KERJA", count))
    host = text(pick(rng, ["BKPSDM Kota Probolinggo", "BPSDM Provinsi Jawa Timur", "LAN"], count, [6, 3, 1]))
    return made(
        "pelatihan",
        {
            "nomor_sertifikat": in_year("SERT-", when, first),
            "nik": staff["nik"].where(is_staff, seeker["nik"]),
            "nip": staff["nip"].where(is_staff),
            "nama_peserta": staff["nama_lengkap"].where(is_staff, seeker["nama_lengkap"]),
            "nama_pelatihan": course,
            "penyelenggara": host.where(is_staff, "Balai Latihan Kerja"),
            "tanggal_mulai": days(when),
            "tanggal_selesai": days(ends),
            "jam_pelajaran": hours,
            "hasil_pelatihan": drawn(rng, {"LULUS": 95, "TIDAK_LULUS": 5}, count),
        },
        first,
    )
