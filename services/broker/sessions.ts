import type { Aedes } from 'aedes';
import type { GatheringLog } from '../shared/gathering-log.ts';
import { Absent, MAX_SESSIONS } from './absent.ts';
import type { Access } from './access.ts';
import type { BoundedMemory } from './memory.ts';

const TOO_MANY = `more than ${MAX_SESSIONS} sessions of absent clients: the one that was left first is forgotten; let clients keep their id, or ask for a clean session`;

/** What Aedes does not tell of itself. */
interface Inner {
  clients: Record<string, unknown>;
  clearSessionExpiry(clientId: string): void;
}

export interface SessionParts {
  memory: BoundedMemory;
  access: Access;
  gathering: GatheringLog;
}

/**
 * Bounds the sessions of absent clients. Forgotten are their subscriptions, what waits for them, and whose their ids are.
 * @returns what has to be called about once a second
 */
export function watchSessions(aedes: Aedes, { memory, access, gathering }: SessionParts): (now: number) => void {
  const inner = aedes as unknown as Inner;
  const absent = new Absent();
  const forget = (clientId: string) => {
    absent.remove(clientId);
    if (inner.clients[clientId]) return;
    inner.clearSessionExpiry(clientId);
    void memory.forgetSession(clientId);
    access.forgetSession(clientId);
  };
  const sweep = (now: number) => {
    for (const { clientId, isTooMany } of absent.takeOver(now)) {
      if (isTooMany) gathering.tell('warn', TOO_MANY, { client: clientId });
      forget(clientId);
    }
  };
  aedes.on('client', ({ id }) => absent.remove(id));
  aedes.on('clientDisconnect', ({ id, clean }) => {
    if (clean) return;
    absent.leave(id, performance.now());
    sweep(performance.now());
  });
  aedes.on('sessionExpired', ({ id }) => forget(id));
  aedes.on('sessionLimitReached', ({ id }, { reason }) => {
    if (reason === 'sessionExpiry') forget(id);
  });
  return sweep;
}
