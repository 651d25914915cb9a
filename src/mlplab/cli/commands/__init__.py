"""The commands, a module each; none imports another."""
