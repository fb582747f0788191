"""Version 1 of the records of the log; generated."""
