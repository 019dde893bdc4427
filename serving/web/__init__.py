"""How is the app asked, and who may ask?"""
