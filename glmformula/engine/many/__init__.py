"""Many small fits of one formula at once, by arrays over all groups."""
