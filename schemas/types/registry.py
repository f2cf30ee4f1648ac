"""Every value type by the name that contracts use."""

from __future__ import annotations

from schemas.types.base import ValueType
from schemas.types.boolean import Boolean
from schemas.types.code import Code
from schemas.types.date import Date
from schemas.types.decimal import Decimal
from schemas.types.integer import Integer
from schemas.types.kk import Kk
from schemas.types.kode_wilayah import KodeWilayah
from schemas.types.money import Money
from schemas.types.nik import Nik
from schemas.types.nip import Nip
from schemas.types.nop import Nop
from schemas.types.phone import Phone
from schemas.types.text import Text

_ALL: tuple[ValueType, ...] = (
    Text(),
    Nik(),
    Kk(),
    Nip(),
    Nop(),
    Date(),
    KodeWilayah(),
    Phone(),
    Money(),
    Integer(),
    Decimal(),
    Boolean(),
    Code(),
)
TYPES: dict[str, ValueType] = {value_type.name: value_type for value_type in _ALL}
