"""Detection: do two samples differ, by how much, and does it harm?"""
