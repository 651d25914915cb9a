"""Photographs as numbers: pretrained networks, any module, or pixels."""
