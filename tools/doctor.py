"""`make doctor`: one line for everything the stack needs from this machine, ok or what to do.

    python tools/doctor.py

It runs with any Python, before `make install`: only the standard library is imported.
"""
