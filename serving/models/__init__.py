"""Which models score now, and where do they come from?"""
