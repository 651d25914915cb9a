"""Folders of images, the cartoon filter, and photographs that are free."""
