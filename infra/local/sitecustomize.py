"""Loaded by Python itself when `lethe up` starts the emulator: sends small answers at once.

The emulator's Lambda runtime API writes an answer's head and body separately. With Nagle's algorithm the body waits for
the client's delayed acknowledgement, 40 ms in every invocation, which AWS does not have and no function can avoid.
"""

import socketserver

socketserver.StreamRequestHandler.disable_nagle_algorithm = True
