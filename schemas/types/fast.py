"""A value type whose usual texts are cleaned a column at a time, and whose odd ones one by one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.types.base import Cleaned, ValueType

if TYPE_CHECKING:
    import pandas as pd

#: Arrow arrays and masks; pyarrow's stubs make each element type a class of its own, which says nothing here
Arrow = Any


class FastType(ValueType):
    """A type of texts that differ on every row, so that a loop over distinct texts saves nothing.

    `usual` recognises in Arrow the texts that are certainly right (99 of 100 in practice); all others go
    through the scalar `clean`, which alone names problems. So only the happy path exists twice.
    """

    @abstractmethod
    def usual(self, texts: Arrow) -> tuple[Arrow, Arrow]:
        """Return (values, mask): where the mask is true, `clean` would give this value without a problem.

        `texts` is an Arrow large_string array without missing entries; both results have its length.
        """

    def clean_column(self, column: pd.Series[Any], formats: Sequence[str] = ()) -> Cleaned:
        """Clean a column of stripped texts; the same outcome as the scalar `clean` on each row."""
        import pandas as pd

        present = column.notna().to_numpy()
        source: Any = column.to_numpy() if column.dtype == object else column.array
        texts: Arrow = pa.array(source, pa.large_string(), from_pandas=True)
        if isinstance(texts, pa.ChunkedArray):
            texts = texts.combine_chunks()
        cleaned, mask = self.usual(pc.fill_null(texts, ""))
        is_usual = np.asarray(mask, dtype=bool) & present
        cleaned = pc.if_else(pa.array(is_usual), cleaned, pa.scalar(None, pa.large_string()))
        values = pd.Series(cleaned, dtype="str", index=column.index, name=column.name)
        problems = pd.Series(pa.nulls(len(column), pa.large_string()), dtype="str", index=column.index)
        odd = np.flatnonzero(present & ~is_usual)
        if odd.size:
            rest = super().clean_column(column.iloc[odd], formats)
            values.iloc[odd] = rest.values.array
            problems.iloc[odd] = rest.problems.array
        return Cleaned(values, problems)
