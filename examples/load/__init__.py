"""Publish traffic shaped like Fedora's, at a given rate, and report what was really sent."""
