"""Tests of the sample city."""
