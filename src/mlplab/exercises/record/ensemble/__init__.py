"""Record, third track: ensembles, and one network taught by each."""
