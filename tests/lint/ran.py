#!/usr/bin/python3 -B
"""make conformance: has each test that tests/lint/rfc8461.md names run, and passed?"""

from conformance import ran

ran()
