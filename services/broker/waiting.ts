import { weightOf } from './weight.ts';

/** Messages of QoS 1 and 2 that wait for one client with a session: so many, and so many bytes; further ones are not kept for it. */
const MAX_QUEUED = 1_000;
const MAX_QUEUED_BYTES = 16 << 20;
/** Bytes that wait for all of them together. */
const MAX_BYTES = 128 << 20;

/** A message, or, of one of QoS 2 that was received already, nothing but its number. */
export interface Queued {
  cmd?: string;
  brokerId?: string;
  brokerCounter?: number;
  messageId?: number;
  payload?: { length: number };
  properties?: object;
}

interface Queue<T> {
  messages: T[];
  bytes: number;
}

/** What was not acknowledged yet, by client id. A client without any leaves nothing behind. Pure. */
export class Waiting<T extends Queued> {
  readonly #queues = new Map<string, Queue<T>>();
  #bytes = 0;

  /** @returns why it was not added, or null */
  add(clientId: string, message: T): string | null {
    const queue = this.#queues.get(clientId) ?? { messages: [], bytes: 0 };
    const bytes = bytesOf(message);
    if (queue.messages.length >= MAX_QUEUED) return `more than ${MAX_QUEUED} messages waiting for ${clientId}`;
    // One message has room, however long it is.
    if (queue.messages.length > 0 && queue.bytes + bytes > MAX_QUEUED_BYTES)
      return `more than ${MAX_QUEUED_BYTES} bytes waiting for ${clientId}`;
    if (this.#bytes + bytes > MAX_BYTES) return `more than ${MAX_BYTES} bytes waiting for clients that are absent or slow`;
    this.#queues.set(clientId, queue);
    queue.messages.push(message);
    this.#count(queue, bytes);
    return null;
  }

  /** Notes the number under which a message goes out, or puts in its place what stands for it once it was received. False: there is none. */
  update(clientId: string, update: T): boolean {
    const queue = this.#queues.get(clientId);
    const place = queue?.messages.findIndex((each) => isSame(each, update)) ?? -1;
    const message = queue?.messages[place];
    if (!queue || !message) return false;
    if (message.brokerId === update.brokerId) message.messageId = update.messageId;
    else {
      queue.messages[place] = update;
      this.#count(queue, bytesOf(update) - bytesOf(message));
    }
    return true;
  }

  /** Takes out what goes under that number. */
  take(clientId: string, messageId: number | undefined): T | undefined {
    const queue = this.#queues.get(clientId);
    const place = queue?.messages.findIndex((each) => each.messageId === messageId) ?? -1;
    if (!queue || place < 0) return undefined;
    const [message] = queue.messages.splice(place, 1);
    this.#count(queue, -bytesOf(message));
    if (queue.messages.length === 0) this.#queues.delete(clientId);
    return message;
  }

  /** In their order, as they are now. */
  list(clientId: string): T[] {
    return [...(this.#queues.get(clientId)?.messages ?? [])];
  }

  /** The client's session has ended. */
  forget(clientId: string): void {
    const queue = this.#queues.get(clientId);
    if (queue) this.#count(queue, -queue.bytes);
    this.#queues.delete(clientId);
  }

  #count(queue: Queue<T>, bytes: number): void {
    queue.bytes += bytes;
    this.#bytes += bytes;
  }
}

/** A message has its number among all of the broker; with its client it has one from when it goes out, and nothing else once it was received. */
function isSame(each: Queued, update: Queued): boolean {
  return each.cmd !== 'pubrel' && each.brokerId === update.brokerId
    ? each.brokerCounter === update.brokerCounter
    : each.messageId === update.messageId;
}

function bytesOf(message: Queued | undefined): number {
  return (message?.payload?.length ?? 0) + weightOf(message?.properties);
}
