"""How a score leaves: batch, endpoint and the words that go with it."""
