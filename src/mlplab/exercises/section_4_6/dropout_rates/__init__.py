"""The grid of the two layers' dropout rates, and the swap of the two."""
