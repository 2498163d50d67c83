/** Where a camera is plugged in -> findings. Pure. */
import { bandwidthAdvice } from '../camera/trouble/advice.ts';
import type { Scene } from '../camera/trouble/scene.ts';
import { type Finding, hint, well } from './finding.ts';
import type { Usb } from './usb.ts';

/** In Mb/s. */
const FULL_SPEED = 12;
const HIGH_SPEED = 480;

export function judgeUsb(device: string, { id, speed, port, autosuspend }: Usb, scene: Scene): Finding[] {
  const where = [speedInWords(speed), portInWords(port), id, ...(autosuspend ? ['may sleep while unused'] : [])].join(', ');
  if (speed !== null && speed <= FULL_SPEED) {
    const remedy = 'Plug it into another port, with another cable and without a hub; till then `CAMERA_SIZE=320x240` may fit through.';
    return [hint('usb', device, `has ${where}: too slow for 1280x720`, remedy)];
  }
  const { sharers } = scene;
  if (speed !== HIGH_SPEED || sharers.length === 0) return [well('usb', device, `has ${where}`)];
  const shared = hint(
    'usb',
    device,
    `shares its bus with ${sharers.join(', ')}`,
    `Nothing has to be done unless it stays dark. ${bandwidthAdvice(scene)}`,
  );
  return [well('usb', device, `has ${where}`), shared];
}

function speedInWords(speed: number | null): string {
  if (speed === null) return 'USB';
  if (speed <= FULL_SPEED) return `USB 1 (${speed} Mb/s)`;
  if (speed <= HIGH_SPEED) return `USB 2 (${speed} Mb/s)`;
  return `USB 3 (${speed / 1_000} Gb/s)`;
}

/** `1.4.2` is port 2 of the hub in port 4 of the hub in port 1. */
function portInWords(port: string): string {
  const parts = port.split('.');
  const hubs = parts.slice(0, -1).map((_, i) => parts.slice(0, i + 1).join('.'));
  if (hubs.length === 0) return `port ${port}`;
  return `port ${port} behind ${hubs.length === 1 ? 'hub' : 'hubs'} ${hubs.join(' and ')}`;
}
