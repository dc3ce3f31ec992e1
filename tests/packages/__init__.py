"""Tests of what is released: built, installed, run and removed for real."""
