"""Every connector passes one shared suite."""
