// Loaded before a service (`node --import`): tells systemd that the event loop still turns, so that WatchdogSec= ends one that hangs. Node has no
// datagram sockets of the Unix kind, so systemd-notify(1) tells it: 4 ms of CPU, three times in WatchdogSec=. Without a watchdog it does nothing.
import { execFile } from 'node:child_process';
import { isMainThread } from 'node:worker_threads';

const TELL_TIMEOUT_MS = 5_000;
const { WATCHDOG_USEC, NOTIFY_SOCKET } = process.env;

// A worker loads this, too, and would speak for a main thread that hangs.
if (isMainThread && WATCHDOG_USEC && NOTIFY_SOCKET) {
  // ffmpeg and v4l2-ctl have nothing to tell.
  delete process.env.NOTIFY_SOCKET;
  delete process.env.WATCHDOG_USEC;
  delete process.env.WATCHDOG_PID;
  setInterval(tell, Number(WATCHDOG_USEC) / 3_000).unref();
}

function tell() {
  // What goes wrong here, systemd tells: it hears nothing, and starts the service anew.
  execFile('/usr/bin/systemd-notify', ['WATCHDOG=1'], { env: { NOTIFY_SOCKET }, timeout: TELL_TIMEOUT_MS }, () => {});
}
