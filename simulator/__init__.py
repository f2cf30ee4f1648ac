"""The sample city: makes the data of the city's applications and serves it."""
