"""Record, second track: one network that sees its images moved."""
