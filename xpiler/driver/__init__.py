"""The translation itself: lift, run the passes, emit, verify, bisect what fails, write, report."""
