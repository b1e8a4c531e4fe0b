#!/usr/bin/env python3
"""Asks a node daemon over its socket, with nothing of nodewatt's own code: what it answers is decoded by record.proto itself.

usage: ask.py SOCKET WORD...           e.g. ask.py run/sock job id=4711: prints {"records": [...], "states": [...]}
       ask.py --bytes SOCKET WORD...   the messages as they came, in hexadecimal, one a line
Exit code 0: answered; 1: nobody there, or cut off; 3: refused (the error is printed as {"error": ...}). Absent fields that may be absent
are null; others have proto3's defaults.
"""
import json
import pathlib
import re
import socket
import struct
import sys

PROTO = pathlib.Path(__file__).parents[3] / "src/record/record.proto"
FIELD = re.compile(r"(repeated |optional |)([\w.]+) (\w+) = (\d+);")


def read_proto(text):
    """Message name to {number: (label, type, name)}; enums have no entry."""
    text = re.sub(r"//[^\n]*", "", text)
    return {name: {int(number): (label.strip(), kind, field) for label, kind, field, number in FIELD.findall(body)}
            for name, body in re.findall(r"message (\w+) \{(.*?)\}", text, re.DOTALL)}


MESSAGES = read_proto(PROTO.read_text())


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def signed(value, kind):
    if kind.startswith("sint"):
        return (value >> 1) ^ -(value & 1)
    if kind in ("int64", "int32"):
        return value - (1 << 64) if value >> 63 else value
    return bool(value) if kind == "bool" else value


def empty(label, kind):
    if label == "repeated":
        return []
    if label == "optional" or kind in MESSAGES:
        return None
    return {"string": "", "double": 0.0, "bool": False}.get(kind, 0)


def decode(name, data):
    fields = MESSAGES[name]
    out = {field: empty(label, kind) for label, kind, field in fields.values()}
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        wire = key & 7
        if wire == 0:
            raw, at = varint(data, at)
        elif wire == 1:
            raw, at = struct.unpack_from("<d", data, at)[0], at + 8
        elif wire == 2:
            size, at = varint(data, at)
            raw, at = data[at:at + size], at + size
        else:
            raise ValueError(f"wire type {wire} in {name}")
        if key >> 3 not in fields:
            raise ValueError(f"field {key >> 3} of {name} is not in {PROTO.name}")
        put(out, *fields[key >> 3], wire, raw)
    return out


def put(out, label, kind, field, wire, raw):
    if kind in MESSAGES:
        value = decode(kind, raw)
    elif kind == "string":
        value = raw.decode()
    elif wire == 2:  # packed
        at = 0
        while at < len(raw):
            value, at = varint(raw, at)
            out[field].append(signed(value, kind))
        return
    else:
        value = raw if wire == 1 else signed(raw, kind)
    if label == "repeated":
        out[field].append(value)
    else:
        out[field] = value


def ask(path, request, patience=10.0):
    """The messages of the answer; raises OSError where nobody answers."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
        door.settimeout(patience)
        door.connect(path)
        door.send(request.encode())
        messages = []
        while not messages or messages[-1][:1] not in (b"D", b"E"):
            messages.append(door.recv(1 << 22))
            if not messages[-1]:
                raise ConnectionError("cut off in the middle of an answer")
        return messages


def main(arguments):
    as_bytes = arguments[:1] == ["--bytes"]
    path, *words = arguments[1:] if as_bytes else arguments
    try:
        messages = ask(path, " ".join(words))
    except OSError as error:
        print(json.dumps({"error": str(error)}))
        return 1
    refused = messages[-1][:1] == b"E"
    if as_bytes:
        print("\n".join(message.hex() for message in messages))
    elif refused:
        print(json.dumps({"error": messages[-1][1:].decode()}))
    else:
        print(json.dumps({"records": [decode("Record", m[1:]) for m in messages if m[:1] == b"R"],
                          "states": [decode("NodeState", m[1:]) for m in messages if m[:1] == b"S"]}))
    return 3 if refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
