/** What people have set on a camera, as the camera service keeps it (camera/choices.ts). Read only: nothing is made, moved or mended here. */
import path from 'node:path';
import { peekText } from '../camera/trouble/peek.ts';

export interface Kept {
  /** The camera was switched off on the page or over MQTT. */
  isOff: boolean;
  /** What was set for a setting of the environment's, unless that has changed since; null when nothing was. */
  value(name: 'fps' | 'resolution', given: string): string | null;
}

export function readKept(dataDir: string, id: string): Kept {
  const { capture, values } = parse(peekText(path.join(dataDir, 'cameras', `${id}.json`)));
  return {
    isOff: capture === 'OFF',
    value: (name, given) => {
      const set = values?.[name];
      return set?.over === given && typeof set.value === 'string' ? set.value : null;
    },
  };
}

interface Shape {
  capture?: unknown;
  values?: Record<string, { value?: unknown; over?: unknown } | undefined> | null;
}

function parse(json: string): Shape {
  try {
    return (JSON.parse(json) as Shape | null) ?? {};
  } catch {
    return {}; // None was kept, or it is broken: the service then goes on with its settings, and says so.
  }
}
