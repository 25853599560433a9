"""Media servers are told what changed, looked at until they have read it, and given back who watched what.

No file waits for any of it: what a server has to know is on record before the first step of a file, and
stays there until the server knows it.
"""
