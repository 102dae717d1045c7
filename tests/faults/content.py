"""What a part of a package holds: the SHA-256 of each file as it is read, and what its manifest says. Prints JSON."""

import hashlib
import json
import sys
import zipfile


def digest(archive, info):
    found = hashlib.sha256()
    # Read to its end, an entry is held to its CRC too.
    with archive.open(info) as entry:
        while piece := entry.read(1 << 20):
            found.update(piece)
    return found.hexdigest()


with zipfile.ZipFile(sys.argv[1]) as archive:
    found = {info.filename: digest(archive, info) for info in archive.infolist()}
    manifest = json.loads(archive.read("manifest.json"))

print(json.dumps({
    "found": found,
    "listed": {file["path"]: file["sha256"] for file in manifest["files"]},
    "records": sum(dataset["records_here"] for dataset in manifest["datasets"]),
    "files": sum(dataset["files_here"] for dataset in manifest["datasets"]),
}))
