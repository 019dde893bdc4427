"""What goes over the wire, and how is it read and written?"""
