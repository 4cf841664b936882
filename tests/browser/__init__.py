"""Stories in a real browser; a package, so that sandbox/tests/browser.py is not taken for it."""
