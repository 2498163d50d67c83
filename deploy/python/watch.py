#!/usr/bin/env python3
"""Watches a camera of HomeGuard with OpenCV, always the newest frame, and prints each second what it sees: faces, or how many edges there are."""
import argparse
import os
import signal
import sys
import time
from pathlib import Path

import cv2
import numpy

from homeguard import add_options, open_camera

CASCADE = "haarcascade_frontalface_default.xml"
# Faces are looked for in a picture of at most this width: it takes a fraction of the time.
LOOK_WIDTH = 640


def find_cascade():
    """What OpenCV learned of faces: Debian has it in the package opencv-data, PyPI's opencv-python in itself. None where it is missing."""
    folders = ["/usr/share/opencv4/haarcascades", getattr(getattr(cv2, "data", None), "haarcascades", "")]
    found = [path for folder in folders if (path := Path(folder) / CASCADE).exists()]
    return cv2.CascadeClassifier(str(found[0])) if found else None


def look(picture, cascade):
    """Faces as (x, y, width, height) in the picture's own pixels, and a word on what there is. Put your own work here."""
    gray = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    if cascade is None:
        edges = cv2.countNonZero(cv2.Canny(gray, 100, 200))
        return [], f"edges {100 * edges / gray.size:.1f} %"
    scale = max(1, gray.shape[1] / LOOK_WIDTH)
    small = cv2.resize(gray, None, fx=1 / scale, fy=1 / scale, interpolation=cv2.INTER_AREA)
    faces = cascade.detectMultiScale(small, scaleFactor=1.2, minNeighbors=5)
    return [[round(side * scale) for side in face] for face in faces], f"faces {len(faces)}"


class Report:
    """One line a second."""

    def __init__(self):
        self.frames = self.skipped = 0
        self._last_seq = None
        self._printed = (time.monotonic(), 0)

    def count(self, frame):
        self.frames += 1
        # Numbers are given by the camera, so a gap is what we, or the broker on our behalf, left out. A camera that begins anew counts from 0.
        if frame.seq is not None and self._last_seq is not None and frame.seq > self._last_seq:
            self.skipped += frame.seq - self._last_seq - 1
        self._last_seq = frame.seq

    def is_due(self):
        at, frames = self._printed
        return not frames or time.monotonic() - at >= 1

    def line(self, frame, picture, seen):
        at, frames = self._printed
        now = time.monotonic()
        fps = (self.frames - frames) / max(now - at, 0.001)
        self._printed = (now, self.frames)
        age = "?" if frame.age_ms is None else f"{frame.age_ms:.0f}"
        size = f"{picture.shape[1]}x{picture.shape[0]}"
        print(f"seq {frame.seq}  age {age} ms  {size}  {seen}  {fps:.1f} looked at a second  {self.skipped} skipped", flush=True)


def show(picture, faces):
    """A window, with a frame around each face; False once somebody has pressed q."""
    for x, y, width, height in faces:
        cv2.rectangle(picture, (x, y), (x + width, y + height), (80, 220, 80), 2)
    cv2.imshow("HomeGuard", picture)
    return cv2.waitKey(1) & 0xFF != ord("q")


def save(frame, path):
    """The JPEG file as it came, whole at every moment: somebody may be reading the one before."""
    Path(f"{path}.part").write_bytes(frame.jpeg)
    os.replace(f"{path}.part", path)


def watch(camera, options):
    """Until somebody ends it, or after `options.count` frames."""
    cascade = None if options.edges else find_cascade()
    if cascade is None and not options.edges:
        print("no haarcascade here (Debian: opencv-data), so edges are counted", file=sys.stderr, flush=True)
    report = Report()
    while not options.count or report.frames < options.count:
        frame = wait_for_frame(camera, options.patience)
        picture = cv2.imdecode(numpy.frombuffer(frame.jpeg, numpy.uint8), cv2.IMREAD_COLOR)
        if picture is None:
            print(f"frame {frame.seq} does not decode", file=sys.stderr, flush=True)
            continue
        faces, seen = look(picture, cascade)
        time.sleep(options.work)
        report.count(frame)
        is_last = report.frames == options.count
        if report.is_due() or is_last:
            report.line(frame, picture, seen)
            if options.save:
                save(frame, options.save)
        if options.show and not show(picture, faces):
            return


def wait_for_frame(camera, patience):
    """The next frame, however long it takes. Whatever keeps it away is said; what no waiting mends ends the program."""
    while True:
        waited = time.monotonic()
        while time.monotonic() - waited < patience:
            frame = camera.newest.take(0.5)
            if frame is not None:
                return frame
            if camera.login_refused:
                sys.exit(camera.trouble())
        print(f"no frame for {patience:g} s: {camera.trouble()}", file=sys.stderr, flush=True)


def read_options():
    parser = add_options(argparse.ArgumentParser(description=__doc__))
    parser.add_argument("--count", type=int, metavar="N", help="end after N frames")
    parser.add_argument("--save", metavar="FILE", help="keep the newest picture in this file, renewed once a second")
    parser.add_argument("--show", action="store_true", help="in a window, until q is pressed")
    parser.add_argument("--edges", action="store_true", help="count edges, not faces")
    parser.add_argument("--patience", type=float, default=5, metavar="SECONDS", help="without a frame for so long, say why (%(default)s)")
    parser.add_argument("--work", type=float, default=0, metavar="SECONDS", help="be so slow with each frame, to see what happens then")
    options = parser.parse_args()
    # OpenCV would end the program with words of Qt's.
    if options.show and not any(name in os.environ for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")):
        parser.error("--show needs a desktop, and there is none here: take --save")
    return options


if __name__ == "__main__":
    # As systemd and Docker end it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    arguments = read_options()
    try:
        with open_camera(arguments) as opened:
            watch(opened, arguments)
    except KeyboardInterrupt:
        pass
