"""The wire, its samples, the ring and the cursors as they were at commit 9c4e6cd, unchanged.

Daemons and readers of that edition may be met for as long as hosts are not all upgraded.
"""
