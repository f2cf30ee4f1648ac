"""Read what a department's application holds, as text; one module per protocol, never per application.

`connectors.registry.read` is the door. Importing this package is cheap: drivers and clients are
imported when a source of their kind is read.
"""
