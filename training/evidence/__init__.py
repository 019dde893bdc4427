"""What drives conversion? Measured on examples the model had not seen."""
