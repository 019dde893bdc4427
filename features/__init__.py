"""What the model sees: functions from a lead's past to a number, with words."""
