"""The commands of `opdhub`, one module a group."""
