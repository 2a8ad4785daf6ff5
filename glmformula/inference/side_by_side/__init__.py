"""Tables of several models, side by side."""
