"""What a GPU computes: equal to the CPU, within its predicted memory, and how fast."""
