"""A client with Python's http.client: it sends all of its body before it looks for an answer.

Reads lines "URL SECONDS", uploads the file to each, and prints a line of JSON and an empty one (see client.ts).
"""

import hashlib
import http.client
import json
import os
import ssl
import sys
from urllib.parse import urlsplit

path = sys.argv[1]


def connect(parts, seconds):
    if parts.scheme == "http":
        return http.client.HTTPConnection(parts.netloc, timeout=seconds)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(parts.netloc, timeout=seconds, context=context)


def upload(url, seconds):
    parts = urlsplit(url)
    connection = connect(parts, seconds)
    status, body, errors = None, b"", []
    try:
        with open(path, "rb") as file:
            try:
                connection.request("PUT", parts.path, file, {"Content-Length": str(os.path.getsize(path))})
            except OSError as error:
                # The server has closed its side. What a careful program does then: there may be an answer all the same.
                errors.append(repr(error))
            response = connection.getresponse()
            status = response.status
            body = response.read()
    except http.client.IncompleteRead as error:
        body = error.partial
        errors.append(repr(error))
    except (OSError, http.client.HTTPException) as error:
        errors.append(repr(error))
    finally:
        connection.close()
    return {"status": status, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest(), "error": "; ".join(errors) or None}


for line in sys.stdin:
    if line.strip():
        address, patience = line.split()
        print(json.dumps(upload(address, float(patience))))
    print(flush=True)
