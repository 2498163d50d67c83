"""A camera of HomeGuard over MQTT: its newest frame, and what it says of itself. Needs paho-mqtt, 1.6 (Debian 12) or 2 (Debian 13)."""
import json
import re
import ssl
import sys
import threading
import time
from pathlib import Path

import paho.mqtt.client as mqtt

# Where `npm start` keeps the password, seen from this file.
PASSWORD_FILE = Path(__file__).resolve().parents[2] / "data/secrets/mqtt-homeassistant"
# Return codes of MQTT 3.1.1 and reason codes of MQTT 5: the login is refused.
BAD_LOGIN = (4, 5, 134, 135)
# From here on a code in SUBACK is a refusal [MQTT-3.9.3].
REFUSED = 128
# More cameras than this are not named in a message.
MAX_NAMED = 16


class Frame:
    """A JPEG file as it came. `seq` and `t` (microseconds since 1970) are None where another publisher leaves them out."""

    def __init__(self, jpeg):
        self.jpeg = jpeg
        self.seq, self.t = read_stamp(jpeg)

    @property
    def age_ms(self):
        """How old the picture is, in ms, if the clocks of both machines agree."""
        return None if self.t is None else time.time() * 1000 - self.t / 1000


def read_stamp(jpeg):
    """Number and time in the comment behind SOI (ITU T.81, B.2.4.5): `homeguard seq=… t=…`."""
    if jpeg[:4] == b"\xff\xd8\xff\xfe":
        found = re.fullmatch(rb"homeguard seq=(\d+) t=(\d+)", jpeg[6 : 4 + int.from_bytes(jpeg[4:6], "big")])
        if found:
            return int(found[1]), int(found[2])
    return None, None


class Newest:
    """Room for one. The next takes its place, whether it was taken or not, so whoever is slow gets fewer frames and never older ones."""

    def __init__(self):
        self._changed = threading.Condition()
        self._held = None

    def put(self, newest):
        with self._changed:
            self._held = newest
            self._changed.notify()

    def take(self, seconds):
        """The newest that was not taken yet; None when there is none within that time."""
        with self._changed:
            self._changed.wait_for(lambda: self._held is not None, seconds)
            held, self._held = self._held, None
            return held


