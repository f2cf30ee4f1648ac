"""The shared schemas and the vocabulary: contracts, code lists, value types, models of the YAML files."""
