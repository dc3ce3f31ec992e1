"""Incidents replayed on real parts: ``make story STORY=name``; what they share."""
