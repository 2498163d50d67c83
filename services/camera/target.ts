import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';
import type { CameraState } from '../shared/contract.ts';
import { FaultError } from '../shared/fault.ts';
import { type Device, type DeviceRoots, describeDevice, findByPart, findFirst } from './device.ts';
import { type Diagnosis, noDevice } from './diagnosis.ts';
import type { Input } from './job.ts';
import { publicUrl, type Source } from './source.ts';

/** What is opened now for a source. */
export interface Target {
  input: Input;
  /** What people know it by. */
  label: string;
  device: NonNullable<CameraState['device']>;
  /** The test picture in place of a camera that is not there. */
  standIn: boolean;
}

/** Looks for what a source means at this moment: devices come, go, and change their numbers. */
export async function findTarget(source: Source, roots: DeviceRoots): Promise<Target | Diagnosis> {
  switch (source.kind) {
    case 'first': {
      const device = await findFirst(roots);
      if (device) return deviceTarget(device);
      return source.orTest ? testTarget(true) : noDevice('no camera was found');
    }
    case 'usb': {
      const device = await findByPart(source.part, roots);
      return device ? deviceTarget(device) : noDevice(`no camera was found with "${source.part}" in its name`);
    }
    case 'device': {
      const device = await describeDevice(source.path, roots);
      return device ? deviceTarget(device) : noDevice(`${source.path} is not there`);
    }
    case 'file':
      return fileTarget(path.resolve(source.path));
    case 'url':
      return urlTarget(source.url);
    case 'test':
      return testTarget(false);
  }
}

export function isTarget(found: Target | Diagnosis): found is Target {
  return 'input' in found;
}

/** A file that is named has to be there when we start. Throws FaultError. */
export function checkFile(source: Source): void {
  if (source.kind !== 'file') return;
  try {
    accessSync(source.path, constants.R_OK);
    if (statSync(source.path).isFile()) return;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new FaultError(`CAMERA_SOURCE names ${source.path}, which cannot be read (${code}): name a video file, a device or an address`, {
      cause: error,
    });
  }
  throw new FaultError(`CAMERA_SOURCE names ${source.path}, which is no file: name a video file, a device or an address`);
}

function deviceTarget(device: Device): Target {
  return { input: { kind: 'device', path: device.path }, label: device.path, device, standIn: false };
}

function fileTarget(file: string): Target {
  return { input: { kind: 'file', path: file }, label: file, device: { path: file, name: path.basename(file), bus: null }, standIn: false };
}

function urlTarget(url: string): Target {
  const label = publicUrl(url);
  return { input: { kind: 'url', url }, label, device: { path: label, name: new URL(url).hostname, bus: null }, standIn: false };
}

function testTarget(standIn: boolean): Target {
  return { input: { kind: 'test' }, label: 'The test picture', device: { path: null, name: 'Test picture', bus: null }, standIn };
}
