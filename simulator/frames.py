"""The frames of the truth and their columns; descriptions are checked against them without making a city.

A frame of the name of a contract has its fields, in the form that the hub publishes; columns beyond them are known to
the sample alone.
"""

from __future__ import annotations

TRUTH_COLUMNS: dict[str, list[str]] = {
    "penduduk": [
        "nik", "no_kk", "nama_lengkap", "tempat_lahir", "tanggal_lahir", "jenis_kelamin", "agama", "status_kawin",
        "pendidikan", "pekerjaan", "golongan_darah", "shdk", "status_dasar", "alamat", "rt", "rw", "kode_kelurahan",
        "telepon", "nama_ibu", "tanggal_kematian",
    ],
    "keluarga": [
        "no_kk", "nik_kepala", "nama_kepala", "alamat", "rt", "rw", "kode_kelurahan", "jumlah_anggota",
    ],
    "pegawai": [
        "nip", "nik", "nama_lengkap", "gelar_belakang", "tempat_lahir", "tanggal_lahir", "jenis_kelamin", "agama",
        "golongan", "jabatan", "kode_opd", "unit_kerja", "status_pegawai", "tmt_cpns", "alamat", "telepon",
    ],
    "opd": ["kode_opd", "nama", "singkatan", "alamat", "telepon"],
    "sekolah": [
        "npsn", "nama", "jenjang", "status_sekolah", "alamat", "kode_kelurahan", "telepon", "jumlah_siswa",
    ],
    "perizinan": [
        "nomor_izin", "jenis_izin", "nik_pemohon", "nama_pemohon", "nib", "nama_usaha", "kbli", "kode_kelurahan",
        "tanggal_terbit", "tanggal_berakhir", "status_izin", "retribusi",
    ],
    "harga_pangan": ["tanggal", "komoditas", "pasar", "harga", "satuan"],
    "wilayah": ["kode", "nama"],
    "lansia": [
        "nik", "no_kk", "nama_lengkap", "tanggal_lahir", "jenis_kelamin", "alamat", "kode_kelurahan",
        "status_tinggal", "kemandirian", "menerima_bantuan", "tanggal_pendataan",
    ],
    "veteran": [
        "nomor_veteran", "nik", "nama_lengkap", "tanggal_lahir", "jenis_kelamin", "golongan_veteran", "alamat",
        "kode_kelurahan", "masih_hidup", "tanggal_pendataan",
    ],
    "disabilitas": [
        "nik", "nama_lengkap", "tanggal_lahir", "jenis_kelamin", "ragam_disabilitas", "derajat_disabilitas",
        "alat_bantu", "alamat", "kode_kelurahan", "tanggal_verifikasi",
    ],
    "keluarga_miskin": [
        "no_kk", "nik_kepala", "nama_kepala", "alamat", "kode_kelurahan", "jumlah_anggota", "desil",
        "pendapatan_bulanan", "status_rumah", "sumber_air", "tanggal_survei",
    ],
    "penerima_bantuan": [
        "nik", "program_bantuan", "periode", "nama_lengkap", "no_kk", "kode_kelurahan", "nominal", "tanggal_salur",
        "status_salur",
    ],
    "pencari_kerja": [
        "nomor_ak1", "nik", "nama_lengkap", "tanggal_lahir", "jenis_kelamin", "pendidikan", "jurusan",
        "jabatan_diinginkan", "alamat", "kode_kelurahan", "telepon", "tanggal_daftar", "berlaku_sampai",
        "status_kerja",
    ],
    "pelaku_usaha": [
        "nib", "nik_pemilik", "nama_pemilik", "nama_usaha", "skala_usaha", "kbli", "tingkat_risiko", "alamat",
        "kode_kelurahan", "tanggal_nib", "telepon",
    ],
    "perusahaan": [
        "nib", "nama_perusahaan", "bentuk_usaha", "kbli", "alamat", "kode_kelurahan", "jumlah_tenaga_kerja",
        "status_perusahaan", "tanggal_lapor", "telepon",
    ],
    "lowongan_kerja": [
        "nomor_lowongan", "nib", "nama_perusahaan", "jabatan", "jumlah", "pendidikan_minimal", "gaji",
        "tanggal_buka", "tanggal_tutup", "status_lowongan",
    ],
    "koperasi_umkm": [
        "nomor_induk", "jenis_kumkm", "nama", "nik_pengurus", "nama_pengurus", "nib", "bidang_usaha",
        "kode_kelurahan", "jumlah_anggota", "omzet_tahunan", "tanggal_berdiri", "status_usaha",
    ],
    "pengadaan": [
        "kode_paket", "nama_paket", "kode_opd", "metode_pengadaan", "jenis_pengadaan", "pagu", "nilai_kontrak",
        "penyedia", "tanggal_kontrak", "tahap_pengadaan", "tahun",
    ],
    "objek_pajak": [
        "nop", "nama_wajib_pajak", "nik_wajib_pajak", "alamat_objek", "kode_kelurahan", "luas_tanah",
        "luas_bangunan", "njop", "tahun_pajak", "ketetapan",
    ],
    "pembayaran_pajak": [
        "nomor_pembayaran", "jenis_pajak", "nop", "nama_wajib_pajak", "nik_wajib_pajak", "masa_pajak",
        "tanggal_bayar", "pokok", "denda", "kanal_bayar", "status_bayar",
    ],
    "perumahan": [
        "id_rumah", "no_kk", "nik_pemilik", "nama_pemilik", "alamat", "kode_kelurahan", "luas_lantai",
        "jenis_dinding", "jenis_atap", "jenis_lantai", "sanitasi", "status_rumah", "layak_huni", "tanggal_survei",
    ],
    "aset_tanah": [
        "kode_aset", "kode_opd", "nama_aset", "alamat", "kode_kelurahan", "luas", "nomor_sertifikat",
        "status_sertifikat", "tanggal_perolehan", "nilai_perolehan", "penggunaan",
    ],
    "barang_milik_daerah": [
        "kode_register", "kode_barang", "nama_barang", "kode_opd", "kib", "kondisi_barang", "tanggal_perolehan",
        "harga_perolehan", "merk", "lokasi",
    ],
    "kendaraan": [
        "nomor_polisi", "nomor_rangka", "jenis_kendaraan", "merk", "tahun_pembuatan", "nama_pemilik",
        "kepemilikan_kendaraan", "kode_opd", "nomor_uji", "berlaku_uji_sampai", "hasil_uji",
    ],
    "jalan": [
        "nomor_ruas", "nama_ruas", "kode_kelurahan", "panjang", "lebar", "jenis_permukaan", "kondisi_jalan",
        "status_jalan", "tahun_data",
    ],
    "fasilitas_kesehatan": [
        "kode_faskes", "nama", "jenis_faskes", "kepemilikan_faskes", "alamat", "kode_kelurahan", "telepon",
        "jumlah_tempat_tidur",
    ],
    "kunjungan_kesehatan": [
        "nomor_kunjungan", "kode_faskes", "nik", "nama_pasien", "tanggal_lahir", "jenis_kelamin",
        "tanggal_kunjungan", "jenis_layanan_kesehatan", "poli", "diagnosis", "cara_bayar", "kode_kelurahan",
        "jenis_faskes",
    ],
    "capaian_kesehatan": ["kode_faskes", "indikator_kesehatan", "periode", "sasaran", "capaian", "satuan"],
    "siswa": [
        "nisn", "nik", "nama_lengkap", "tanggal_lahir", "jenis_kelamin", "npsn", "tingkat", "nama_ibu", "alamat",
        "kode_kelurahan", "tahun_ajaran", "status_siswa",
    ],
    "tenaga_pendidik": [
        "nuptk", "nik", "nip", "nama_lengkap", "tanggal_lahir", "jenis_kelamin", "npsn", "jenis_ptk", "status_ptk",
        "mata_pelajaran", "sertifikasi",
    ],
    "tenaga_kesehatan": [
        "nomor_str", "nik", "nama_lengkap", "tanggal_lahir", "jenis_kelamin", "jenis_nakes", "kode_faskes",
        "status_ptk", "berlaku_str_sampai",
    ],
    "anggaran_realisasi": [
        "kode_opd", "kode_rekening", "tahun", "bulan", "uraian", "anggaran", "realisasi", "realisasi_fisik",
        "sumber",
    ],
    "capaian_kinerja": [
        "kode_opd", "kode_indikator", "periode", "nama_indikator", "satuan", "target", "realisasi", "sumber",
    ],
    "surat": [
        "nomor_surat", "jenis_surat", "kode_opd", "tanggal_surat", "tanggal_diterima", "pengirim", "penerima",
        "perihal", "sifat_surat", "nip_penandatangan", "biaya", "sumber",
    ],
    "produk_hukum": [
        "nomor_produk", "jenis_produk_hukum", "tahun", "judul", "tanggal_penetapan", "tanggal_pengundangan",
        "status_hukum", "kode_opd",
    ],
    "aduan": [
        "nomor_aduan", "kanal_aduan", "kategori_aduan", "kode_opd", "isi", "tanggal_masuk", "tanggal_selesai",
        "status_aduan", "kode_kelurahan", "nama_pelapor", "telepon_pelapor",
    ],
    "pelanggaran_ketertiban": [
        "nomor_perkara", "jenis_pelanggaran", "dasar_hukum", "nik_pelanggar", "nama_pelanggar", "kode_kelurahan",
        "tanggal_kejadian", "tindakan", "denda",
    ],
    "pelatihan": [
        "nomor_sertifikat", "nik", "nip", "nama_peserta", "nama_pelatihan", "penyelenggara", "tanggal_mulai",
        "tanggal_selesai", "jam_pelajaran", "hasil_pelatihan",
    ],
    "sampah": [
        "kode_lokasi", "periode", "jenis_sampah", "nama_lokasi", "kode_kelurahan", "berat", "jumlah_nasabah",
    ],
    "bencana": [
        "nomor_kejadian", "jenis_bencana", "tanggal_kejadian", "kode_kelurahan", "lokasi", "korban_jiwa",
        "korban_luka", "mengungsi", "rumah_rusak", "nama_pelapor", "telepon_pelapor", "status_penanganan", "sumber",
    ],
    "layanan_publik": [
        "nomor_permohonan", "kanal_layanan", "jenis_layanan", "kode_opd", "nik_pemohon", "nama_pemohon",
        "tanggal_masuk", "tanggal_selesai", "status_layanan", "telepon",
    ],
    "temuan_pemeriksaan": [
        "nomor_temuan", "kode_opd", "tahun", "uraian", "jenis_temuan", "nilai", "rekomendasi",
        "status_tindak_lanjut", "tanggal_lhp",
    ],
    "inovasi": [
        "nomor_inovasi", "nama_inovasi", "kode_opd", "bentuk_inovasi", "tahapan_inovasi", "tanggal_uji_coba",
        "tanggal_penerapan", "skor",
    ],
    "kinerja_pegawai": [
        "nip", "periode", "jenis_penilaian", "nilai", "predikat_kinerja", "hari_hadir", "hari_kerja",
    ],
    "persediaan": [
        "kode_lokasi", "kode_barang", "nomor_batch", "nama_barang", "jumlah", "satuan", "kedaluwarsa", "nilai",
        "tanggal_opname", "sumber",
    ],
    "pelanggan_air": [
        "nomor_sambungan", "nik", "nama_pelanggan", "alamat", "kode_kelurahan", "golongan_tarif",
        "status_sambungan", "periode", "pemakaian", "tunggakan", "telepon",
    ],
    "kelahiran": ["nik", "nama_lengkap", "tanggal_lahir", "nik_ibu", "no_kk", "nomor_akta"],
    "kematian": ["nik", "nama_lengkap", "tanggal_kematian", "nomor_akta"],
    "perpindahan": [
        "nik", "nama_lengkap", "tanggal_pindah", "arah", "kode_wilayah_asal", "kode_wilayah_tujuan",
    ],
    "perkawinan": ["nik_suami", "nik_istri", "tanggal_kawin", "nomor_akta"],
}  # fmt: skip
