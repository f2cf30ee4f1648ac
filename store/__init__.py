"""The only reader and writer of the hub database and of the landing zone."""
