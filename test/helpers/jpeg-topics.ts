import type { MqttClient } from 'mqtt';
import { defer, type Scope } from './cleanup.ts';
import { parseMetrics, sampleOf } from './prometheus.ts';
import type { TestGateway } from './services.ts';
import { bearer } from './viewers.ts';

/** One of `GET /cameras`, as far as tests look at it. */
export interface View {
  id: string;
  condition: string;
  online: boolean;
  cause: string | null;
  advice: string | null;
  since: string;
  fps: number;
  [name: string]: unknown;
}

export async function camerasOf({ url }: TestGateway): Promise<View[]> {
  return (await (await fetch(`${url}cameras`, { headers: bearer })).json()) as View[];
}

export async function viewOf(gateway: TestGateway, wanted: string): Promise<View | undefined> {
  return (await camerasOf(gateway)).find(({ id }) => id === wanted);
}

/** A figure of the gateway's metrics now; undefined while there is none. */
export async function figureOf({ url }: TestGateway, name: string, labels: Record<string, string>): Promise<number | undefined> {
  return sampleOf(parseMetrics(await (await fetch(`${url}metrics`, { headers: bearer })).text()), name, labels);
}

/**
 * Publishes the JPEG files in turn on a camera's frame topic, as they are and without a word more, until what is returned is called.
 * It keeps time by itself, not by a clock that a test sets forward.
 */
export function publishJpegs(t: Scope, client: MqttClient, id: string, frames: Buffer[], fps = 10): () => void {
  let sent = 0;
  const timer = setInterval(() => client.publish(`homeguard/${id}/frame`, frames[sent++ % frames.length] ?? ''), 1000 / fps);
  const stop = () => clearInterval(timer);
  defer(t, stop);
  return stop;
}
