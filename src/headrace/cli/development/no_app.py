"""Stands in for the user's program while there is none that can be used: no pipeline, so events wait for one."""
