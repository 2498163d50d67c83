import { GatheringLog } from '../shared/gathering-log.ts';
import type { Logger } from '../shared/log.ts';
import type { Client, Sender } from './access/proxy.ts';
import type { Channel } from './channel.ts';
import type { Asked } from './context.ts';
import type { Hub } from './hub.ts';
import { STALLED_MS } from './mjpeg.ts';
import { problem } from './problem.ts';
import type { Refusals } from './refusals.ts';

export interface DoorParts {
  hub: Pick<Hub, 'viewers'>;
  maxViewers: number;
  refusals: Refusals;
  /** Who sent a request, behind trusted proxies. */
  clientOf: (sender: Sender) => Client;
  log: Logger;
}

/** Where viewers come in, as long as there is room, and are sent out if they take nothing. */
export class Door {
  readonly #parts: DoorParts;
  readonly #log: GatheringLog;

  constructor(parts: DoorParts) {
    this.#parts = parts;
    this.#log = new GatheringLog(parts.log);
  }

  /** The answer to one viewer too many; null while there is room. */
  turnAway(c: Asked): Response | null {
    const { hub, maxViewers, refusals, clientOf } = this.#parts;
    if (hub.viewers < maxViewers) return null;
    refusals.add('full', { client: clientOf(c.env.incoming).address, path: c.req.path });
    const detail = `There are ${maxViewers} viewers already; GATEWAY_MAX_VIEWERS sets how many there may be.`;
    return problem(503, detail, {}, { 'Retry-After': '10' });
  }

  /** To be called when the viewer that asks now is closed since it takes nothing. */
  slow(c: Asked): (channel: Channel) => void {
    // Now: at the end its connection may be gone.
    const client = this.#parts.clientOf(c.env.incoming).address;
    return ({ camera, traffic }) => {
      traffic.slowClosed++;
      this.#log.tell('warn', `slow viewer closed: it took nothing for ${STALLED_MS / 1000} s`, { camera: camera.id, client });
    };
  }

  /** To be called when the client that asks now is closed since it says too much. */
  noisy(c: Asked): () => void {
    const client = this.#parts.clientOf(c.env.incoming).address;
    return () => this.#parts.refusals.add('too-many-messages', { client });
  }
}
