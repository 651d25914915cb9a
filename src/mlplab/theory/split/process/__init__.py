"""What one process of a split does; loaded in worker processes and under torchrun, with torch."""
