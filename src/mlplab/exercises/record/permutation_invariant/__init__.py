"""Record, first track: one network, blind to how pixels lie."""
