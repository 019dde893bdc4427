"""How do our pages look? Words, colours, style and parts that reports and the app share."""
