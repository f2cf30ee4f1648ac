"""How fast the hub is, beside the limit that the machine sets; nothing is imported that one benchmark does not need."""
