"""Serves the files of the working directory to several clients at once, over TLS.

usage: server.py PORT CERTIFICATE KEY [PORT CERTIFICATE KEY]...

Ends with its stdin, and prints a line when all ports can be reached.
"""

import http.server
import ssl
import sys
import threading


class Handler(http.server.SimpleHTTPRequestHandler):
    timeout = 20

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        # A client that doesn't trust the server goes away.
        pass


arguments = sys.argv[1:]
if not arguments or len(arguments) % 3:
    sys.exit(__doc__)
for port, certificate, key in zip(*[iter(arguments)] * 3):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = Server(("", int(port)), Handler)
    # The handshake is left to the connection's own thread.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
print("serving", flush=True)
sys.stdin.read()
