import type { Registry } from 'prom-client';
import { brokerMetrics } from './metrics-broker.ts';
import { cameraMetrics } from './metrics-camera.ts';
import { gatewayMetrics, type Seen } from './metrics-gateway.ts';
import { processMetrics } from './metrics-process.ts';

/** One figure, with the labels that tell it from others of its metric. */
export type Sample = [value: number, labels?: Record<string, string>];

/** A metric as Prometheus knows it; its samples are read when somebody asks, so that nothing is done for it on the way of a frame. */
export interface Metric {
  type: 'counter' | 'gauge';
  /** https://prometheus.io/docs/practices/naming/ */
  name: string;
  help: string;
  labels?: string[];
  read: () => Sample[];
}

export interface Metrics {
  readonly contentType: string;
  /** All metrics as of now. */
  text(): Promise<string>;
}

/** What `GET /metrics` tells of gateway, cameras and broker, in Prometheus' text format 0.0.4. */
export function createMetrics(seen: Seen): Metrics {
  let registry: Promise<Registry> | undefined;
  return {
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    text: async () => {
      registry ??= createRegistry([...processMetrics(), ...gatewayMetrics(seen), ...cameraMetrics(seen), ...brokerMetrics(seen)]);
      return (await registry).metrics();
    },
  };
}

/** The library is loaded by the first who asks: 40 ms of CPU that others need not spend. */
async function createRegistry(metrics: Metric[]): Promise<Registry> {
  const { Counter, Gauge, Registry } = await import('prom-client');
  const registry = new Registry();
  for (const { type, name, help, labels = [], read } of metrics) {
    const Kind = type === 'counter' ? Counter : Gauge;
    new Kind({
      name,
      help,
      labelNames: labels,
      registers: [registry],
      collect() {
        const samples = read();
        this.reset();
        // Without labels a reset leaves a zero behind, where nothing is known.
        if (samples.length === 0 && labels.length === 0) this.remove();
        for (const [value, labelled = {}] of samples) this.inc(labelled, value);
      },
    });
  }
  return registry;
}
