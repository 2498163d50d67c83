"""Reads a camera's frames with Paho, looks whether each is whole, and tells at its end, on SIGTERM, what it got. All in Paho's thread, as most programs do it."""
import argparse
import json
import re
import signal
import sys
import time

import cv2
import numpy
import paho.mqtt.client as mqtt

parser = argparse.ArgumentParser()
for option in ("--port", "--every"):
    parser.add_argument(option, type=int, required=True)
for option in ("--username", "--password-file", "--topic"):
    parser.add_argument(option, required=True)
parser.add_argument("--rest", type=float, default=0)
options = parser.parse_args()

ages, faults = [], []
got = {"frames": 0, "missed": 0, "lost": 0, "decoded": 0, "lastSeq": -1}
last_age = 0
# As ledger.ts has it.
KEEPS_UP_MS = 100


def fault(what):
    if len(faults) < 10:
        faults.append(what)


def on_message(_client, _userdata, message):
    global last_age
    jpeg = message.payload
    now = time.time()
    got["frames"] += 1
    found = re.match(rb"\xff\xd8\xff\xfe..homeguard seq=(\d+) t=(\d+)\xff", jpeg, re.DOTALL)
    if not found or jpeg[-2:] != b"\xff\xd9":
        return fault(f"{len(jpeg)} bytes that begin with {jpeg[:8].hex()} and end with {jpeg[-2:].hex()}")
    seq, t = int(found[1]), int(found[2])
    if seq <= got["lastSeq"]:
        fault(f"frame {seq} after {got['lastSeq']}")
    elif got["lastSeq"] >= 0:
        got["missed"] += seq - got["lastSeq"] - 1
        if last_age < KEEPS_UP_MS:
            got["lost"] += seq - got["lastSeq"] - 1
    got["lastSeq"] = seq
    last_age = round(now * 1000 - t / 1000)
    ages.append(last_age)
    if got["frames"] % options.every == 0:
        picture = cv2.imdecode(numpy.frombuffer(jpeg, numpy.uint8), cv2.IMREAD_COLOR)
        got["decoded"] += 1
        if picture is None:
            fault(f"frame {seq} does not decode")
    time.sleep(options.rest)


def settle(*_):
    got["missed"] = got["lost"] = 0
    ages.clear()


def end(*_):
    client.loop_stop()
    ages.sort()
    at = lambda share: ages[min(len(ages) - 1, int(share * len(ages)))] if ages else -1
    print(json.dumps({**got, "faults": faults, "age": {"p50": at(0.5), "p99": at(0.99), "max": at(1)}}), flush=True)
    sys.exit(0)


version = getattr(mqtt, "CallbackAPIVersion", None)
client = mqtt.Client(version.VERSION2) if version else mqtt.Client()
with open(options.password_file, encoding="utf-8") as file:
    client.username_pw_set(options.username, file.read().strip())
client.on_connect = lambda *_: client.subscribe(options.topic)
client.on_subscribe = lambda *_: print("subscribed", flush=True)
client.on_message = on_message
# One thread on one core decodes what another one reads: it would use both.
cv2.setNumThreads(1)
signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGUSR1, settle)
client.connect("127.0.0.1", options.port)
client.loop_start()
while True:
    signal.pause()
