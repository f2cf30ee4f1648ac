"""Value types, one a file: each cleans the text that a source sent, or names what is wrong with it."""
