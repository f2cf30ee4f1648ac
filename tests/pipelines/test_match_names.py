"""Names of people: titles, short forms and old spelling are undone, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.match.names import address_words, name_words, normalise, sound, vocabulary

#: letters of which no title, patronymic or short form of the lists is made up
WORD = st.text("BDGKLNRTW", min_size=4, max_size=8).map(lambda text: text[:2] + "A" + text[2:])
NAME = st.lists(WORD, min_size=1, max_size=4).map(" ".join)
LISTED = sorted(vocabulary().before | vocabulary().after | set(vocabulary().meant) | set(vocabulary().first))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("H. Moch. Soetjipto, S.Pd., M.Si", "MUHAMMAD SUCIPTO"),
        ("dr. Hj. St. Aminah, M. Kes", "SITI AMINAH"),
        ("M. Hasan", "MUHAMMAD HASAN"),
        ("Achmad bin Saleh", "AHMAD"),
        ("Abd. Karim (Alm)", "ABDUL KARIM"),
        ("José Djajadi", "JOSE JAYADI"),
        ("R. Soejatno S. Pd", "SUYATNO"),
        ("SUJATNO", "SUJATNO"),
        ("Noel Joel", "NOEL JOEL"),
        ("Nur'aini", "NURAINI"),
        ("DR.H.MUHAMAD ALI,SH.,MH", "MUHAMMAD ALI"),
        ("Annisa", "ANISA"),
        ("By. Ny. Siti", ""),
        ("H.", "H"),
        ("  ", ""),
        (None, ""),
    ],
)
def test_a_name_is_brought_to_the_form_in_which_it_is_compared(written: str | None, meant: str) -> None:
    assert normalise(written) == meant


@given(st.one_of(st.text(max_size=40), st.lists(st.one_of(st.sampled_from(LISTED), WORD), max_size=6).map(" ".join)))
def test_normalising_twice_changes_nothing(written: str) -> None:
    once = normalise(written)
    assert normalise(once) == once


@given(NAME, st.sampled_from(sorted(vocabulary().before)), st.booleans())
def test_a_title_in_front_never_changes_a_name(name: str, title: str, has_dot: bool) -> None:
    assert normalise(f"{title.capitalize()}{'.' if has_dot else ''} {name}") == normalise(name)


@given(NAME, st.sampled_from(sorted(vocabulary().after)), st.sampled_from([" ", ", "]))
def test_a_title_behind_never_changes_a_name(name: str, title: str, sign: str) -> None:
    assert normalise(f"{name}{sign}{title}") == normalise(name)


@given(NAME, st.data())
def test_neither_capitals_nor_spaces_nor_a_doubled_letter_change_a_name(name: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(name) - 1))
    doubled = f"  {name[: place + 1]}{name[place]}{name[place + 1 :]} ".lower()
    assert normalise(doubled) == normalise(name)


@given(st.text(max_size=40))
def test_a_word_of_a_name_has_no_space_and_is_never_empty(written: str) -> None:
    assert all(word and word == word.strip() and " " not in word for word in name_words(written))


@pytest.mark.parametrize(
    ("one", "other"), [("RIZKY", "RISQI"), ("FITRI", "VITRY"), ("SYAIFUL", "SAIPUL"), ("KHOLILAH", "HOLILA")]
)
def test_spellings_that_sound_alike_have_one_sound(one: str, other: str) -> None:
    assert sound(one) == sound(other)


def test_names_that_sound_differently_have_two_sounds() -> None:
    assert sound("BUDI") != sound("SITI")


def test_an_address_is_what_tells_it_from_another() -> None:
    assert address_words("Jl. Tulip No.021 RT 001/RW 002") == ("TULIP", "21", "1", "2")
    assert address_words("JALAN TULIP NO 21, RT1 RW2") == ("TULIP", "21", "1", "2")
    assert address_words(None) == ()
