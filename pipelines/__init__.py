"""The verbs: extract, standardize, validate, publish, integrate."""
