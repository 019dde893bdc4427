"""Where models are kept: versions, their champion, and the trainings that made them."""
