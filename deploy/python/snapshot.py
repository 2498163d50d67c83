#!/usr/bin/env python3
"""Sets what can be set on a camera of HomeGuard, and takes a picture: `snapshot.py --set controls/brightness=160 now.jpg`."""
import argparse
import sys
from pathlib import Path

from homeguard import add_options, open_camera

# A snapshot's picture comes with its answer, or soon after.
PICTURE_SECONDS = 5


def wish(camera, setting, value):
    """Sets it, and gives the true value then. Ends with the reason when that was not done."""
    answer = camera.set(setting, value)
    if answer is None:
        sys.exit(f"no answer to {setting}: {camera.trouble()}")
    if answer.get("refused"):
        sys.exit(f"{setting} was refused: {answer['refused']}")
    return answer.get("value")


def main(options):
    with open_camera(options) as camera:
        for setting, value in options.set:
            print(f"{setting} is {wish(camera, setting, value)}")
        if options.file:
            wish(camera, "snapshot", options.size)
            frame = camera.snapshots.take(PICTURE_SECONDS)
            if frame is None:
                sys.exit("the snapshot was taken, but its picture did not come")
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
