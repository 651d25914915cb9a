"""Exercise 4.8.4: repairing divergence: LARS, clipping, rewinding."""
