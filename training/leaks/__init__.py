"""Which columns say what they cannot have known?"""
