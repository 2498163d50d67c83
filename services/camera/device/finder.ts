import { realpath } from 'node:fs/promises';
import type { Source } from '../source.ts';
import type { Capabilities } from './capabilities.ts';
import { type Device, type DeviceNode, type DeviceRoots, describeDevice, linkedNodes, videoNodes } from './device.ts';
import { chooseMode } from './mode.ts';
import { readDevice } from './v4l2.ts';

/** A device that was found, and what it offers; null where it cannot be asked. */
export interface Found extends Device {
  /** Tells it from what stands behind its path later. */
  body: string;
  capabilities: Capabilities | null;
}

export type DeviceSource = Extract<Source, { kind: 'first' | 'usb' | 'device' }>;

/** Video nodes of a Raspberry Pi that are no cameras (decoders, encoders, parts of its image pipeline), though some of them say so. */
const NO_CAMERA = /^(bcm2835-(codec|isp)|rpi-|rpivid|pispbe|rp1-cfe|unicam)/;
/** udev gives a new node its group a moment after the kernel made it: until then a refusal says nothing, in ms. */
const SETTLING_MS = 1_500;
/** What did not answer is asked again after so long, in ms: its read may take five seconds each time. */
const SILENT_MS = 60_000;
const ANY = { size: { width: 1280, height: 720 }, fps: 30 };

/**
 * Finds the device that a source means, at this moment. Once a device has given pictures it is the one: it is found again under another
 * number, and no other that was there beside it takes its place.
 */
export class Finder {
  readonly #roots: DeviceRoots;
  readonly #read: typeof readDevice;
  /** Path -> what the device there said, and as which it was asked. Holds the nodes of the last look only. */
  #asked = new Map<string, { stamp: string; capabilities: Capabilities | null; at: number }>();
  readonly #began = performance.now();
  #ours: Device | null = null;
  /** The devices that were there beside ours. */
  #others = new Set<string>();

  constructor(roots: DeviceRoots, read = readDevice) {
    this.#roots = roots;
    this.#read = read;
  }

  async find(source: DeviceSource): Promise<Found | null> {
    const at = source.kind === 'device' ? await this.#at(source.path) : null;
    if (at && this.#ours && isSame(at, this.#ours)) return at;
    if (!at && source.kind === 'device' && !this.#ours) return null;
    const cameras = await this.cameras();
    const free = cameras.filter((each) => !this.#isOther(each));
    const again = this.#ours && findAgain(this.#ours, free);
    const found = again ?? at ?? (await this.#choose(source, free));
    if (found) this.#others = new Set(cameras.map(keyOf).filter((key) => key !== keyOf(found)));
    else for (const key of this.#others) if (!cameras.some((each) => keyOf(each) === key)) this.#others.delete(key);
    return found;
  }

  /** Pictures have come from this device: it is the one that is meant. */
  settle({ path, name, bus, serial }: Device): void {
    this.#ours = { path, name, bus, serial };
  }

  /** Asks the device anew, after its values were changed. */
  async ask(device: Device): Promise<Capabilities | null> {
    this.#asked.delete(device.path);
    return (await this.#at(device.path))?.capabilities ?? null;
  }

  /** All cameras, lowest number first, those that cannot be asked last. */
  async cameras(): Promise<Found[]> {
    const nodes = await videoNodes(this.#roots);
    const found = (await Promise.all(nodes.map((node) => this.#at(node)))).filter((each) => each !== null);
    for (const node of this.#asked.keys()) if (!found.some(({ path }) => path === node)) this.#asked.delete(node);
    const likely = found.filter(({ name }) => !NO_CAMERA.test(name ?? ''));
    const asked = likely.filter(({ capabilities }) => capabilities && isCamera(capabilities));
    return [...asked, ...likely.filter(({ capabilities }) => !capabilities)];
  }

  async #choose(source: DeviceSource, cameras: Found[]): Promise<Found | null> {
    if (source.kind === 'device') return null;
    const fitting = source.kind === 'first' ? cameras : await this.#withPart(source.part.toLowerCase(), cameras);
    return fitting[0] ?? null;
  }

  #isOther(camera: Found): boolean {
    return this.#ours !== null && !isSame(camera, this.#ours) && this.#others.has(keyOf(camera));
  }

  async #withPart(part: string, cameras: Found[]): Promise<Found[]> {
    const linked = await linkedNodes(part, this.#roots);
    const places = await Promise.all(cameras.map(({ path }) => realpath(path).catch(() => '')));
    return cameras.filter(({ name }, i) => linked.has(places[i] ?? '') || name?.toLowerCase().includes(part));
  }

  async #at(node: string): Promise<Found | null> {
    const device = await describeDevice(node, this.#roots);
    if (!device || (!device.open && this.#isSettling(device.age))) return null;
    const { path, name, bus, serial, body } = device;
    const capabilities = device.open ? await this.#capabilities(device) : null;
    return { path, name: name ?? (capabilities?.card || null), bus: bus ?? (capabilities?.bus || null), serial, body, capabilities };
  }

  /** One that was there before us will not get other rights by itself. */
  #isSettling(age: number): boolean {
    return age >= 0 && age < Math.min(SETTLING_MS, performance.now() - this.#began);
  }

  async #capabilities({ path, stamp }: DeviceNode): Promise<Capabilities | null> {
    const known = this.#asked.get(path);
    const now = performance.now();
    if (known?.stamp === stamp && (known.capabilities || now - known.at < SILENT_MS)) return known.capabilities;
    const said = await this.#read(path);
    const capabilities = 'failed' in said ? null : said;
    // What was refused may be allowed the next time; a device that does not answer is not waited for again and again.
    if (capabilities || ('failed' in said && said.failed !== 'errno')) this.#asked.set(path, { stamp, capabilities, at: now });
    return capabilities;
  }
}

function isCamera({ capture, formats }: Capabilities): boolean {
  return capture && (formats.length === 0 || chooseMode(formats, ANY) !== null);
}

function keyOf({ path, name, bus, serial }: Device): string {
  return name || bus ? [name, bus, serial].join() : path;
}

function isSame(a: Device, b: Device): boolean {
  return keyOf(a) === keyOf(b);
}

/** The camera that was `ours`: at the same port; else by its serial number, or its name, if only one has it. */
function findAgain(ours: Device, cameras: Found[]): Found | null {
  const same = cameras.find((each) => isSame(each, ours) && (each.bus !== null || each.path === ours.path));
  if (same) return same;
  if (!ours.name) return null;
  const named = cameras.filter(({ name }) => name === ours.name);
  const bySerial = named.filter(({ serial }) => serial && serial === ours.serial);
  if (bySerial.length === 1) return bySerial[0] ?? null;
  return named.length === 1 ? (named[0] ?? null) : null;
}
