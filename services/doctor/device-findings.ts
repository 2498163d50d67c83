/** The device of a camera of the settings -> findings; and those that no camera uses. Pure. */

import type { Device } from '../camera/device/device.ts';
import { faultAdvice, reasonOf } from '../camera/trouble/advice.ts';
import { diagnose } from '../camera/trouble/diagnosis.ts';
import type { Scene } from '../camera/trouble/scene.ts';
import type { DeviceFacts, OtherNode } from './devices.ts';
import { type Finding, fault, hint, well } from './finding.ts';
import { judgeFormats } from './format-findings.ts';
import { judgeHolder } from './holder-findings.ts';
import { judgeUsb } from './usb-findings.ts';

/** What the camera on a Raspberry Pi's ribbon cable is called. */
const RIBBON = /^(unicam|rp1-cfe)/;

/** @param isRead HomeGuard's camera service says on the bus that it reads this device at this moment */
export function judgeDevice(device: DeviceFacts, scene: Scene, isRead: boolean): Finding[] {
  const { path, name, links, said, usb } = device;
  const names = [name ?? 'is a video device without a name', ...links.map((link) => `/dev/v4l/by-id/${link}`)];
  const formats = judgeFormats(device, scene, isRead);
  const about = [well('device', path, names.join(', ')), ...formats];
  // Nobody cares who may open what is no camera.
  if (said && ('failed' in said ? said.failed === 'unreadable' : !said.capture)) return about;
  const permission = judgePermission(device, scene);
  const holder = judgeHolder(device, scene, isRead);
  // Who may not open it has nothing from a guess who else has.
  const holders = permission.ok || holder.ok !== null ? [holder] : [];
  return [...about, permission, ...holders, ...(usb ? judgeUsb(path, usb, scene) : []), ...judgeKernel(path, scene)];
}

function judgePermission({ path, refusal, said }: DeviceFacts, scene: Scene): Finding {
  const errno = (said && 'failed' in said ? said.errno : null) ?? refusal;
  if (errno === 'EPERM') return refused(path, 'Operation not permitted', scene);
  if (refusal || errno === 'EACCES') return refused(path, 'Permission denied', scene);
  const { node } = scene;
  const whose = node ? `: it belongs to ${node.owner ?? node.uid}:${node.group ?? node.gid}, mode ${modeInWords(node.mode)}` : '';
  return well('permission', path, `may be opened${whose}`);
}

function modeInWords(bits: number): string {
  return bits.toString(8).padStart(4, '0');
}

/** In the words of the camera service. */
function refused(path: string, said: string, scene: Scene): Finding {
  const { cause, advice } = diagnose({ kind: 'device', label: path, code: 1, lines: [said], scene });
  return fault('permission', path, `may not be opened: ${cause}`, advice);
}

/** A camera that is there was not unplugged, or is back. */
function judgeKernel(path: string, scene: Scene): Finding[] {
  const reason = reasonOf(scene);
  if (!reason || reason.sign === 'unplugged') return [];
  return [hint('kernel', path, `has the kernel say: ${reason.line}`, faultAdvice(scene))];
}

/** One line for each camera that the settings do not use, and one for all nodes that are no cameras. */
export function judgeOthers(spare: Pick<Device, 'path' | 'name'>[], others: OtherNode[]): Finding[] {
  const findings = spare.map(({ path, name }) => well('device', path, `${name ?? 'is a camera'}, which no camera of the settings uses`));
  if (others.length > 0) findings.push(well('device', 'others', othersInWords(others)));
  const ribbon = others.find(({ name }) => name && RIBBON.test(name));
  if (ribbon) {
    const text = 'is a camera on the ribbon cable, which HomeGuard cannot read itself: it reads USB cameras';
    const remedy = 'Let MediaMTX read it (source: rpiCamera), and set `CAMERA_SOURCE=rtsp://127.0.0.1:8554/cam`.';
    findings.push(hint('device', ribbon.path, text, remedy));
  }
  return findings;
}

/** `3 video nodes are no cameras: 1 second node of a camera, 2 bcm2835-codec`. */
function othersInWords(others: OtherNode[]): string {
  const kinds = new Map<string, number>();
  for (const { name, isFirst } of others) {
    const kind = isFirst ? (name?.split('-').slice(0, 2).join('-') ?? 'unknown') : 'second node of a camera';
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  const counted = [...kinds].map(([kind, count]) => `${count} ${kind}`).join(', ');
  return `are no cameras: ${counted}`;
}
