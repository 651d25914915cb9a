"""Slurm: array jobs that leave their results as files, which whoever asks for them merges."""
