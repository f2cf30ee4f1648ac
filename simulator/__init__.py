"""The sample city: makes the data of the city's applications and serves it."""

#: days of one tick, each of which costs the same; here, where the command line reads it without loading pandas
MOST_DAYS = 366
