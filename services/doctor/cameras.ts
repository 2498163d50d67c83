/** The cameras of the settings, and what they mean at this moment. */
import { isCharacterDevice } from '../camera/device/device.ts';
import { Finder, type Found } from '../camera/device/finder.ts';
import { chooseMode, type Mode, nextSmaller, type Size } from '../camera/device/mode.ts';
import { readDevice } from '../camera/device/v4l2.ts';
import { parseSource, type Source } from '../camera/source.ts';
import { checkFile, findTarget, isTarget } from '../camera/target.ts';
import { type LookRoots, lookAround } from '../camera/trouble/look.ts';
import { peekPlace } from '../camera/trouble/peek.ts';
import type { Scene } from '../camera/trouble/scene.ts';
import { FaultError } from '../shared/fault.ts';
import { parseSize } from '../shared/knob.ts';
import type { Settings } from '../shared/settings.ts';
import { type DeviceFacts, lookAtDevice, lookForOthers, type OtherNode } from './devices.ts';
import { type Kept, readKept } from './kept.ts';

export interface CameraFacts {
  id: string;
  source: Source;
  /** The source as people may see it. */
  label: string;
  /** Somebody has switched it off. */
  isOff: boolean;
  wanted: { size: Size; fps: number };
  /** The device that it means; null for other sources, and where there is none. */
  device: DeviceFacts | null;
  /** Why there is no device, or its file cannot be read; null when nothing is amiss. */
  absent: string | null;
  /** What is to be seen around its device, or around where that should be. */
  scene: Scene;
}

export interface Sight {
  cameras: CameraFacts[];
  /** Cameras that the settings do not use. */
  spare: Found[];
  /** Video nodes that are no cameras. */
  others: OtherNode[];
}

/** Devices are asked what they offer, which takes none from whoever uses it. Never rejects. */
export async function lookAtCameras(settings: Settings, roots: LookRoots): Promise<Sight> {
  const answers: Answers = new Map();
  const finder = new Finder(roots, async (node, signal) => {
    const answer = await readDevice(node, signal);
    answers.set(node, answer);
    return answer;
  });
  const all = await finder.cameras();
  const cameras: CameraFacts[] = [];
  for (const { id, source } of settings.cameras) {
    const kept = readKept(settings.dataDir, id);
    const intent = intentOf(kept, settings.camera);
    const { scene, ...target } = await lookAtSource(source ?? 'device', finder, answers, roots);
    cameras.push({ id, ...target, ...intent, scene: { ...scene, fits: fitOf(target.device, intent.wanted) } });
  }
  const used = new Set(cameras.map(({ device }) => device?.place ?? ''));
  const spare = all.filter(({ path }) => !used.has(peekPlace(path)));
  const known = new Set([...used, ...spare.map(({ path }) => peekPlace(path))]);
  return { cameras, spare, others: lookForOthers(known, roots) };
}

/** Path -> what the device there answered. */
type Answers = Map<string, NonNullable<DeviceFacts['said']>>;

async function lookAtSource(
  text: string,
  finder: Finder,
  answers: Answers,
  roots: LookRoots,
): Promise<Pick<CameraFacts, 'source' | 'label' | 'device' | 'absent' | 'scene'>> {
  const parsed = parseSource(text, isCharacterDevice);
  // Whoever asks why the camera is dark is not helped by the test picture.
  const source = parsed.kind === 'first' ? { ...parsed, orTest: false } : parsed;
  const target = await findTarget(source, finder);
  const found = isTarget(target) ? target.found : null;
  const node = found?.path ?? (source.kind === 'device' ? source.path : null);
  const scene = await lookAround(node, found?.bus ?? null, roots);
  return {
    source,
    label: isTarget(target) ? target.label : text,
    device: found && lookAtDevice(found, answers.get(found.path) ?? null, scene.holders, roots),
    absent: isTarget(target) ? fileFaultOf(source) : target.absent,
    scene,
  };
}

function intentOf(kept: Kept, { size, fps }: Settings['camera']): Pick<CameraFacts, 'isOff' | 'wanted'> {
  const setSize = kept.value('resolution', `${size.width}x${size.height}`);
  const setFps = Number(kept.value('fps', String(fps)));
  return { isOff: kept.isOff, wanted: { size: (setSize && parseSize(setSize)) || size, fps: setFps || fps } };
}

function fitOf(device: DeviceFacts | null, wanted: CameraFacts['wanted']): Scene['fits'] {
  const mode = modeOf(device, wanted);
  return mode && device?.said && !('failed' in device.said) ? nextSmaller(device.said.formats, mode) : null;
}

/** How a device would be opened; null where that cannot be told. */
export function modeOf(device: DeviceFacts | null, wanted: CameraFacts['wanted']): Mode | null {
  return device?.said && !('failed' in device.said) ? chooseMode(device.said.formats, wanted) : null;
}

function fileFaultOf(source: Source): string | null {
  try {
    checkFile(source);
    return null;
  } catch (error) {
    if (error instanceof FaultError) return error.message;
    throw error;
  }
}
