"""The runs that a run is related to: the one it resumes, those it has called, the one that has called it."""