class Camera:
    """`with Camera(…) as camera: camera.newest.take(5)`. It logs in again by itself whenever the connection is lost."""

    def __init__(self, name="camera", host="127.0.0.1", port=None, user="homeassistant", password_file=None, prefix="homeguard", tls_ca=None):
        self.name, self.host, self.port, self.prefix = name, host, port or (8883 if tls_ca else 1883), prefix
        self.base = f"{prefix}/{name}"
        self.newest, self.snapshots = Newest(), Newest()
        self._answers = {}
        self.state = {}
        # Connected, and what we wait for comes: from then on a command's answer is heard.
        self.ready = threading.Event()
        # No waiting mends that.
        self.login_refused = False
        self._user = user
        self._statuses = {}
        self._bus_trouble = f"the broker at {host}:{self.port} does not answer"
        self._client = self._create_client(read_password(password_file), tls_ca)

    def __enter__(self):
        self._client.connect_async(self.host, self.port, keepalive=10)
        self._client.loop_start()
        return self

    def __exit__(self, *_):
        self._client.disconnect()
        self._client.loop_stop()

    def set(self, setting, value="", seconds=10):
        """
        Wishes for a value, `set("controls/brightness", 160)`, or presses a button, `set("snapshot")`, and waits for what became of it:
        `value` is the true one now, `refused` the reason if it was not done. None when no answer comes in time.
        """
        if not self.ready.wait(seconds):
            return None
        # Everybody's answers come; ours is the one to what we wished for.
        wish = (setting, str(value))
        answer = self._answers[wish] = Newest()
        self._client.publish(f"{self.base}/{setting}/set", wish[1], qos=1)
        try:
            return answer.take(seconds)
        finally:
            self._answers.pop(wish, None)

    def trouble(self):
        """Why no frame comes, in one sentence with what mends it."""
        if self._bus_trouble:
            return self._bus_trouble
        status = self._statuses.get(self.name)
        if status is None:
            known = ", ".join(sorted(self._statuses)[:MAX_NAMED]) or "none"
            return f"there is no camera '{self.name}' on this broker below '{self.prefix}'; there is: {known}. Is that the right name?"
        if status != "online":
            return f"the service of camera '{self.name}' is not running: start it, or look at its log"
        condition, cause, advice = (self.state.get(key) for key in ("condition", "cause", "advice"))
        if condition == "idle":
            return f"camera '{self.name}' does not know that we watch, since this broker does not count: set CAMERA_ALWAYS=true for it"
        if condition in ("live", "starting"):
            return f"camera '{self.name}' is {condition}, but no frame comes here: does this broker have {self.base}/frame?"
        return f"camera '{self.name}' is dark: " + ". ".join(part.rstrip(".") for part in (condition, cause, advice) if part)

    def _create_client(self, password, tls_ca):
        # paho-mqtt 2 wants to be told which callbacks it is given; 1.6 does not know the word.
        version = getattr(mqtt, "CallbackAPIVersion", None)
        client = mqtt.Client(version.VERSION2) if version else mqtt.Client()
        if password:
            client.username_pw_set(self._user, password)
        if tls_ca:
            client.tls_set(ca_certs=tls_ca)
        client.reconnect_delay_set(min_delay=1, max_delay=8)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    # What follows runs in Paho's thread. As long as it works on one message it reads no other, and what comes in waits in the kernel: some
    # megabytes, which are seconds. So nothing is done here but to put the frame where the other thread finds it.

    def _on_connect(self, client, _userdata, _flags, code, *_):
        if code != 0:
            self.login_refused = code in BAD_LOGIN
            why = "refuses our login: is it the right user, and the right file with its password?" if self.login_refused else f"says: {code}"
            self._bus_trouble = f"the broker at {self.host}:{self.port} {why}"
            return
        self._bus_trouble = None
        # Here, so that it is done again after each reconnection.
        topics = [(f"{self.prefix}/+/status", 1), *((f"{self.base}/{topic}", 1) for topic in ("state", "answer", "snapshot"))]
        client.subscribe([(f"{self.base}/frame", 0), *topics])

    def _on_connect_fail(self, *_):
        # Paho calls this while it handles the fault, and does not hand it over.
        fault = sys.exc_info()[1]
        remedy = "is HomeGuard running, and is this its address?"
        if isinstance(fault, ssl.SSLError):
            remedy = "--tls-ca has to name the authority that signed the broker's certificate, and --host the name that stands in it"
        self._bus_trouble = f"the broker at {self.host}:{self.port} cannot be reached ({fault}): {remedy}"

    def _on_disconnect(self, *_):
        self._bus_trouble = self._bus_trouble or f"the connection to the broker at {self.host}:{self.port} was lost"
        self._statuses.clear()
        self.ready.clear()

    def _on_subscribe(self, _client, _userdata, _mid, codes, *_):
        # Numbers in 1.6, objects with a number in 2.
        if any(getattr(code, "value", code) >= REFUSED for code in codes):
            self._bus_trouble = f"the broker at {self.host}:{self.port} does not let user {self._user} read {self.base}"
        self.ready.set()

    def _on_message(self, _client, _userdata, message):
        topic, payload = message.topic[len(self.prefix) + 1 :], message.payload
        if topic == f"{self.name}/frame":
            self.newest.put(Frame(payload))
        elif topic == f"{self.name}/snapshot" and payload and not message.retain:
            self.snapshots.put(Frame(payload))
        elif topic == f"{self.name}/answer":
            answer = read_json(payload)
            wished = self._answers.get((answer.get("setting"), answer.get("wanted")))
            if wished:
                wished.put(answer)
        elif topic == f"{self.name}/state":
            self.state = read_json(payload)
        elif topic.endswith("/status"):
            self._statuses[topic[: -len("/status")]] = payload.decode("utf-8", "replace")


def read_json(payload):
    """An object; an empty one when it is something else."""
    try:
        value = json.loads(payload)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def read_password(path):
    """The password in that file; without one, the one that `npm start` has made; None where there is none, for BROKER_AUTH=off."""
    if path is None and not PASSWORD_FILE.exists():
        return None
    try:
        return Path(path or PASSWORD_FILE).read_text(encoding="utf-8").strip()
    except OSError as fault:
        sys.exit(f"the password cannot be read from {path or PASSWORD_FILE} ({fault.strerror}): --password-file names the file that holds it")


def add_options(parser):
    """What Camera has to know, as options. The password is in a file: a command line can be read by everybody on the machine."""
    parser.add_argument("--host", default="127.0.0.1", help="where the broker is (%(default)s)")
    parser.add_argument("--port", type=int, help="its port (1883, with --tls-ca 8883)")
    parser.add_argument("--user", default="homeassistant", help="%(default)s")
    parser.add_argument("--password-file", metavar="FILE", help="file that holds the user's password (that of `npm start`)")
    parser.add_argument("--camera", default="camera", help="id of the camera (%(default)s)")
    parser.add_argument("--prefix", default="homeguard", help="MQTT_PREFIX (%(default)s)")
    parser.add_argument("--tls-ca", metavar="FILE", help="speak MQTTS; the file of the authority that signed the broker's certificate")
    return parser


def open_camera(options):
    """The Camera of parsed options."""
    return Camera(options.camera, options.host, options.port, options.user, options.password_file, options.prefix, options.tls_ca)
