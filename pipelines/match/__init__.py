"""Match: people without a usable NIK are linked to the civil register by how alike they are (Splink on DuckDB)."""

from pipelines.match.link import AUTO, MARGIN, REVIEW, link
from pipelines.match.model import Model
from pipelines.match.prepare import PERSON
from pipelines.match.train import train

__all__ = ["AUTO", "MARGIN", "PERSON", "REVIEW", "Model", "link", "train"]
