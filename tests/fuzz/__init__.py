"""Every public function of utils, called with whatever hypothesis thinks of.

Valid arguments never raise. An argument that is wrong is refused by the course's own code, in a sentence that names
it. COURSE_FUZZ=1000 raises the number of examples for each function and lets chance choose them anew.
"""
