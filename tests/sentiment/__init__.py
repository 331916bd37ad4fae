"""Suppression of survey results: random organisations, the real SQL, and an adversary who reads what is published."""
