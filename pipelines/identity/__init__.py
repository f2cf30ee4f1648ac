"""Who is who: which source row is which entity of a dataset, and which resident a row names."""
