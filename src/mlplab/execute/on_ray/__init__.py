"""Ray: programs on the machines of a cluster, over one copy of the data on each."""
