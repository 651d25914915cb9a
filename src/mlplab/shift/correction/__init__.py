"""Density ratios, label shift, and whether weighting helps."""
