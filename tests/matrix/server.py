"""Serves the site that site.sh made over TLS, on one port for each certificate:

    server.py SITE LOG NAME=PORT=CERTIFICATE=KEY...

The first part of a request's path tells who asked, and is left out when the file is looked up. Each
request becomes a line in LOG, `NAME PATH`, before it is answered: nothing comes here but over a
finished handshake. `ready` on stdout says that all ports are open. It ends when its input does.
"""

import functools
import http.server
import socket
import ssl
import sys
import threading


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, *arguments, server_name, log, **options):
        self.server_name = server_name
        self.log = log
        super().__init__(*arguments, **options)

    def setup(self):
        # In the connection's own thread: a refused handshake ends this connection alone.
        self.request.settimeout(30)
        self.request.do_handshake()
        super().setup()

    def translate_path(self, path):
        path = path.partition("?")[0]
        _, _, rest = path.lstrip("/").partition("/")
        return super().translate_path("/" + rest)

    def send_head(self):
        print(self.server_name, self.path, file=self.log, flush=True)
        return super().send_head()

    def guess_type(self, path):
        # A package index is told from a page by this.
        if path.endswith(("/index.html", "/simple/tiny/")):
            return "text/html"
        return "application/octet-stream"

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    # Some clients ask for ::1 first.
    address_family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
    request_queue_size = 64

    def shutdown_request(self, request):
        # Without a proper end the strict ones take the answer for a truncated one.
        try:
            request.unwrap()
        except (OSError, ValueError):
            pass
        super().shutdown_request(request)

    def handle_error(self, *_):
        # Refusals are what many clients are here for.
        pass


def serve(site, log, name, port, certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    handler = functools.partial(Handler, directory=site, server_name=name, log=log)
    server = Server(("", int(port)), handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def main():
    site, log, *servers = sys.argv[1:]
    with open(log, "a") as log:
        for server in servers:
            serve(site, log, *server.split("="))
        print("ready", flush=True)
        sys.stdin.read()


main()
