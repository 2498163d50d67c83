#!/usr/bin/env python3
"""Sets what can be set on a camera of HomeGuard, and takes a picture: `snapshot.py --set controls/brightness=160 now.jpg`."""
import argparse
import sys
from pathlib import Path

from homeguard import add_options, open_camera

# The longest that a camera takes to answer. For a snapshot of another size it may open its device twice.
ANSWER_SECONDS = 5
SNAPSHOT_SECONDS = 10


def wish(camera, setting, value, seconds):
    """Sets it, and waits for what became of it: the true value now. Ends with the camera's reason when it was refused."""
    camera.set(setting, value)
    answer = camera.answers.take(seconds)
    if answer is None:
        sys.exit(f"no answer to {setting} within {seconds} s: {camera.trouble()}")
    if answer.get("refused"):
        sys.exit(f"{setting} was refused: {answer['refused']}")
    return answer.get("value")


def main(options):
    with open_camera(options) as camera:
        if not camera.ready.wait(ANSWER_SECONDS):
            sys.exit(camera.trouble())
        for setting, value in options.set:
            print(f"{setting} is {wish(camera, setting, value, ANSWER_SECONDS)}")
        if options.file:
            wish(camera, "snapshot", options.size, SNAPSHOT_SECONDS)
            frame = camera.snapshots.take(ANSWER_SECONDS)
            if frame is None:
                sys.exit(f"no picture came: {camera.trouble()}")
            Path(options.file).write_bytes(frame.jpeg)
            print(f"{options.file}: {len(frame.jpeg)} bytes, {frame.age_ms:.0f} ms old")


def pair(text):
    setting, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"'{text}' has to be setting=value, such as controls/brightness=160")
    return setting, value


if __name__ == "__main__":
    parser = add_options(argparse.ArgumentParser(description=__doc__))
    parser.add_argument("--set", type=pair, action="append", default=[], metavar="SETTING=VALUE", help="fps=15, capture=OFF; may be repeated")
    parser.add_argument("--size", default="", help="take the picture at this size, such as 1920x1080")
    parser.add_argument("file", nargs="?", help="where the picture goes; without it none is taken")
    main(parser.parse_args())
