#!/usr/bin/env bash
# msgspec 0.20.0: encoding does not check types, so a UUID passes for a `str` field.
#
# Seen: msgpack.encode() of a Struct whose `str` field holds a UUID writes its text; decoding gives a
# str. convert() of the same Python value to the Struct refuses it: "Expected `str`, got `uuid`".
# Expected by most people: encoding refuses what the annotation forbids, or convert() accepts it.
# It matters: a wrong argument passes unseen through one path of a program and fails in another.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'msgspec==0.20.0'
"$folder/venv/bin/python" - <<'P'
import sys, uuid
import msgspec

class Register(msgspec.Struct):
    client_id: str

value = uuid.UUID(int=7)
decoded = msgspec.msgpack.decode(msgspec.msgpack.encode(Register(value)), type=Register)
try:
    msgspec.convert({"client_id": value}, Register)
    refused = ""
except msgspec.ValidationError as error:
    refused = str(error)
print(f"decoded {decoded.client_id!r}; convert: {refused}")
sys.exit(not (decoded.client_id == str(value) and "Expected `str`" in refused))
P
