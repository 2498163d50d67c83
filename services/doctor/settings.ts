/** The settings, as far as they can be read: what is wrong is told, and looked past. */
import { FaultError } from '../shared/fault.ts';
import { readSettings, type Settings } from '../shared/settings.ts';

export type Environment = Record<string, string | undefined>;

export interface ReadSettings {
  /** Without those that are wrong. */
  settings: Settings;
  /** What is wrong, a sentence each: `CAMERA_FPS is "0" and has to be a whole number from 1 to 240`. */
  faults: string[];
}

/** As `readSettings` tells them, one a line. */
const FAULT = /^ {2}- (.+)$/gm;
/** The names with which a fault begins: `CAMERAS and CAMERA_ID are both set: set one of them`. */
const NAMES = /^([A-Z_]+)(?: and ([A-Z_]+))?/;

export function readWhatCan(env: Environment, readFile: (path: string) => string): ReadSettings {
  try {
    return { settings: readSettings(env, readFile), faults: [] };
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    const faults = [...error.message.matchAll(FAULT)].map(([, fault = '']) => fault);
    const names = faults.flatMap((fault) => NAMES.exec(fault)?.slice(1) ?? []).filter(Boolean);
    const wrong = new Set(names.map((name) => name.replace(/_FILE$/, '')));
    const right = Object.entries(env).filter(([name]) => !wrong.has(name.replace(/_FILE$/, '')));
    return { settings: readSettings(Object.fromEntries(right), readFile), faults };
  }
}
