"""Tables of README and docs, made of the results; one module for each kind of page."""
