"""Prints the messages about alerts: python3 examples/tutorial/receiver.py"""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["content-length"])))
        print(message["subject"], flush=True)
        for group in message["groups"]:
            for alert in group["alerts"]:
                print(" ", alert["message"], flush=True)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


HTTPServer(("127.0.0.1", 8090), Receiver).serve_forever()
