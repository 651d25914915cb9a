"""How often detectors call a shift where there is none, and where there is one."""
