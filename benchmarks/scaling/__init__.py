"""What each part costs as consumers grow tenfold and tenfold again."""
