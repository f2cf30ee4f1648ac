"""validate: typed rows → a verdict; the only door to Great Expectations."""

from pipelines.validate.release import keep_last_good, validate_release
from pipelines.validate.verdict import validate

__all__ = ["keep_last_good", "validate", "validate_release"]
