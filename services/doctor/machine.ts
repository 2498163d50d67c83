/** Where the doctor runs, and as whom. */
import os from 'node:os';
import path from 'node:path';
import { findGroup } from '../camera/trouble/accounts.ts';
import type { LookRoots } from '../camera/trouble/look.ts';
import { peekText } from '../camera/trouble/peek.ts';
import type { Place } from '../camera/trouble/place.ts';
import type { Scene } from '../camera/trouble/scene.ts';

export interface Machine {
  /** `Raspberry Pi 4 Model B Rev 1.4`; else the processor's kind. */
  model: string;
  /** `Debian GNU/Linux 12 (bookworm), Linux 6.6.31`. */
  system: string;
  /** The user's name, or its number where it has none. */
  user: string;
  uid: number;
  /** Names, or numbers where they have none; the user's first group first. */
  groups: string[];
  place: Place;
}

export function lookAtMachine({ us, place }: Pick<Scene, 'us' | 'place'>, { proc, etc }: LookRoots): Machine {
  const group = peekText(path.join(etc, 'group'));
  const name = /^PRETTY_NAME="?([^"\n]*)/m.exec(peekText(path.join(etc, 'os-release')))?.[1];
  // The device tree ends its texts with a zero byte.
  const model = peekText(path.join(proc, 'device-tree/model')).replaceAll('\0', '').trim();
  return {
    model: model || os.machine(),
    system: [name, `${os.type()} ${os.release()}`].filter(Boolean).join(', '),
    user: us.user ?? String(us.uid),
    uid: us.uid,
    groups: [...new Set([us.gid, ...us.groups])].map((gid) => findGroup(group, gid) ?? String(gid)),
    place,
  };
}

/** `in a container of Docker`, `in the system's service homeguard.service`. */
export function placeInWords(place: Place): string {
  switch (place.kind) {
    case 'container':
      return place.engine === 'other' ? 'in a container' : `in a container of ${ENGINES[place.engine]}`;
    case 'systemd':
      return `in the ${place.manager === 'user' ? "user's" : "system's"} service ${place.unit}`;
    case 'plain':
      return 'in no container';
  }
}

const ENGINES = { docker: 'Docker', podman: 'Podman', kubernetes: 'Kubernetes' };
