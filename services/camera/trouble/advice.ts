/** What was seen around the camera -> what to do about it, in one sentence; what is to be typed stands between backticks. Pure. */
import { inUnit, word } from './access.ts';
import { type Sign, signOf } from './kernel-log.ts';
import type { Engine } from './place.ts';
import type { Fit, Scene } from './scene.ts';

const COMES_BACK = 'the picture then comes by itself';
/** More names than these nobody reads. */
const MAX_NAMES = 3;

/** What lines of the kernel call for. */
const KERNEL_ADVICE: Partial<Record<Sign, (scene: Scene) => string>> = {
  power: powerAdvice,
  current: () => 'Plug the camera into a USB hub that has its own power supply: it draws more than the port gives.',
  controller: () => 'Restart the machine: its USB controller has stopped.',
  bandwidth: bandwidthAdvice,
  signal: ({ os }) => `Try another cable and another USB port${os === 'raspberry-pi' ? ', or a hub with its own power supply' : ''}.`,
};
/** The weightiest first. */
const BY_WEIGHT: Sign[] = ['power', 'current', 'controller', 'bandwidth', 'signal', 'unplugged'];

/** The kernel's word on why no picture comes. */
export interface Reason {
  sign: Sign;
  line: string;
}

/** The weightiest, and of those the latest, that the kernel says; null when it says nothing of it. */
export function reasonOf({ kernel, node }: Scene): Reason | null {
  const heard = kernel.map((line) => ({ sign: signOf(line), line }));
  const lastUnplugged = heard.findLastIndex(({ sign }) => sign === 'unplugged');
  // Whoever pulls a camera cuts it off in the middle of a word.
  const fresh = heard.filter(({ sign }, i) => sign !== 'signal' || i > lastUnplugged);
  const hadCamera = node !== null || fresh.some(({ sign }) => sign === 'unplugged' || sign === 'signal');
  for (const sign of hadCamera ? BY_WEIGHT : BY_WEIGHT.slice(1)) {
    const said = fresh.findLast((each) => each.sign === sign);
    if (said) return { sign, line: said.line };
  }
  return null;
}

/** For a device that is open but silent, or fails. */
export function faultAdvice(scene: Scene): string {
  return kernelAdvice(scene) ?? 'Unplug the camera and plug it in again; if it stays, try another cable or port.';
}

/** For a device that is not there. */
export function absenceAdvice(scene: Scene): string {
  const [hidden] = scene.hidden;
  return hidden ? handInAdvice(scene, hidden) : (kernelAdvice(scene) ?? `Plug in the camera; ${COMES_BACK}.`);
}

function kernelAdvice(scene: Scene): string | null {
  const reason = reasonOf(scene);
  return (reason && KERNEL_ADVICE[reason.sign]?.(scene)) ?? null;
}

function powerAdvice({ os }: Scene): string {
  if (os === 'raspberry-pi') return 'Use the official power supply of the Raspberry Pi: it gets too little power for the camera.';
  return 'Use a stronger power supply: the machine gets too little power for the camera.';
}

/** The kernel has the camera, but it is not in our /dev. */
function handInAdvice({ place }: Scene, name: string): string {
  if (place.kind === 'container') return HAND_IN[place.engine](name);
  if (place.kind === 'systemd' && place.manager === 'system') return `${inUnit(place, 'PrivateDevices=no')}.`;
  return 'Run `sudo udevadm trigger --subsystem-match=video4linux`, or restart the machine: the camera is there, but has no node in /dev.';
}

/** A single device cannot be handed in: the container would not start without it, and would not see it when it is plugged in again. */
const HAND_IN: Record<Engine, (name: string) => string> = {
  docker: () =>
    'Add `"/dev:/dev:ro"` to the volumes and `"c 81:* rw"` to the device_cgroup_rules of the camera service in compose.yaml and run `docker compose up -d`.',
  podman: (name) => `Start the container with \`--device /dev/${name}\`.`,
  kubernetes: () =>
    'Mount /dev of the node into the pod as a hostPath, and put the line `privileged: true` under securityContext of the container.',
  other: (name) => `Let the host hand /dev/${name} to the container.`,
};

export function busyAdvice({ us, holders, someUnseen, place }: Scene, path: string): string {
  const [holder] = holders;
  if (holder?.isOurs) return 'Give each camera a device of its own: HomeGuard reads this one already, under another name.';
  if (holder?.unit) return `Run \`sudo systemctl stop ${word(holder.unit)}\`; ${COMES_BACK}.`;
  if (holder) return `Close ${holder.command}, or run \`${holder.user === us.user ? '' : 'sudo '}kill ${holder.pid}\`; ${COMES_BACK}.`;
  const find = `\`sudo fuser -v ${word(path)}\` to see which program has the camera, and close it; ${COMES_BACK}.`;
  if (place.kind === 'container') return `On the host, run ${find}`;
  return someUnseen ? `Run ${find}` : `Close the other program that shows the camera; ${COMES_BACK}.`;
}

/** `ffmpeg (pid 812, user pi)`, or what we know when we see nobody. */
export function describeHolders({ holders }: Scene): string {
  const names = holders.slice(0, MAX_NAMES).map(({ command, pid, user }) => `${command} (pid ${pid}${user ? `, user ${user}` : ''})`);
  return names.join(' and ') || 'another program';
}

export function bandwidthAdvice({ fits, sharers }: Scene): string {
  const away = sharers.length > 0 ? `away from ${sharers.slice(0, MAX_NAMES).join(' and ')}` : 'not a hub';
  return `Plug the camera into another USB port, ${away}, or let it send less: ${smaller(fits)}.`;
}

function smaller(fits: Fit | null): string {
  return fits ? `\`CAMERA_SIZE=${fits.width}x${fits.height} CAMERA_FPS=${fits.fps}\`` : 'lower CAMERA_SIZE or CAMERA_FPS';
}

/** For a device of which ffmpeg can read no format. */
export function formatAdvice({ fits }: Scene): string {
  return `Try another size, such as \`CAMERA_SIZE=${fits ? `${fits.width}x${fits.height}` : '640x480'}\`.`;
}

export function memoryAdvice({ place }: Scene): string {
  if (place.kind === 'container') return 'Let the container have more memory (mem_limit in compose.yaml), or lower CAMERA_SIZE.';
  return 'Close other programs, or lower CAMERA_SIZE: the memory of this machine is full.';
}

/** For an ffmpeg that is missing, broken or too old. */
export function ffmpegAdvice({ place }: Scene): string {
  if (place.kind === 'container') return 'Build the image again, for its ffmpeg does not work, and start the container anew.';
  return "Install Debian's own ffmpeg, version 5.1 (Debian 12) or newer: `sudo apt-get install ffmpeg`.";
}
