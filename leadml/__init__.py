"""leadml: how likely each lead is to become a customer, why, and what to do next."""

__version__ = "0.1.0"
