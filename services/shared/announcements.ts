/** The values that a connection holds up for others: of each topic the newest, and none before the one under way has arrived. Pure. */

interface Announcement {
  payload: string;
  /** The value under way; null when none is. */
  sent: string | null;
}

export class Announcements {
  /** As many as our own code names: a camera's settings, a gateway's counts, what the bridge carries. */
  readonly #values = new Map<string, Announcement>();
  readonly #publish: (topic: string, payload: string, done: () => void) => boolean;

  /** @param publish sends a value and calls `done` once it has arrived, or never will; false when there is no connection */
  constructor(publish: (topic: string, payload: string, done: () => void) => boolean) {
    this.#publish = publish;
  }

  /** Sends `payload`, or keeps it until the topic's last one has arrived. */
  set(topic: string, payload: string): void {
    const known = this.#values.get(topic);
    if (known) known.payload = payload;
    else this.#values.set(topic, { payload, sent: null });
    this.#send(topic);
  }

  /** All of them once more, as on a new connection: a broker may have lost them, and what was under way is gone. */
  resend(): void {
    for (const [topic, announcement] of this.#values) {
      announcement.sent = null;
      this.#send(topic);
    }
  }

  /** Forgets all: what was announced is not sent again. */
  clear(): void {
    this.#values.clear();
  }

  #send(topic: string): void {
    const announcement = this.#values.get(topic);
    if (!announcement || announcement.sent !== null) return;
    const { payload } = announcement;
    const isUnderWay = this.#publish(topic, payload, () => {
      if (announcement.sent !== payload) return;
      announcement.sent = null;
      if (announcement.payload !== payload) this.#send(topic);
    });
    if (isUnderWay) announcement.sent = payload;
  }
}
