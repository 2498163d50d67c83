import { type BrokerTelemetry, brokerTelemetryTopic, filterMatches } from '../shared/contract.ts';
import { Pulse } from '../shared/pulse.ts';

/** Who begins to read it need not wait for the next one. */
const RHYTHM = { everyMs: 30_000, soonMs: 500 };

export interface TelemetryOptions {
  /** `MQTT_PREFIX`. */
  prefix: string;
  look: () => Pick<BrokerTelemetry, 'clients' | 'subscriptions' | 'bridge'>;
  publish: (topic: string, payload: string) => void;
}

/** What the broker tells of itself: what it has done so far, and what is so now. */
export class Telemetry {
  /** Counted as things happen; some of it on the way of a frame. */
  readonly counts = { frames_in: 0, frames_out: 0, dropped: 0, slow_closed: 0, logins_refused: 0 };
  readonly #options: TelemetryOptions;
  readonly #topic: string;
  readonly #began = performance.now();
  readonly #pulse = new Pulse(RHYTHM, () => this.#send());

  constructor(options: TelemetryOptions) {
    this.#options = options;
    this.#topic = brokerTelemetryTopic(options.prefix);
  }

  start(): void {
    this.#pulse.start();
  }

  stop(): void {
    this.#pulse.stop();
  }

  /** A client has subscribed to these filters. */
  onSubscribed(filters: string[]): void {
    if (filters.some((filter) => filterMatches(filter, this.#topic))) this.#pulse.soon();
  }

  #send(): void {
    const uptime_s = Math.round((performance.now() - this.#began) / 1000);
    const telemetry: BrokerTelemetry = { ...this.#options.look(), ...this.counts, memory: process.memoryUsage.rss(), uptime_s };
    this.#options.publish(this.#topic, JSON.stringify(telemetry));
  }
}
