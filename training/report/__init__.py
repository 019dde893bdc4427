"""The report: one HTML file that a marketer can read, print and forward."""
