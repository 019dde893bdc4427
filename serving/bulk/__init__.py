"""How is the whole base scored?"""
