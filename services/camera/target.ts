import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';
import type { CameraState } from '../shared/contract.ts';
import { FaultError } from '../shared/fault.ts';
import type { DeviceSource, Finder, Found } from './device/finder.ts';
import type { Input } from './job.ts';
import { publicUrl, type Source } from './source.ts';

/** What is opened now for a source. */
export interface Target {
  input: Input;
  /** What people know it by. */
  label: string;
  device: NonNullable<CameraState['device']>;
  /** The device that was found, where it is one. */
  found: Found | null;
  /** The test picture in place of a camera that is not there. */
  standIn: boolean;
}

/** There is nothing to open now. */
export interface Absence {
  /** Why, for people. */
  absent: string;
}

/** Looks for what a source means at this moment: devices come, go, and change their numbers. */
export async function findTarget(source: Source, finder: Finder): Promise<Target | Absence> {
  switch (source.kind) {
    case 'first':
    case 'usb':
    case 'device': {
      const found = await finder.find(source);
      if (found) return deviceTarget(found);
      return source.kind === 'first' && source.orTest ? testTarget(true) : { absent: absence(source) };
    }
    case 'file':
      return fileTarget(path.resolve(source.path));
    case 'url':
      return urlTarget(source.url);
    case 'test':
      return testTarget(false);
  }
}

export function isTarget(found: Target | Absence): found is Target {
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

function absence(source: DeviceSource): string {
  if (source.kind === 'device') return `${source.path} is not there`;
  return source.kind === 'usb' ? `no camera was found with "${source.part}" in its name` : 'no camera was found';
}

function deviceTarget(found: Found): Target {
  const { path, name, bus } = found;
  return { input: { kind: 'device', path }, label: path, device: { path, name, bus }, found, standIn: false };
}

function fileTarget(file: string): Target {
  return {
    input: { kind: 'file', path: file },
    label: file,
    device: { path: file, name: path.basename(file), bus: null },
    found: null,
    standIn: false,
  };
}

function urlTarget(url: string): Target {
  const label = publicUrl(url);
  return {
    input: { kind: 'url', url },
    label,
    device: { path: label, name: new URL(url).hostname, bus: null },
    found: null,
    standIn: false,
  };
}

function testTarget(standIn: boolean): Target {
  return {
    input: { kind: 'test' },
    label: 'The test picture',
    device: { path: null, name: 'Test picture', bus: null },
    found: null,
    standIn,
  };
}
