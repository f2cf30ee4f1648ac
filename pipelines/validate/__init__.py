"""validate: typed rows → a verdict; the only door to Great Expectations."""

from pipelines.validate.verdict import validate, validate_release

__all__ = ["validate", "validate_release"]
