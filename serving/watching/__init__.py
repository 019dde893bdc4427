"""What came of it? Numbers, drift, and a log that can be checked."""
