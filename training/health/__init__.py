"""Are the data what they were when the model learned?"""
