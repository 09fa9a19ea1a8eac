"""`headrace dev`: everything that a program needs, on one machine, until Ctrl-C."""
