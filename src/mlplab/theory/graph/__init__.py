"""Computational graphs: of a network's loss and regulariser, as data, as a picture, with values."""
