"""Settings, the command line `opdhub`, and the embedded stack."""
