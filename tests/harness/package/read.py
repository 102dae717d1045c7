"""Reads a package as a stranger would: with Python's own modules and nothing of ours. Prints what it found as JSON."""

import base64
import csv
import hashlib
import io
import json
import re
import sys
import zipfile

with zipfile.ZipFile(sys.argv[1]) as archive:
    damaged = archive.testzip()
    entries = {}
    for info in archive.infolist():
        content = archive.read(info)
        entries[info.filename] = {
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "time": list(info.date_time),
            "zip64": info.extract_version >= 45,
        }
        text = content.decode("utf-8-sig") if info.filename.endswith((".csv", ".ndjson", ".json", ".html")) else ""
        if info.filename.endswith(".csv"):
            entries[info.filename]["rows"] = list(csv.reader(io.StringIO(text, newline="")))
        elif info.filename.endswith(".ndjson"):
            # A number stays the text it is.
            read = {"parse_int": str, "parse_float": str}
            entries[info.filename]["records"] = [json.loads(line, **read) for line in text.split("\n") if line]
        elif text:
            entries[info.filename]["text"] = text
    page = entries["index.html"]["text"]
    scripts = re.findall(r"<(?:script|style)>(.*?)</(?:script|style)>", page, re.S)
    hashes = ["sha256-" + base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts]
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    order = [info.filename for info in archive.infolist()]

print(json.dumps({
    "damaged": damaged,
    "order": order,
    "entries": entries,
    "hashes": hashes,
    "data": json.loads(data.group(1)),
    "manifest": json.loads(entries["manifest.json"]["text"]),
}))
