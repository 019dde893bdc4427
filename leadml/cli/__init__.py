"""The front door: one command for each thing a person does with leadml.

Only this package knows all rooms, and it opens them inside its commands, so that ``--help`` is
instant. It is also the one place where a person's clock enters.
"""
