"""4.7.4: second derivatives, their graph and their cost."""
