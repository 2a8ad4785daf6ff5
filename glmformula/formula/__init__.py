"""R's formula language: reader, term algebra, and the closed table of functions."""
